"""What every listener needs: who is asking, in which language, and where the answer goes."""

from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias

from bot.catalog.system import System
from bot.core.errors import NotAllowed
from bot.core.text import Text
from bot.flows.answers import CheckForm, DeclareForm, Form, RunForm, Said
from bot.flows.ports import Caller, Ports
from bot.locale import known
from bot.slack.blocks import forms, handoff
from bot.slack.blocks.answers import show
from bot.slack.blocks.parts import Block, Message
from bot.slack.chat import Chat
from bot.slack.errands import Errands
from bot.slack.people import SlackPeople
from bot.slack.voice import Voice

Payload: TypeAlias = dict[str, Any]
Ack: TypeAlias = Callable[..., Awaitable[Any]]


class Desk:
    """The shared state of the listeners."""

    def __init__(self, ports: Ports, chat: Chat, people: SlackPeople, team: str) -> None:
        self.ports = ports
        self.chat = chat
        self.people = people
        self.errands = Errands()
        self._team = team

    def system(self, body: Payload) -> System:
        """The system of the channel that a payload comes from, or the first."""
        return self.ports.catalog.tied_to(*_place(body)) or self.ports.catalog.home

    def caller(self, body: Payload, via: str, key: str) -> Caller:
        """The person behind a payload; raises NotAllowed for people of other workspaces."""
        user = body.get("user") or {}
        team = body.get("team_id") or user.get("team_id") or (body.get("team") or {}).get("id", "")
        channel, channel_name = _place(body)
        person = body.get("user_id") or user.get("id", "")
        if team != self._team or not person:
            raise NotAllowed("Only members of this workspace can do that. Nothing was changed.")
        return Caller(person, channel, via, key, self.people.locale(person), team, channel_name)

    def voice(self, user: str) -> Voice:
        """The voice for one reader."""
        return Voice(known(self.people.locale(user)), self.ports.catalog.home.profile.timezone)

    def view_of(self, form: Form, voice: Voice) -> Block:
        """A form as a modal."""
        if isinstance(form, RunForm):
            return forms.run(form, voice)
        if isinstance(form, CheckForm):
            return forms.check(form, voice)
        if isinstance(form, DeclareForm):
            return forms.declare(form, self.ports.catalog, voice)
        return handoff.form(form.draft, voice)


def _place(body: Payload) -> tuple[str, str]:
    """Id and name of the channel that a payload comes from; both empty where there is none."""
    place = body.get("channel") or {}
    return body.get("channel_id") or place.get("id", ""), body.get("channel_name") or place.get("name", "")


def private(text: Text, voice: Voice) -> Message:
    """A private sentence."""
    return show(Said(text), voice)
