"""Block Kit as Slack checks it: problems with their place, by the limits of literal tables."""

from .surfaces import message_problems, view_problems

__all__ = ["message_problems", "view_problems"]
