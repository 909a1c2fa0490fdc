"""The installed app: its ids, its secrets, and where its deliveries go."""

from dataclasses import dataclass, field
from typing import Literal

from .ids import Mint
from .manifest import Manifest
from .tokens import Tokens


@dataclass
class App:
    """One installed app; a request URL means HTTP delivery, none means Socket Mode."""

    app_id: str
    bot_user_id: str
    bot_id: str
    bot_token: str
    app_token: str
    signing_secret: str
    client_id: str
    client_secret: str
    manifest: Manifest
    base_url: str
    scopes: frozenset[str]
    request_url: str | None = None
    tokens: Tokens = field(default_factory=Tokens)
    is_installed: bool = True

    @property
    def transport(self) -> Literal["http", "socket"]:
        return "http" if self.request_url else "socket"


@dataclass(frozen=True)
class Identity:
    """The ids under which an app appears in a workspace."""

    app_id: str
    bot_user_id: str
    bot_id: str


def install(who: Identity, manifest: Manifest, mint: Mint, base_url: str) -> App:
    """An installed app with new secrets, granted every scope of its manifest."""
    app = App(
        app_id=who.app_id,
        bot_user_id=who.bot_user_id,
        bot_id=who.bot_id,
        bot_token=f"xoxb-{mint.secret()}",
        app_token=f"xapp-1-{who.app_id}-{mint.secret()}",
        signing_secret=mint.secret(),
        client_id=f"{mint.object_id('')}.{mint.object_id('')}",
        client_secret=mint.secret(),
        manifest=manifest,
        base_url=base_url,
        scopes=manifest.scopes | manifest.optional_scopes,
    )
    app.tokens.add_bot(app.bot_token)
    return app
