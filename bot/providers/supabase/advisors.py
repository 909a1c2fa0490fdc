"""`supabase.advisors`: what Supabase's own linter finds: missing policies, missing indexes."""

from typing import Any, Final, Literal

from pydantic import Field

from bot.core.findings import Measurement, Reading
from bot.core.operation import Parameters, Read
from bot.core.text import say
from bot.providers.supabase.project import LIMIT, Address, Management, without_token
from bot.providers.web_answers import dug

_LEVELS: Final = ("ERROR", "WARN", "INFO")
_NAMES: Final = ("errors", "warnings", "hints", "rls", "indexes")


class Advisors(Parameters):
    """`security` tells of row-level security, `performance` of indexes."""

    kind: Literal["security", "performance"] = "security"
    top: int = Field(15, ge=1, le=50)


async def _advisors(address: Address, wanted: Advisors) -> Reading:
    """Measurements: errors, warnings, hints; `rls` findings about row-level security; `indexes` missing or unused."""
    if address.access_token is None:
        return without_token(_NAMES, say("advisors unknown"))
    management = Management(address, address.access_token)
    lints = management.api.records(dug(await management.read(f"/advisors/{wanted.kind}"), "lints"))
    lints.sort(key=lambda lint: _rank(lint))
    by_level = {level: sum(lint.get("level") == level for lint in lints) for level in _LEVELS}
    return Reading(
        say(
            "{kind} advisor: {errors} errors, {warnings} warnings",
            kind=wanted.kind,
            errors=by_level["ERROR"],
            warnings=by_level["WARN"],
        ),
        (
            Measurement("errors", by_level["ERROR"]),
            Measurement("warnings", by_level["WARN"]),
            Measurement("hints", by_level["INFO"]),
            Measurement("rls", sum(_is_about(lint, "rls", "policy", "policies") for lint in lints)),
            Measurement("indexes", sum(_is_about(lint, "index", "unindexed") for lint in lints)),
        ),
        tuple(
            management.api.clean(f"{lint.get('level')}  {lint.get('title')}  {lint.get('detail')}")
            for lint in lints[: wanted.top]
        ),
    )


def _rank(lint: dict[str, Any]) -> int:
    level = lint.get("level")
    return _LEVELS.index(level) if level in _LEVELS else len(_LEVELS)


def _is_about(lint: dict[str, Any], *words: str) -> bool:
    return any(word in str(lint.get("name")) for word in words)


ADVISORS = Read("supabase.advisors", Address, Advisors, LIMIT, _advisors)
