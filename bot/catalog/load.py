"""Reads a catalog folder; every complaint names the file and the line."""

from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from bot.catalog.entries import Action, Alert, Check
from bot.catalog.runbook import Runbook, read_runbook
from bot.catalog.system import Catalog, Profile, System
from bot.core.errors import ConfigError

LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # ten times faster, where PyYAML was built with libyaml
Named = TypeVar("Named", Check, Action, Alert)


class CheckFile(BaseModel):
    """checks.yml"""

    checks: dict[str, Check]


class ActionFile(BaseModel):
    """actions.yml"""

    actions: dict[str, Action]


class AlertFile(BaseModel):
    """alerts.yml"""

    alerts: dict[str, Alert]


FILES: dict[str, type[BaseModel]] = {
    "system.yml": Profile,
    "checks.yml": CheckFile,
    "actions.yml": ActionFile,
    "alerts.yml": AlertFile,
}


def load(folder: Path) -> Catalog:
    """Load all systems below a folder, in alphabetical order; raises ConfigError on the first file that is wrong."""
    profiles = sorted(folder.glob("*/system.yml"))
    if not profiles:
        raise ConfigError(f"{folder}: no system found; a system is a folder with a system.yml")
    systems = [load_system(path.parent) for path in profiles]
    complaints = shared_channels(systems)
    if complaints:
        raise ConfigError("\n".join(f"{folder}: {complaint}" for complaint in complaints))
    return Catalog(systems={system.id: system for system in systems})


def load_system(folder: Path) -> System:
    """Load one system and resolve its references."""
    profile = _read(folder / "system.yml", Profile)
    checks = _read(folder / "checks.yml", CheckFile).checks
    actions = _read(folder / "actions.yml", ActionFile).actions if (folder / "actions.yml").exists() else {}
    alerts = _read(folder / "alerts.yml", AlertFile).alerts if (folder / "alerts.yml").exists() else {}
    system = System(
        id=folder.name,
        profile=profile,
        checks=_named(checks, folder.name),
        actions=_named(actions, folder.name),
        alerts=_named(alerts, folder.name),
        runbooks={runbook.name: runbook for runbook in _runbooks(folder / "runbooks")},
    )
    complaints = broken_references(system)
    if complaints:
        raise ConfigError("\n".join(f"{folder}: {complaint}" for complaint in complaints))
    return system


def shared_channels(systems: Iterable[System]) -> list[str]:
    """Channels in which two systems would be meant."""
    tied = Counter(channel for system in systems for channel in system.profile.tied)
    return [f"system.yml: the channel {name} is tied to {count} systems" for name, count in tied.items() if count > 1]


def broken_references(system: System) -> list[str]:
    """Names that point nowhere or mean two things."""
    return [
        *_broken_checks(system),
        *(
            f"actions.yml: {action.name}: {wrong}"
            for action in system.actions.values()
            for wrong in _action(system, action)
        ),
        *(f"alerts.yml: {alert.name}: {wrong}" for alert in system.alerts.values() for wrong in _alert(system, alert)),
        *(
            f"runbooks/{runbook.name}.md: no check or group named {word}"
            for runbook in system.runbooks.values()
            for word in runbook.diagnosis
            if not system.knows(word)
        ),
        *_clashes(system),
    ]


def _named(entries: dict[str, Named], system: str) -> dict[str, Named]:
    """Entries that know their own name and system."""
    return {name: entry.model_copy(update={"name": name, "system": system}) for name, entry in entries.items()}


def _runbooks(folder: Path) -> Iterator[Runbook]:
    for path in sorted(folder.glob("*.md")):
        try:
            yield read_runbook(path)
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(f"{path}: cannot be read: {error}") from error


def _broken_checks(system: System) -> Iterator[str]:
    for check in system.checks.values():
        where = f"checks.yml: {check.name}"
        if check.target not in system.profile.targets:
            yield f"{where}: no target named {check.target}"
        yield from (
            f"{where}: proposes: no action named {name}" for name in check.proposes if name not in system.actions
        )
        if check.runbook and check.runbook not in system.runbooks:
            yield f"{where}: no runbook named {check.runbook}"


