"""Setting one variable of a deployment that the catalog names, to a value that it allows; secrets never."""

import re
from typing import Any, Final

from pydantic import Field, field_validator

from bot.core.errors import TargetError
from bot.core.operation import Change, Progress
from bot.core.preview import Line, Preview
from bot.core.redaction import MASKED, mask
from bot.core.text import Text, plain, say
from bot.providers.kubernetes.address import NAME, Address
from bot.providers.kubernetes.approved import as_approved
from bot.providers.kubernetes.cluster import Document, opened
from bot.providers.kubernetes.deployment import Named
from bot.providers.kubernetes.template_change import (
    LIMIT,
    as_shown,
    container_of,
    roll,
    rollable,
    state_of,
    try_out,
    warnings_of,
)
from bot.providers.kubernetes.workloads import counts_of

_VALUE: Final = r"^[^\x00-\x1f\x7f]{0,256}$"


class SetEnv(Named):
    """Which variable of which container (none means the only one), and its new value; `remove` takes it away.

    From the catalog: `allowed` variables, and what a value may be: one of `choices`, or all of it like `pattern`.
    """

    variable: str = Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,99}$")
    value: str = Field("", pattern=_VALUE)
    remove: bool = False
    container: str = Field("", pattern=f"{NAME}|^$")
    allowed: tuple[str, ...] = ()
    choices: tuple[str, ...] = ()
    pattern: str = ""

    @field_validator("pattern")
    @classmethod
    def _is_pattern(cls, pattern: str) -> str:
        try:
            re.compile(pattern)
        except re.error as error:
            raise ValueError(f"not a regular expression: {error}") from error
        return pattern

    def accepts(self, value: str) -> bool:
        """Whether the catalog would let this value be set."""
        is_chosen = not self.choices or value in self.choices
        has_form = not self.pattern or re.fullmatch(self.pattern, value) is not None
        return is_chosen and has_form and re.fullmatch(_VALUE, value) is not None and not self.hides(value)

    def hides(self, value: str) -> bool:
        """Whether this looks like a credential or personal data."""
        return mask(f"{self.variable}={value}") != f"{self.variable}={value}"


async def _preview(address: Address, wanted: SetEnv) -> Preview:
    require_allowed(wanted)
    async with opened(address) as cluster:
        deployment = await rollable(cluster, wanted.name)
        place, container = container_of(deployment, wanted.container)
        entry = entry_of(container, wanted)
        before = None if entry is None else entry[1]
        after = None if wanted.remove else wanted.value
        if before == after:
            raise TargetError("{variable} of {name} is so already.", variable=wanted.variable, name=wanted.name)
        await try_out(cluster, deployment, _edits(place, container, wanted))
    undo = _undo(wanted, before)
    told = list(warnings_of(deployment))
    if not undo:
        told.append(say("The present value is not one that the catalog allows: go back with a rollback instead."))
    return Preview(
        lines=(
            Line(plain(wanted.variable), shown_as(wanted, before), shown_as(wanted, after)),
            Line(say("pods to be replaced"), "", str(counts_of(deployment).desired)),
        ),
        state=state_of(deployment),
        arguments=_arguments(wanted, after),
        warnings=tuple(told),
        undo=undo,
    )


def require_allowed(wanted: SetEnv) -> None:
    """Raise TargetError for a variable or a value that the catalog does not allow, and for a secret."""
    if wanted.variable not in wanted.allowed:
        raise TargetError(
            "{variable} is not among the variables that the catalog lets be set: {allowed}.",
            variable=wanted.variable,
            allowed=", ".join(wanted.allowed) or "-",
        )
    if wanted.remove:
        return
    if wanted.hides(wanted.value):
        raise TargetError("This looks like a secret. Change secrets in their store, never here.")
    if not wanted.accepts(wanted.value):
        raise TargetError(
            "{variable} takes {form}, not “{value}”.",
            variable=wanted.variable,
            form=", ".join(wanted.choices) or wanted.pattern,
            value=wanted.value,
        )


async def _execute(address: Address, wanted: SetEnv, preview: Preview, progress: Progress) -> Text:
    wanted = as_approved(wanted, preview)
    require_allowed(wanted)
    async with opened(address) as cluster:
        deployment = await as_shown(cluster, wanted.name, preview)
        place, container = container_of(deployment, wanted.container)
        cause = f"{wanted.variable} {'removed' if wanted.remove else 'set'}"
        after = counts_of(await roll(cluster, deployment, _edits(place, container, wanted), cause, progress))
    return say(
        "{variable} of {name} is {value}, {ready} of {desired} pods ready",
        variable=wanted.variable,
        name=wanted.name,
        value=shown_as(wanted, None if wanted.remove else wanted.value),
        ready=after.ready,
        desired=after.desired,
    )


def entry_of(container: Document, wanted: SetEnv) -> tuple[int, str] | None:
    """The place of the variable and its value; one that comes from a Secret or ConfigMap is not ours to set."""
    entries: list[dict[str, Any]] = container.get("env") or []
    places = [place for place, one in enumerate(entries) if one["name"] == wanted.variable]
    if len(places) > 1:
        raise TargetError("{variable} is set twice in {name}.", variable=wanted.variable, name=wanted.name)
    if not places:
        return None
    entry = entries[places[0]]
    if "valueFrom" in entry:
        raise TargetError(
            "{variable} of {name} comes from a Secret or ConfigMap; change it there.",
            variable=wanted.variable,
            name=wanted.name,
        )
    return places[0], entry.get("value", "")


def _edits(place: int, container: Document, wanted: SetEnv) -> list[Document]:
    path, entry = f"/spec/template/spec/containers/{place}/env", entry_of(container, wanted)
    if wanted.remove:
        return [{"op": "remove", "path": f"{path}/{entry[0]}"}] if entry else []
    if entry:
        return [{"op": "add", "path": f"{path}/{entry[0]}/value", "value": wanted.value}]
    room = [] if container.get("env") else [{"op": "add", "path": path, "value": []}]
    return [*room, {"op": "add", "path": f"{path}/-", "value": {"name": wanted.variable, "value": wanted.value}}]


def _arguments(wanted: SetEnv, value: str | None) -> dict[str, str]:
    named = {"name": wanted.name, "container": wanted.container, "variable": wanted.variable}
    return named | ({"remove": "true"} if value is None else {"value": value, "remove": "false"})


def _undo(wanted: SetEnv, before: str | None) -> dict[str, str]:
    return _arguments(wanted, before) if before is None or wanted.accepts(before) else {}


def shown_as(wanted: SetEnv, value: str | None) -> str:
    """The value for people; what looks like a secret is masked."""
    if value is None:
        return "-"
    return MASKED if wanted.hides(value) else value


SET_ENV = Change("kubernetes.set_env", Address, SetEnv, LIMIT, _preview, _execute)
