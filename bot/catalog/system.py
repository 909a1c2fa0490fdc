"""One production system as its team wrote it down, and all of them together."""

import re
from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from typing import Annotated

from pydantic import Field, model_validator

from bot.catalog.entries import Action, Alert, Check, Entry, Pointer, Role, SeverityProfile, Target, Title
from bot.catalog.hours import Hours
from bot.catalog.runbook import Runbook
from bot.core.errors import ConfigError, NotFound
from bot.core.policy import Right, Rights, Severity
from bot.core.text import say

ALL = "all"
NEAR = 12
CHANNEL_ID = "[CG][A-Z0-9]{2,30}"


class Profile(Entry):
    """system.yml: names, language, channels, people, severities.

    What happens is posted in `channel`; commands typed in one of `channels` (names or ids; `channel` when empty) mean
    this system. `restricted_channel` is the private channel, by its id, in which restricted checks may be read in full:
    a name could be given to another channel. `hours` are those in which somebody can be asked to approve: an emergency
    lies outside of them.
    """

    name: str
    language: Annotated[str, Field(pattern="^(en|pt_BR)$")]
    timezone: str
    environment: str = "production"
    hours: Hours | None = None
    channel: str
    channels: tuple[str, ...] = ()
    restricted_channel: Annotated[str, Field(pattern=rf"^({CHANNEL_ID}|env:[A-Z][A-Z0-9_]*)$")] = ""
    page_by_hand: Title
    roles: Mapping[str, Role]
    rights: Mapping[Right, tuple[str, ...]]
    severities: Mapping[Severity, SeverityProfile]
    targets: Mapping[str, Target]
    contacts: tuple[Pointer, ...] = ()
    links: tuple[Pointer, ...] = ()

    @model_validator(mode="after")
    def _roles_exist(self) -> "Profile":
        for right, roles in self.rights.items():
            unknown = [role for role in roles if role not in self.roles and role != "anyone"]
            if unknown:
                raise ValueError(f"rights.{right}: no role named {', '.join(unknown)}")
        return self

    def restricted_in(self, environ: Mapping[str, str]) -> str:
        """The id of the restricted channel, empty when there is none; raises ConfigError where a variable is no id."""
        kind, _, name = self.restricted_channel.partition(":")
        channel = environ.get(name, "") if name else kind
        if channel and not re.fullmatch(CHANNEL_ID, channel):
            raise ConfigError(f"{name}: not the id of a channel, such as C0123456789")
        return channel

    @property
    def tied(self) -> tuple[str, ...]:
        """The channels in which this system is meant."""
        return self.channels or (self.channel,)


class System(Entry):
    """One production system, complete."""

    id: str
    profile: Profile
    checks: Mapping[str, Check]
    actions: Mapping[str, Action]
    alerts: Mapping[str, Alert] = Field(default_factory=dict)
    runbooks: Mapping[str, Runbook] = Field(default_factory=dict)

    @property
    def rights(self) -> Rights:
        return Rights(self.profile.rights)

    def groups(self) -> dict[str, list[Check]]:
        """The checks by group, in the order of the file."""
        grouped: dict[str, list[Check]] = {}
        for check in self.checks.values():
            grouped.setdefault(check.group, []).append(check)
        return grouped

    def knows(self, word: str) -> bool:
        """Whether `/diag <word>` means something here."""
        return bool(self._meant(word))

    def checks_named(self, word: str) -> list[Check]:
        """The checks behind a word: all, a check, group, target, alert or runbook; raises NotFound naming some."""
        found = self._meant(word)
        if not found:
            raise NotFound(
                "I cannot diagnose “{word}” in {system}. I know the groups {known}; `/diag` lists everything.",
                word=word,
                system=self.profile.name,
                known=", ".join(self.groups()),
            )
        return found

    def _meant(self, word: str) -> list[Check]:
        if word == ALL:
            return [check for check in self.checks.values() if not check.by_name_only]
        if word in self.checks:
            return [self.checks[word]]
        if word in self.alerts:
            return self._listed(self.alerts[word].checks)
        if word in self.runbooks:
            return self._listed(self.runbooks[word].diagnosis)
        return [check for check in self.checks.values() if word in (check.group, check.target)]

    def _listed(self, words: Sequence[str]) -> list[Check]:
        """The checks behind several words, each once; a word may be a group."""
        named = (check for word in words for check in self._directly(word))
        return list({check.name: check for check in named}.values())

    def _directly(self, word: str) -> Iterator[Check]:
        if word in self.checks:
            yield self.checks[word]
        else:
            yield from (check for check in self.checks.values() if word in (check.group, check.target))

    def action_named(self, name: str) -> Action:
        """The action of this name; raises NotFound naming those that have the word in them, or some that are near."""
        if name in self.actions:
            return self.actions[name]
        near = [one for one in self.actions if name in one.split("-")][:NEAR]
        near = near or get_close_matches(name, self.actions, n=3, cutoff=0.5)
        raise NotFound(
            "{system} has no action “{name}”. {hint}",
            system=self.profile.name,
            name=name,
            hint=say("Did you mean {near}?", near=", ".join(near)) if near else say("`/run` lists them."),
        )

    def action_for(self, verb: str, service: str) -> Action:
        """The action that `/rollback agente-api` means; raises NotFound naming the choices."""
        offered = {action.service: action for action in self.actions.values() if action.verb == verb}
        if service in offered:
            return offered[service]
        raise NotFound(
            "I know no {verb} for “{service}”. I know: {known}.", verb=verb, service=service, known=", ".join(offered)
        )


class Catalog(Entry):
    """All systems of a workspace."""

    systems: Mapping[str, System] = Field(min_length=1)

    @property
    def home(self) -> System:
        """The system that is meant when nobody names one: the first."""
        return next(iter(self.systems.values()))

    def of(self, id: str) -> System:
        """The system of this id; what was recorded before systems were, or for one since removed, belongs to home."""
        return self.systems.get(id, self.home)

    def tied_to(self, *channel: str) -> System | None:
        """The system of a channel, by its id or name; the only system there is is meant everywhere."""
        if len(self.systems) == 1:
            return self.home
        named = (system for system in self.systems.values() if set(channel) & set(system.profile.tied))
        return next(named, None)
