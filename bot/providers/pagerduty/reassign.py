"""Giving an incident in PagerDuty to somebody else, who is then called."""

import re
from typing import Final

from pydantic import Field, TypeAdapter

from bot.core.errors import TargetError
from bot.core.operation import Change, Parameters, Progress
from bot.core.preview import Line, Preview
from bot.core.text import Text, say
from bot.providers.http.api import Api, Declined, Shape
from bot.providers.pagerduty.change import EXECUTE_LIMIT, change_once, open_incident, state_of
from bot.providers.pagerduty.server import ID, Address, Id, Incident, Reference, named, reached

_MOST: Final = 5


class Wanted(Parameters):
    """Which incident, and to whom: e-mail, exact name or id of a user; several, at most five, with commas."""

    incident: Id
    to: str = Field(min_length=2, max_length=300)


class _User(Reference):
    email: str = ""


class _Users(Shape):
    users: list[_User]


class _OneUser(Shape):
    user: _User


_USERS: Final = TypeAdapter(_Users)
_USER: Final = TypeAdapter(_OneUser)
_ID: Final = re.compile(ID)


async def _preview(address: Address, wanted: Wanted) -> Preview:
    async with reached(address) as api:
        incident = await open_incident(api, wanted.incident)
        users = [await _user(api, word) for word in _words(wanted.to)]
    ids = sorted({user.id for user in users})
    if ids == sorted(one.id for one in incident.assignees):
        raise TargetError("{id} is assigned to {who} already; nothing to do.", id=incident.id, who=incident.who)
    before = ",".join(one.id for one in incident.assignees)
    return Preview(
        lines=(
            Line(say("incident"), "", f"#{incident.incident_number} {named(incident.title)}"),
            Line(say("assigned to"), incident.who, ", ".join(user.name for user in users)),
        ),
        state=state_of(incident),
        arguments={"incident": incident.id, "to": ",".join(ids)},
        warnings=(say("PagerDuty calls them at once, and the incident counts as unacknowledged again."),),
        undo={"incident": incident.id, "to": before} if before else {},
    )


async def _execute(address: Address, _: Wanted, preview: Preview, progress: Progress) -> Text:
    ids = _words(preview.arguments["to"])

    def is_theirs(incident: Incident) -> bool:
        return sorted(one.id for one in incident.assignees) == ids

    assignments = [{"assignee": {"id": id, "type": "user_reference"}} for id in ids]
    async with reached(address) as api:
        incident = await change_once(api, preview, {"type": "incident", "assignments": assignments}, is_theirs)
    return say("#{number} is assigned to {who} in PagerDuty", number=incident.incident_number, who=incident.who)


def _words(to: str) -> list[str]:
    words = [word.strip() for word in to.split(",") if word.strip()]
    if not 1 <= len(words) <= _MOST:
        raise TargetError("Name one to five people.")
    return words


async def _user(api: Api, word: str) -> Reference:
    """The one user that a word means; raises TargetError when it means none or several."""
    if _ID.fullmatch(word):
        try:
            return (await api.get(_USER, f"/users/{word}")).user
        except Declined as error:
            if error.status != 404:
                raise
            raise _unknown(word) from error
    found = (await api.get(_USERS, "/users", [("query", word), ("limit", "25")])).users
    exact = [user for user in found if word.lower() in (user.email.lower(), user.name.lower())]
    if len(exact) != 1:
        raise _unknown(word)
    return exact[0]


def _unknown(word: str) -> TargetError:
    return TargetError("PagerDuty has not exactly one user “{word}”. Use the e-mail or the id.", word=word)


REASSIGN = Change("pagerduty.reassign", Address, Wanted, EXECUTE_LIMIT, _preview, _execute)
