"""The catalog against the operations: what it names exists, and what it passes is accepted."""

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any, get_args
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import SecretStr, ValidationError

from bot.catalog.entries import Action, Check, Target, is_reference
from bot.catalog.load import load_system
from bot.catalog.system import System
from bot.check.complaint import Complaint
from bot.check.lines import Places
from bot.core.errors import ConfigError
from bot.core.operation import Change, Operation, Parameters, Read
from bot.providers import names, operation

KNOWN = "The operations are listed in bot/providers/__init__.py."
ACCEPTED = "Compare with the operation's parameters in bot/providers."
BY_REFERENCE = "Give the name of the secret instead: env:NAME, file:PATH or aws-secret:NAME."


def read_catalog(folder: Path) -> tuple[list[System], list[Complaint]]:
    """The systems that can be read, and what is wrong with the others."""
    systems, complaints = [], []
    for profile in sorted(folder.glob("*/system.yml")):
        try:
            systems.append(load_system(profile.parent))
        except ConfigError as error:
            complaints += _unreadable(error, folder)
    if not systems and not complaints:
        hint = "A system is a folder with a system.yml; PLANTAO_CATALOG says where they are."
        complaints.append(Complaint("catalog.empty", f"{folder}: no system found", hint))
    return systems, complaints


def _unreadable(error: ConfigError, folder: Path) -> list[Complaint]:
    """One complaint per place; YAML's own errors go over several lines, ours begin with the place."""
    hint = "Correct the file; the shapes are in bot/catalog/system.py."
    places = re.split(rf"\n(?={re.escape(str(folder))})", str(error))
    return [Complaint("catalog.shape", " ".join(place.split()), hint) for place in places]


def system_complaints(system: System, folder: Path) -> list[Complaint]:
    """What of one system's checks, actions and targets does not fit the operations."""
    places = Places(folder)
    return [
        *_zone(system, places),
        *(complaint for check in system.checks.values() for complaint in _check(system, check, places)),
        *(complaint for action in system.actions.values() for complaint in _action(system, action, places)),
        *(complaint for name in system.profile.targets for complaint in _target(system, name, places)),
    ]


def _zone(system: System, places: Places) -> Iterator[Complaint]:
    try:
        ZoneInfo(system.profile.timezone)
    except (ZoneInfoNotFoundError, ValueError):
        where = places("system.yml", "timezone")
        hint = "Use a name such as America/Sao_Paulo."
        yield Complaint("catalog.timezone", f"{where}: there is no time zone {system.profile.timezone!r}", hint)


def _check(system: System, check: Check, places: Places) -> Iterator[Complaint]:
    at = partial(places, "checks.yml", "checks", check.name)
    found = _operation(check.operation)
    if isinstance(found, str):
        yield Complaint("catalog.operation", f"{at('operation')}: {check.name}: {found}", KNOWN)
    elif not isinstance(found, Read):
        words = f"{at('operation')}: {check.name}: {check.operation} changes things; a check must only read"
        yield Complaint("catalog.operation", words, "Name an operation that reads, or make it an action.")
    else:
        yield from _provider(system, check, at("target"))
        if check.restricted and found.reveal is None:
            words = f"{at('restricted')}: {check.name}: {check.operation} masks nothing that could be read in full"
            yield Complaint("catalog.restricted", words, "Leave `restricted` out.")
        for key, message in _refusals(found.parameters, check.parameters):
            words = f"{at('parameters', key)}: {check.name}: {key}: {message}"
            yield Complaint("catalog.parameters", words, ACCEPTED)
        yield from _asks(check, found, at)


def _asks(check: Check, found: Read, at: Callable[..., str]) -> Iterator[Complaint]:
    """A check runs without an answer too; an answer is a parameter or what a measurement has to be."""
    for name, ask in check.asks.items():
        if name not in found.parameters.model_fields and name not in check.compared.values():
            words = f"{at('asks', name)}: {check.name}: {check.operation} has no parameter {name}"
            yield Complaint("catalog.asks", words, "Name a parameter, or let a threshold say `asked`.")
        if any(re.compile(pattern).groups != 1 for pattern in ask.from_run.values()):
            words = f"{at('asks', name, 'from_run')}: {check.name}: from_run: a pattern needs one group"
            yield Complaint("catalog.asks", words, "Put parentheses around what answers the question.")
    for measured, asked in check.compared.items():
        if asked not in check.asks:
            words = f"{at('thresholds', measured)}: {check.name}: {measured}: nothing is asked as {asked}"
            yield Complaint("catalog.asks", words, "Add it to `asks`.")


