"""An emulator of Railway's public GraphQL API, as far as an on-call engineer needs it."""

from sandbox.world.railway.platform import Deployment, LogEntry, Platform, Service
from sandbox.world.railway.server import Railway, open_railway

__all__ = ["Deployment", "LogEntry", "Platform", "Railway", "Service", "open_railway"]
