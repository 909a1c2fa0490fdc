"""Which variables a service has; their values never leave this module but to be compared, or as a fingerprint."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from pydantic import Field

from bot.core.errors import TargetError
from bot.core.findings import Measurement, Reading
from bot.core.operation import Read
from bot.core.text import Text, say
from bot.providers.railway import queries
from bot.providers.railway.address import Address, OfService
from bot.providers.railway.graph import LIMIT, Graph, Node, opened, seen
from bot.providers.railway.history import Scope, history_of, scope_of
from bot.providers.secrets.secrecy import fingerprint, is_given_by_platform, looks_secret

_SHOWN: Final = 60


class Variables(OfService):
    """`expects` are the names that must be there; secrets among them are told with a fingerprint."""

    expects: tuple[str, ...] = Field((), max_length=100)


@dataclass(frozen=True, slots=True)
class Values:
    """The variables of a service as they are now: with references followed, and as written. Never printed."""

    rendered: Mapping[str, str] = field(repr=False)
    written: Mapping[str, str] = field(repr=False)

    @property
    def names(self) -> frozenset[str]:
        return frozenset(self.rendered)

    def own(self, name: str) -> str:
        """What a variable holds of its own, empty without it; raises TargetError where it refers to another one.

        Setting it would cut it off from the others that refer there, which would keep what they have.
        """
        value = self.written.get(name, "")
        if value != self.rendered.get(name, ""):
            raise TargetError(
                "{name} of this service refers to another variable; a person changes it there.", name=name
            )
        return value


@dataclass(frozen=True, slots=True)
class Difference:
    """Names only: `changed` has another value now, `added` came since, `removed` went since."""

    changed: tuple[str, ...]
    added: tuple[str, ...]
    removed: tuple[str, ...]

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(sorted((*self.changed, *self.added, *self.removed)))


async def values_of(graph: Graph, scope: Scope) -> Values:
    """The present variables of a service."""

    def read(answer: Node) -> Values:
        return Values(_own(answer["rendered"]), _own(answer["written"]))

    return await graph.ask(queries.VARIABLES, read, **scope.ids)


async def snapshot_of(graph: Graph, deployment: str) -> Mapping[str, str] | None:
    """The variables a deployment was made with, or None when Railway no longer has them."""

    def read(answer: Node) -> Mapping[str, str] | None:
        found = answer["deploymentSnapshot"]
        return None if found is None else _own(found["variables"])

    return await graph.ask(queries.SNAPSHOT, read, id=deployment)


def difference(now: Values, then: Mapping[str, str]) -> Difference:
    """What changed since; equal in either form is equal, as Railway does not say which one a snapshot holds."""
    common = now.names & then.keys()
    return Difference(
        changed=tuple(sorted(name for name in common if then[name] not in (now.rendered[name], now.written.get(name)))),
        added=tuple(sorted(now.names - then.keys())),
        removed=tuple(sorted(then.keys() - now.names)),
    )


async def not_loaded(graph: Graph, now: Values, deployment: str) -> tuple[tuple[str, ...], Text | None]:
    """Names changed since a deployment was made, which it has not loaded; or why nobody can tell."""
    try:
        then = await snapshot_of(graph, deployment)
    except TargetError as error:
        return (), error.text
    if then is None:
        return (), say("Railway no longer has the variables of this deployment")
    return difference(now, then).names, None


async def _read(address: Address, wanted: Variables) -> Reading:
    async with opened(address) as graph:
        scope = await scope_of(graph, address, wanted.service)
        now = await values_of(graph, scope)
        present = (await history_of(graph, scope, depth=20)).present
        waiting, reason = await not_loaded(graph, now, present.id) if present else ((), say("nothing serves"))
    absent = sorted(set(wanted.expects) - now.names)
    empty = sorted(name for name in set(wanted.expects) & now.names if not now.rendered[name].strip())
    return Reading(
        _summary(now, absent, waiting),
        (
            Measurement("count", len(now.names)),
            Measurement("missing_names", len(absent)),
            Measurement("empty_names", len(empty)),
            Measurement("not_loaded", None if reason else len(waiting), missing=reason),
        ),
        (
            *(f"missing: {seen(name)}" for name in absent),
            *(f"empty: {seen(name)}" for name in empty),
            *(f"not loaded yet: {seen(name)}" for name in waiting[:_SHOWN]),
            *(_shown(name, now, wanted, address) for name in sorted(now.names)[:_SHOWN]),
        ),
    )


def _shown(name: str, now: Values, wanted: Variables, address: Address) -> str:
    if name in wanted.expects and looks_secret(name) and now.rendered[name]:
        return f"{seen(name)} #{fingerprint(now.rendered[name], address.token)}"
    return seen(name)


def _own(variables: Any) -> dict[str, str]:
    return {str(name): str(value) for name, value in variables.items() if not is_given_by_platform(str(name))}


def _summary(now: Values, absent: list[str], waiting: tuple[str, ...]) -> Text:
    if absent:
        return say("not set: {names}", names=seen(", ".join(absent), 200))
    if waiting:
        return say("changed, but not loaded before a redeploy: {names}", names=seen(", ".join(waiting), 200))
    return say("{count} variables set, none missing", count=len(now.names))


VARIABLES = Read("railway.variables", Address, Variables, LIMIT, _read)