def _action(system: System, action: Action, places: Places) -> Iterator[Complaint]:
    at = partial(places, "actions.yml", "actions", action.name)
    if action.tells and action.target:
        yield from _provider(system, action, at("target"))
    if not action.operation:
        return
    found = _operation(action.operation)
    if isinstance(found, str):
        yield Complaint("catalog.operation", f"{at('operation')}: {action.name}: {found}", KNOWN)
    elif not isinstance(found, Change):
        words = f"{at('operation')}: {action.name}: {action.operation} only reads; an action has to change something"
        yield Complaint("catalog.operation", words, "Name an operation that changes, or make it a check.")
    else:
        yield from _provider(system, action, at("target"))
        for key, message in _refusals(found.parameters, action.parameters, action.asks):
            words = f"{at('parameters', key)}: {action.name}: {key}: {message}"
            yield Complaint("catalog.parameters", words, ACCEPTED)
        yield from _guards(system, action, places)
        for name in action.asks:
            if name not in found.parameters.model_fields:
                words = f"{at('asks', name)}: {action.name}: {action.operation} has no parameter {name}"
                yield Complaint("catalog.asks", words, ACCEPTED)


def _guards(system: System, action: Action, places: Places) -> Iterator[Complaint]:
    """A guard gives its check parameters of the preview: the check has to have them."""
    for name, taken in action.guards.items():
        found = _operation(system.checks[name].operation)
        known = () if isinstance(found, str) else found.parameters.model_fields
        for parameter in sorted(taken.keys() - set(known)):
            where = places("actions.yml", "actions", action.name, "guards", name)
            words = f"{where}: {action.name}: guards: {name} has no parameter {parameter}"
            yield Complaint("catalog.guards", words, ACCEPTED)


def _provider(system: System, entry: Check | Action, where: str) -> Iterator[Complaint]:
    operation = entry.carried_out_by if isinstance(entry, Action) else entry.operation
    provider, wanted = system.profile.targets[entry.target].provider, operation.partition(".")[0]
    if provider != wanted:
        words = f"{where}: {entry.name}: {operation} needs a target of {wanted}, {entry.target} is of {provider}"
        yield Complaint("catalog.provider", words, "Name another target, or another operation.")


def _target(system: System, name: str, places: Places) -> Iterator[Complaint]:
    target = system.profile.targets[name]
    at = partial(places, "system.yml", "targets", name)
    if target.provider not in {known.partition(".")[0] for known in names()}:
        yield Complaint("catalog.provider", f"{at('provider')}: {name}: no provider named {target.provider}", KNOWN)
    for address in _addresses(system, name):
        for key, message in _address_refusals(address, target):
            hint = (
                BY_REFERENCE if message == LITERAL else f"{target.provider} knows: {', '.join(address.model_fields)}."
            )
            yield Complaint("catalog.address", f"{at('address', key)}: {name}: {key}: {message}", hint)


def _addresses(system: System, target: str) -> list[type[Parameters]]:
    """The shapes that the operations on a target expect of its address, each once."""
    users = [(check.target, check.operation) for check in system.checks.values()]
    users += [(action.target, action.carried_out_by) for action in system.actions.values()]
    found = [_operation(operation) for used, operation in users if used == target]
    return list(dict.fromkeys(one.address for one in found if not isinstance(one, str)))


LITERAL = "a secret stands here in the clear"


def _address_refusals(shape: type[Parameters], target: Target) -> Iterator[tuple[str, str]]:
    referring = {key for key, value in target.address.items() if isinstance(value, str) and is_reference(value)}
    secret = {key for key, field in shape.model_fields.items() if _is_secret(field.annotation)}
    literal = sorted(target.address.keys() & secret - referring)
    yield from ((key, LITERAL) for key in literal)
    for key, message in _refusals(shape, target.address, referring):
        if key not in literal:
            yield key, message


def _is_secret(annotation: Any) -> bool:
    return annotation is SecretStr or SecretStr in get_args(annotation)


def _refusals(
    shape: type[Parameters], given: Mapping[str, Any], later: Collection[str] = ()
) -> Iterator[tuple[str, str]]:
    """Key and message of what a model refuses.

    The values of the keys in `later` are not known yet: only their names count, and where there are such keys,
    what the model says about all values together is left aside.
    """
    try:
        shape.model_validate(dict(given))
    except ValidationError as error:
        for detail in error.errors(include_input=False, include_context=False):
            key = str(detail["loc"][0]) if detail["loc"] else ""
            unknown = key in later and detail["type"] != "extra_forbidden"
            if not unknown and (key or not later):
                yield key or "all", detail["msg"]


def _operation(name: str) -> Operation | str:
    """The operation, or a sentence why there is none."""
    try:
        return operation(name)
    except ConfigError as error:
        return str(error)
    except (ImportError, AttributeError) as error:
        return f"{name} cannot be imported: {error}"
