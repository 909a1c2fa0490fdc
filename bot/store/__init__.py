"""The bot's memory in Redis: append with expected version, read, follow, claim, lease; and the embedded server."""
