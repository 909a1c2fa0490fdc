"""Who is who: roles by Slack user group, and the language each person reads."""

import asyncio
import time
from collections.abc import Sequence

import structlog
from aiohttp import ClientError
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.web.async_client import AsyncWebClient

from bot.catalog.system import Catalog, System
from bot.core.errors import UserError

FRESH_FOR = 60.0
LOOKUP_LIMIT = 1.0  # seconds; a click has 3 s in all

log = structlog.get_logger()


class SlackPeople:
    """Resolves roles against Slack's user groups and remembers locales."""

    def __init__(self, client: AsyncWebClient, catalog: Catalog) -> None:
        self._client = client
        self._catalog = catalog
        self._groups: dict[str, frozenset[str]] = {}
        self._groups_at = float("-inf")
        self._locales: dict[str, str] = {}
        self._names: dict[str, str] = {}

    async def roles(self, user: str, system: System, wanted: Sequence[str], *, fresh: bool = False) -> frozenset[str]:
        """Those of a system's wanted roles that this person holds; raises UserError when Slack does not say."""
        profile = system.profile
        listed = {name: profile.roles[name].members for name in wanted if name in profile.roles}
        if any(member.startswith("@") for members in listed.values() for member in members):
            await self._load_groups(fresh=fresh)
        return frozenset(name for name, members in listed.items() if self._holds(user, members))

    def locale(self, user: str) -> str:
        """The person's Slack locale; the system's language until it is known."""
        return self._locales.get(user, self._catalog.home.profile.language)

    def name(self, user: str) -> str:
        """What people call this person after an @; empty when it is not known."""
        return self._names.get(user, "")

    def learn(self, user: str, locale: str) -> None:
        """Remember a locale, for example from a profile change."""
        self._locales[user] = locale

    async def learn_all(self) -> None:
        """Read everybody's name and locale once; without it people are answered in the system's language."""
        cursor = ""
        try:
            while True:
                page = await self._client.users_list(cursor=cursor, limit=200, include_locale=True)
                for member in page["members"]:
                    self._locales[member["id"]] = member.get("locale", "")
                    self._names[member["id"]] = member.get("name", "")
                cursor = (page.get("response_metadata") or {}).get("next_cursor", "")
                if not cursor:
                    return
        except (SlackApiError, SlackClientError, ClientError, OSError, TimeoutError) as error:
            log.warning("people.locales_unknown", error=type(error).__name__)

    def _holds(self, user: str, members: Sequence[str]) -> bool:
        return any(
            user in self._groups.get(member[1:], frozenset()) if member.startswith("@") else user == member
            for member in members
        )

    async def _load_groups(self, *, fresh: bool) -> None:
        if not fresh and time.monotonic() - self._groups_at < FRESH_FOR:
            return
        try:
            async with asyncio.timeout(LOOKUP_LIMIT):
                answer = await self._client.usergroups_list(include_users=True)
        except (SlackApiError, SlackClientError, ClientError, OSError, TimeoutError) as error:
            raise UserError(
                "Slack did not tell me who holds which role, so I cannot let anybody do this. "
                "Nothing was changed; try again in a moment."
            ) from error
        self._groups = {group["handle"]: frozenset(group.get("users", [])) for group in answer["usergroups"]}
        self._groups_at = time.monotonic()
