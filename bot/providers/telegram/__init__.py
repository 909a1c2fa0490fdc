"""Telegram's Bot API: is the token good, who takes the updates; its token is a part of every address."""
