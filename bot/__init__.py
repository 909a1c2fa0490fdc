"""Plantão: a Slack bot for people on call."""
