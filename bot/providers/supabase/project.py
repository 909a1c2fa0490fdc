"""The address of a project, its two APIs, and read-only SQL through the Management API."""

from typing import Any, Final
from urllib.parse import quote, urlsplit

from pydantic import ConfigDict, Field, SecretStr

from bot.core.errors import TargetError
from bot.core.findings import Measurement, Reading
from bot.core.operation import Parameters
from bot.core.text import Text, say
from bot.providers.web_answers import Answer, dug
from bot.providers.web_api import Api, BaseUrl, Credential, Request

LIMIT: Final = 6.0
_CALL_LIMIT: Final = 5.0


class Address(Parameters):
    """A project by its address, with its publishable (`anon`) key.

    `access_token` opens the Management API for connections, slow queries, migrations and advisors; `project` is the
    reference in front of `.supabase.co`, taken from `url` when empty.
    """

    model_config = ConfigDict(hide_input_in_errors=True)

    url: BaseUrl
    key: Credential
    access_token: Credential | None = None
    project: str = Field("", pattern=r"^[a-z0-9]{0,40}$")
    management_url: BaseUrl = SecretStr("https://api.supabase.com")


def services(address: Address) -> Api:
    """The project's own API, with the publishable key."""
    key = address.key.get_secret_value()
    return Api(
        vendor="Supabase",
        base=address.url.get_secret_value(),
        grant=say("Put the project's publishable key (or `anon` key) behind this target."),
        headers={"apikey": key},
        secrets=(key,),
    )


class Management:
    """The project in Supabase's Management API."""

    def __init__(self, address: Address, token: SecretStr) -> None:
        reference = address.project or (urlsplit(address.url.get_secret_value()).hostname or "").partition(".")[0]
        self._path = f"/v1/projects/{quote(reference, safe='')}"
        secret = token.get_secret_value()
        self.api = Api(
            vendor="Supabase",
            base=address.management_url.get_secret_value(),
            grant=say("Its access token needs `database_read` and `advisors_read` for this project."),
            headers={"Authorization": f"Bearer {secret}"},
            secrets=(secret,),
            limit=_CALL_LIMIT,
        )

    async def read(self, path: str) -> Any:
        return await self.api.read(self._path + path)

    async def rows(self, query: str) -> list[dict[str, Any]]:
        """The rows of a query, which Supabase runs as a user that cannot write."""
        answer = await self.api.ask(Request(f"{self._path}/database/query/read-only", "POST", body={"query": query}))
        if answer.status == 400:
            raise self._failed(answer)
        found = self.api.good(answer)
        return self.api.records(found if isinstance(found, list) else dug(found, "result"))

    def _failed(self, answer: Answer) -> TargetError:
        message = self.api.message(answer)
        if "pg_stat_statements" in message:
            return TargetError(
                "The database keeps no statement statistics. Switch them on: `create extension pg_stat_statements`."
            )
        return TargetError("The database refuses the query: {message}", message=message)


def without_token(names: tuple[str, ...], what: Text) -> Reading:
    """What a check says where nobody configured the Management API."""
    reason = say("this target has no `access_token` for Supabase's Management API")
    return Reading(what, tuple(Measurement(name, None, missing=reason) for name in names))
