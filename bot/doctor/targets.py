"""The targets of the catalog: each is reached once through its checks; and none of them may be the record itself."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from bot.catalog.entries import Action, Check
from bot.catalog.system import Catalog, System
from bot.core.errors import ConfigError, Denied, TargetError
from bot.core.text import Text, say
from bot.doctor.record import info
from bot.doctor.verdict import Verdict, fail, ok, warn
from bot.flows.findings import DEFAULT_LIMIT
from bot.providers import loaded
from bot.providers.reach import CatalogTargets
from bot.providers.redis import connection
from bot.providers.references import resolve
from bot.slack.voice import Voice
from bot.store.connect import Client

ENGLISH = Voice("en")
AT_ONCE = 8  # checks; to begin them all would keep this process too busy to hear the answers in time
OTHER_REDIS = "Give the bot a Redis of its own: it has to remember when this one is in trouble."


@dataclass(frozen=True, slots=True)
class Attempt:
    """One check's try to reach its target; `reason` is None when it was read."""

    check: str
    reason: str | None = None
    is_denied: bool = False


async def examine_targets(systems: Sequence[System], environ: Mapping[str, str]) -> list[Verdict]:
    """One line per target; beside systems in use, one of which nothing is configured gets one line in all."""
    await _import_vendors(systems)
    used = [system for system in systems if not _is_unused(system, environ)] or list(systems)
    unused = [system for system in systems if system not in used]
    turns = asyncio.Semaphore(AT_ONCE)
    judged = await asyncio.gather(
        *(_target(system, name, environ, turns) for system in used for name in system.profile.targets)
    )
    return [*judged, *(_not_in_use(system) for system in unused)]


def _is_unused(system: System, environ: Mapping[str, str]) -> bool:
    references = [ref for target in system.profile.targets.values() for ref in target.references()]
    return bool(references) and not any(ref.startswith("env:") and environ.get(ref[4:]) for ref in references)


def _not_in_use(system: System) -> Verdict:
    count = len(system.profile.targets)
    hint = f"Set what {system.id}/system.yml refers to, or remove the folder."
    return warn("target", f"{system.id}: not in use, none of its {count} targets is configured", hint)


async def _import_vendors(systems: Sequence[System]) -> None:
    """Before any clock runs: the first import of a vendor may take seconds."""
    for name in {check.operation for system in systems for check in system.checks.values()}:
        with suppress(ConfigError):  # told where its target is judged
            await loaded(name)


async def _target(system: System, name: str, environ: Mapping[str, str], turns: asyncio.Semaphore) -> Verdict:
    unset = await _unresolved(system, name, environ)
    if unset:
        hint = f"Set it, as targets.{name} in {system.id}/system.yml refers to it; then restart the bot."
        return fail("target", f"{system.id}/{name}: {'; '.join(unset)}", hint)
    checks = [check for check in system.checks.values() if check.target == name]
    actions = [action for action in system.actions.values() if action.target == name and action.operation]
    targets = CatalogTargets(Catalog(systems={system.id: system}), environ)
    if not checks and actions:
        return await _only_changed(targets, f"{system.id}/{name}", actions)
    if not checks:
        return warn("target", f"{system.id}/{name}: no check reads it", "Add a check, or remove the target.")
    attempts = await asyncio.gather(*(_attempt(targets, check, turns) for check in checks))
    return _judged(system, name, attempts)


async def _only_changed(targets: CatalogTargets, where: str, actions: Sequence[Action]) -> Verdict:
    """A target that no check reads is not tried, since there is nothing harmless to try."""
    try:
        for action in actions:
            await targets.require_configured(action)
    except TargetError as error:
        return fail("target", f"{where}: {_read_aloud(error.text)}", "Set what its address in system.yml refers to.")
    return ok("target", f"{where}: configured; only actions use it, so nothing was tried")


async def _unresolved(system: System, name: str, environ: Mapping[str, str]) -> list[str]:
    """Why references of a target lead nowhere, each reason once; what its provider can do without is not missed."""
    reasons = []
    optional = await _optional(system, name)
    for field, value in system.profile.targets[name].address.items():
        if not isinstance(value, str) or field in optional:
            continue
        try:
            await resolve(value, environ)
        except TargetError as error:
            reasons.append(_read_aloud(error.text))
        except TimeoutError:
            reasons.append(f"not configured: nothing answers for {value}")
    return list(dict.fromkeys(reasons))


