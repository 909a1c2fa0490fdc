"""PagerDuty's REST API: where it is, what its documents hold, and what its answers mean."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Annotated, Final

from pydantic import Field, SecretStr, TypeAdapter

from bot.core.errors import TargetError
from bot.core.redaction import mask
from bot.core.text import say
from bot.providers.http.address import ApiAddress, HeaderSecret, WebAddress
from bot.providers.http.api import Api, Declined, Shape, opened

LIMIT: Final = 10.0
_ACCEPT: Final = "application/vnd.pagerduty+json;version=2"
_GRANT: Final = say("Give the key the scopes listed in docs/permissions.md.")
_NAME_LIMIT: Final = 80
ID: Final = r"^[A-Z0-9]{4,20}$"
Id = Annotated[str, Field(pattern=ID)]


class Address(ApiAddress):
    """The API and its key; `from_email` is the PagerDuty user in whose name changes are made."""

    url: WebAddress = SecretStr("https://api.pagerduty.com")
    token: HeaderSecret = Field(min_length=1)
    from_email: str = Field("", pattern=r"^([\w.+-]+@[\w.-]+)?$")

    def headers(self) -> dict[str, str]:
        """The headers that identify us; an API key that belongs to nobody needs `From` for changes."""
        identity = {"Authorization": f"Token token={self.token.get_secret_value()}", "Accept": _ACCEPT}
        return {**identity, **({"From": self.from_email} if self.from_email else {})}


class Reference(Shape):
    """Something by its id; `summary` is its name."""

    id: str
    summary: str | None = None

    @property
    def name(self) -> str:
        return named(self.summary or self.id)


class _Assignment(Shape):
    assignee: Reference


class Incident(Shape):
    """One incident of PagerDuty."""

    id: str
    incident_number: int
    title: str = ""
    status: str
    urgency: str = ""
    created_at: datetime
    service: Reference
    assignments: tuple[_Assignment, ...] = ()

    @property
    def assignees(self) -> tuple[Reference, ...]:
        return tuple(assignment.assignee for assignment in self.assignments)

    @property
    def who(self) -> str:
        """The names of those it is assigned to."""
        return ", ".join(assignee.name for assignee in self.assignees) or "—"


class _One(Shape):
    incident: Incident


ONE: Final = TypeAdapter(_One)


@asynccontextmanager
async def reached(address: Address) -> AsyncIterator[Api]:
    """The API; its refusals leave this block as ours."""
    async with opened(address, "PagerDuty", address.headers(), {403: _GRANT}) as api:
        try:
            yield api
        except Declined as error:
            if error.status != 429:
                raise
            raise TargetError(
                "PagerDuty takes no more requests for the moment (429). Try again in a minute."
            ) from error


async def incident_of(api: Api, id: str) -> Incident:
    """One incident; raises TargetError when there is none of this id."""
    try:
        return (await api.get(ONE, f"/incidents/{id}")).incident
    except Declined as error:
        if error.status == 404:
            raise TargetError("PagerDuty has no incident {id}, or does not show it to us.", id=id) from error
        raise


def named(words: str) -> str:
    """A name or a title from outside, masked and cut."""
    return " ".join(mask(words).split())[:_NAME_LIMIT]
