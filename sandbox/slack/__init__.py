"""An emulated Slack on one loopback port: Web API, deliveries over HTTP or Socket Mode, and people to play."""

from .clock import Clock
from .server import Sandbox, serve

__all__ = ["Clock", "Sandbox", "serve"]