def _action(system: System, action: Action) -> Iterator[str]:
    if action.target and action.target not in system.profile.targets:
        yield f"no target named {action.target}"
    for field in ("requires", "guards", "evidence", "verify", "verify_back", "later"):
        yield from (f"{field}: no check named {name}" for name in getattr(action, field) if name not in system.checks)
    for asked, ask in action.asks.items():
        yield from (f"asks: {asked}: no choice {one}" for one in ask.verify if one not in ask.choices)
        chosen = {name for names in ask.verify.values() for name in names}
        yield from (f"asks: {asked}: no check named {name}" for name in sorted(chosen - set(system.checks)))
    checks = dict.fromkeys(measured.partition(".")[0] for measured in action.measured)
    yield from (f"holds, shares: no check named {name}" for name in checks if name not in system.checks)
    yield from (f"first: no action named {name}" for name in action.first if name not in system.actions)
    if action.instead and action.instead not in system.actions:
        yield f"instead: no action named {action.instead}"
    if action.approve is not None:
        named = (*action.approve.roles, *action.approve.among)
        yield from (f"approve: no role named {role}" for role in named if role not in system.profile.roles)
        members = {
            member for role in named if role in system.profile.roles for member in system.profile.roles[role].members
        }
        if len(members) < action.quorum and not any(member.startswith("@") for member in members):
            yield f"approve: {action.quorum} people have to agree, and its roles name {len(members)}"


def _alert(system: System, alert: Alert) -> Iterator[str]:
    yield from (f"no check named {name}" for name in alert.checks if name not in system.checks)
    if alert.runbook and alert.runbook not in system.runbooks:
        yield f"no runbook named {alert.runbook}"
    if alert.severity not in system.profile.severities:
        yield f"this system has no severity {alert.severity}"


def _clashes(system: System) -> Iterator[str]:
    """What a person types must mean one thing; a group may be called like the target that it reads."""
    spaces = {
        "check": set(system.checks),
        "group or target": set(system.groups()) | set(system.profile.targets),
        "alert": set(system.alerts),
        "runbook": set(system.runbooks),
    }
    seen: dict[str, str] = {"all": "word for everything"}
    for kind, names in spaces.items():
        for name in sorted(names):
            if name in seen:
                yield f"{name} is both a {seen[name]} and a {kind}"
            seen[name] = kind


def _read(path: Path, shape: type[Any]) -> Any:
    try:
        text = path.read_text(encoding="utf-8")
        return shape.model_validate(yaml.load(text, Loader=LOADER))  # noqa: S506 - a safe loader, in C
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from error
    except yaml.YAMLError as error:
        raise ConfigError(f"{path}: not YAML: {error}") from error
    except ValidationError as error:
        node = yaml.compose(text, Loader=LOADER)
        lines = [_complaint(path, node, detail["loc"], detail["msg"]) for detail in error.errors()]
        raise ConfigError("\n".join(lines)) from error


def _complaint(path: Path, node: yaml.Node | None, location: tuple[int | str, ...], message: str) -> str:
    where = ".".join(str(step) for step in location)
    return f"{path}:{_line(node, location)}: {where}: {message}"


def _line(node: yaml.Node | None, location: tuple[int | str, ...]) -> int:
    """The line of the deepest part of the location that stands in the file."""
    line = node.start_mark.line + 1 if node else 1
    for step in location:
        found = _child(node, step)
        if found is None:
            break
        key, node = found
        line = key.start_mark.line + 1
    return line


def _child(node: yaml.Node | None, step: int | str) -> tuple[yaml.Node, yaml.Node] | None:
    if isinstance(node, yaml.MappingNode):
        return next(((key, value) for key, value in node.value if key.value == str(step)), None)
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
        return node.value[step], node.value[step]
    return None
