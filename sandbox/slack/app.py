"""The installed app: its ids, its secrets, and where its deliveries go."""

from dataclasses import dataclass
from typing import Literal

from .manifest import Manifest


@dataclass
class App:
    """One installed app; a request URL means HTTP delivery, none means Socket Mode."""

    app_id: str
    bot_user_id: str
    bot_id: str
    bot_token: str
    app_token: str
    signing_secret: str
    manifest: Manifest
    base_url: str
    request_url: str | None = None

    @property
    def transport(self) -> Literal["http", "socket"]:
        return "http" if self.request_url else "socket"
