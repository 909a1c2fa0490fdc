"""Whose token it is, whether it still works, and what it may do."""

import hmac
from dataclasses import dataclass
from typing import Literal

from aiohttp import web

from ..app import App
from ..emulator import Emulator, Tenants
from ..methods import Method
from ..refusal import SlackRefusal
from ..tokens import BotToken
from .arguments import Arguments

TokenKind = Literal["none", "unknown", "bot", "app"]


@dataclass(frozen=True)
class Authority:
    """The token's kind, and the app it belongs to."""

    kind: TokenKind
    tenant: Emulator | None = None
    token: BotToken | None = None

    def admitted(self, method: Method, now: float) -> Emulator:
        """The calling app, or Slack's reason against its token."""
        if self.kind == "none":
            raise SlackRefusal("not_authed")
        if self.tenant is None:
            raise SlackRefusal("invalid_auth")
        if self.token is not None:
            self.tenant.app.tokens.check(self.token, now)
        if self.kind != method.caller:
            raise SlackRefusal("not_allowed_token_type")
        return self.tenant


def identify(tenants: Tenants, token: str) -> Authority:
    if not token:
        return Authority("none")
    for tenant in tenants:
        bot_token = tenant.app.tokens.find(token)
        if bot_token is not None:
            return Authority("bot", tenant, bot_token)
        if hmac.compare_digest(token.encode(), tenant.app.app_token.encode()):
            return Authority("app", tenant)
    return Authority("unknown")


def check_scopes(method: Method, app: App) -> None:
    if method.caller == "bot" and method.scopes and app.scopes.isdisjoint(method.scopes):
        raise SlackRefusal("missing_scope", needed=",".join(method.scopes), provided=",".join(sorted(app.scopes)))


def check_team(method: Method, who: Authority, args: Arguments) -> None:
    """An org-wide token must say which workspace it means, where the method documents so."""
    is_needed = "team_id" in method.optional and "missing_argument" in method.errors
    if who.token is not None and who.token.is_org_wide and is_needed and not args.has("team_id"):
        raise SlackRefusal.with_messages("missing_argument", ["missing required field: team_id"])


def bearer(request: web.Request) -> str:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""
