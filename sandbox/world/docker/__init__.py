"""EMULATED Docker engines, as far as the bot's operations reach."""

from sandbox.world.docker.engine import Docker
from sandbox.world.docker.image import Image
from sandbox.world.docker.server import serve

__all__ = ["Docker", "Image", "serve"]