async def _optional(system: System, target: str) -> frozenset[str]:
    """The fields of an address that every operation on it can do without."""
    users: list[Check | Action] = [*system.checks.values(), *system.actions.values()]
    names = {user.operation for user in users if user.target == target and user.operation}
    unset = [(await loaded(name)).address.may_be_unset for name in names]
    return frozenset.intersection(*unset) if unset else frozenset()


async def _attempt(targets: CatalogTargets, check: Check, turns: asyncio.Semaphore) -> Attempt:
    limit = check.limit.total_seconds() if check.limit else DEFAULT_LIMIT
    try:
        async with turns, asyncio.timeout(limit):
            await targets.read(check)
    except TimeoutError:
        return Attempt(check.name, _read_aloud(say("no answer within {limit} s", limit=f"{limit:g}")))
    except TargetError as error:
        return Attempt(check.name, _read_aloud(error.text), isinstance(error, Denied))
    except ConfigError as error:
        return Attempt(check.name, str(error))
    return Attempt(check.name)


def _judged(system: System, name: str, attempts: Sequence[Attempt]) -> Verdict:
    where = f"{system.id}/{name}"
    failed = [attempt for attempt in attempts if attempt.reason]
    if not failed:
        return ok("target", f"{where}: reachable, {len(attempts)} of {len(attempts)} checks were read")
    reasons = "; ".join(dict.fromkeys(attempt.reason for attempt in failed if attempt.reason))
    if len(failed) < len(attempts):
        names = ", ".join(attempt.check for attempt in failed)
        words = f"{where}: reachable, but not every check could be read: {reasons}"
        return warn("target", words, f"Look at {names} in checks.yml, and at what the bot may do there.")
    if any(attempt.is_denied for attempt in failed):
        return fail("target", f"{where}: {reasons}", f"Grant it, or correct the credentials behind targets.{name}.")
    hint = f"See that it runs, and that this machine may reach the address behind targets.{name}."
    return fail("target", f"{where}: {reasons}", hint)


async def examine_independence(record: Client, systems: Sequence[System], environ: Mapping[str, str]) -> list[Verdict]:
    """Whether a target is the Redis that keeps the record, or a copy of it; hosts and ports would not tell."""
    ours = _identities([*await info(record, "server"), *await info(record, "replication")])
    if not ours:
        return [warn("record.independent", "unknown: this Redis does not say which server it is", OTHER_REDIS)]
    same = [
        f"{system.id}/{name}"
        for system, name in _redis_targets(systems)
        if ours & await _identities_of(system.profile.targets[name].address, environ)
    ]
    if same:
        words = f"the record is kept in a Redis that the bot watches as a target: {', '.join(same)}"
        return [fail("record.independent", words, OTHER_REDIS)]
    return [ok("record.independent", "no target of the catalog is the Redis of the record")]


def _redis_targets(systems: Sequence[System]) -> Iterator[tuple[System, str]]:
    for system in systems:
        for name, target in system.profile.targets.items():
            if target.provider == "redis":
                yield system, name


async def _identities_of(raw: Mapping[str, Any], environ: Mapping[str, str]) -> frozenset[str]:
    """Who a target says it is; one that cannot be reached is told about elsewhere."""
    try:
        url = await resolve(str(raw.get("url", "")), environ)
        async with connection.connected(connection.Address.model_validate({"url": url})) as patient:
            return _identities(
                [await connection.info(patient, "server"), await connection.info(patient, "replication")]
            )
    except (TargetError, ValidationError, TimeoutError):
        return frozenset()


def _identities(sections: Sequence[Mapping[str, Any]]) -> frozenset[str]:
    """The server, and the history it shares with its replicas."""
    named = (section.get(field) for section in sections for field in ("run_id", "master_replid"))
    return frozenset(str(name) for name in named if name)


def _read_aloud(text: Text) -> str:
    return ENGLISH.plain(text)
