"""The ASGI application: Slack's HTTP endpoint behind its guard, health and metrics."""
