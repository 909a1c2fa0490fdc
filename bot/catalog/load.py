"""Reads a catalog folder; every complaint names the file and the line."""

from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ValidationError

from bot.catalog.system import Action, Catalog, Check, Profile, System
from bot.core.errors import ConfigError


class CheckFile(BaseModel):
    """checks.yml"""

    checks: dict[str, Check]


class ActionFile(BaseModel):
    """actions.yml"""

    actions: dict[str, Action]


def load(folder: Path) -> Catalog:
    """Load all systems below a folder, in alphabetical order; raises ConfigError on the first file that is wrong."""
    profiles = sorted(folder.glob("*/system.yml"))
    if not profiles:
        raise ConfigError(f"{folder}: no system found; a system is a folder with a system.yml")
    systems = [load_system(path.parent) for path in profiles]
    return Catalog(systems={system.id: system for system in systems})


def load_system(folder: Path) -> System:
    """Load one system and resolve its references."""
    profile = _read(folder / "system.yml", Profile)
    checks = _read(folder / "checks.yml", CheckFile).checks
    actions = _read(folder / "actions.yml", ActionFile).actions if (folder / "actions.yml").exists() else {}
    system = System(
        id=folder.name,
        profile=profile,
        checks={name: check.model_copy(update={"name": name}) for name, check in checks.items()},
        actions={name: action.model_copy(update={"name": name}) for name, action in actions.items()},
    )
    complaints = broken_references(system)
    if complaints:
        raise ConfigError("\n".join(f"{folder}: {complaint}" for complaint in complaints))
    return system


def broken_references(system: System) -> list[str]:
    """Names that point nowhere: targets, verifying checks, approving roles, doubled services."""
    complaints = [
        f"checks.yml: {check.name}: no target named {check.target}"
        for check in system.checks.values()
        if check.target not in system.profile.targets
    ]
    clashes = set(system.groups()) & set(system.checks)
    complaints += [f"checks.yml: {name} is both a check and a group" for name in sorted(clashes)]
    for action in system.actions.values():
        complaints += [f"actions.yml: {action.name}: {complaint}" for complaint in _broken_action(system, action)]
    return complaints


def _broken_action(system: System, action: Action) -> list[str]:
    complaints = [] if action.target in system.profile.targets else [f"no target named {action.target}"]
    complaints += [f"verify: no check named {name}" for name in action.verify if name not in system.checks]
    complaints += [
        f"approve: no role named {role}" for role in action.approve.roles if role not in system.profile.roles
    ]
    return complaints


def _read(path: Path, shape: type[Any]) -> Any:
    try:
        text = path.read_text(encoding="utf-8")
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        return shape.model_validate(yaml.safe_load(text))
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from error
    except yaml.YAMLError as error:
        raise ConfigError(f"{path}: not YAML: {error}") from error
    except ValidationError as error:
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
