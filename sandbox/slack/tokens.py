"""An app's bot tokens: valid, expired, revoked; refresh tokens that work once; codes of an installation under way."""

from dataclasses import dataclass

from .clock import Clock
from .ids import Mint
from .refusal import SlackRefusal

ACCESS_LIFETIME = 12 * 3600
CODE_LIFETIME = 600.0


@dataclass
class BotToken:
    """One bot token; an org-wide one works in many workspaces and must be told which."""

    expires: float | None = None
    is_revoked: bool = False
    is_org_wide: bool = False


@dataclass(frozen=True)
class Grant:
    """What a person agreed to, waiting for its code to be exchanged."""

    scopes: frozenset[str]
    is_org_wide: bool
    redirect_uri: str
    expires: float


@dataclass(frozen=True)
class Issued:
    """A new access token, and the refresh token that goes with it where tokens rotate."""

    access: str
    refresh: str | None


class Tokens:
    def __init__(self) -> None:
        self._bots: dict[str, BotToken] = {}
        self._refreshers: dict[str, bool] = {}
        self._grants: dict[str, Grant] = {}
        self.is_deactivated = False

    def add_bot(self, token: str) -> None:
        self._bots[token] = BotToken()

    def find(self, token: str) -> BotToken | None:
        return self._bots.get(token)

    def check(self, token: BotToken, now: float) -> None:
        """Refuse in Slack's words what does not work any more."""
        if self.is_deactivated:
            raise SlackRefusal("account_inactive")
        if token.is_revoked:
            raise SlackRefusal("token_revoked")
        if token.expires is not None and now >= token.expires:
            raise SlackRefusal("token_expired")

    def revoke_all(self) -> None:
        for token in self._bots.values():
            token.is_revoked = True
        self._refreshers.clear()

    def offer(self, code: str, grant: Grant) -> None:
        """Keep what was agreed to under its code."""
        self._grants[code] = grant

    def redeem(self, code: str, redirect_uri: str, clock: Clock) -> Grant:
        """The grant behind a code, once."""
        grant = self._grants.pop(code, None)
        if grant is None or clock.now() >= grant.expires:
            raise SlackRefusal("invalid_code")
        if redirect_uri != grant.redirect_uri:
            raise SlackRefusal("bad_redirect_uri")
        return grant

    def issue(self, mint: Mint, clock: Clock, *, rotates: bool, is_org_wide: bool = False) -> Issued:
        """A new bot token; where tokens rotate it lives for twelve hours and comes with a refresh token."""
        if not rotates:
            access = f"xoxb-{mint.secret()}"
            self._bots[access] = BotToken(is_org_wide=is_org_wide)
            return Issued(access, None)
        access, refresh = f"xoxe.xoxb-1-{mint.secret()}", f"xoxe-1-{mint.secret()}"
        self._bots[access] = BotToken(clock.now() + ACCESS_LIFETIME, is_org_wide=is_org_wide)
        self._refreshers[refresh] = is_org_wide
        return Issued(access, refresh)

    def refresh(self, refresh_token: str, mint: Mint, clock: Clock) -> Issued:
        """Exchange a refresh token; the second of two who race with the same one loses."""
        is_org_wide = self._refreshers.pop(refresh_token, None)
        if is_org_wide is None:
            raise SlackRefusal("invalid_refresh_token")
        return self.issue(mint, clock, rotates=True, is_org_wide=is_org_wide)
