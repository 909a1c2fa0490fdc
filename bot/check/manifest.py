"""The app manifest against the code, in both directions; and its variant for HTTP."""

from collections.abc import Collection, Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import yaml

from bot.check.complaint import Complaint
from bot.core.errors import ConfigError
from bot.settings import HERE
from bot.slack import scopes
from bot.slack.home import EVENTS
from bot.slack.mentions import EVENT as MENTION
from bot.slack.submissions import SHORTCUTS
from commands import COMMANDS

FILE = HERE / "manifest.yml"
ENDPOINT = "/slack/events"


def read_manifest(path: Path = FILE) -> dict[str, Any]:
    """The manifest as it is sent to Slack; raises ConfigError where it cannot be read."""
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as error:
        raise ConfigError(f"{path}: {error}") from error
    if not isinstance(document, dict):
        raise ConfigError(f"{path}: a manifest is a mapping")
    return document


def manifest_complaints(document: Mapping[str, Any]) -> list[Complaint]:
    """What the manifest promises and the code does not bind, and the reverse."""
    return [
        *_compare("command", COMMANDS.keys(), commands_of(document), "COMMANDS in commands/__init__.py"),
        *_compare("shortcut", SHORTCUTS.keys(), shortcuts_of(document), "SHORTCUTS in bot/slack/submissions.py"),
        *_compare("event", {*EVENTS, MENTION}, events_of(document), "EVENTS in bot/slack/home.py"),
        *_compare("scope", scopes.needed(), scopes_of(document), "the tables in bot/slack/scopes.py"),
        *_events_without_scopes({*EVENTS, MENTION}),
        *_doubles(document),
    ]


def commands_of(document: Mapping[str, Any]) -> list[str]:
    return [row["command"] for row in _part(document, "features").get("slash_commands", [])]


def shortcuts_of(document: Mapping[str, Any]) -> list[str]:
    return [row["callback_id"] for row in _part(document, "features").get("shortcuts", [])]


def events_of(document: Mapping[str, Any]) -> list[str]:
    events: list[str] = _part(document, "settings", "event_subscriptions").get("bot_events", [])
    return events


def scopes_of(document: Mapping[str, Any]) -> list[str]:
    named: list[str] = _part(document, "oauth_config", "scopes").get("bot", [])
    return named


def http_manifest(document: Mapping[str, Any], url: str) -> dict[str, Any]:
    """The manifest for HTTP; raises ConfigError on an address that Slack would not take."""
    address = _endpoint(url)
    changed = deepcopy(dict(document))
    for row in changed["features"]["slash_commands"]:
        row["url"] = address
    settings = changed["settings"]
    settings["event_subscriptions"] = {"request_url": address, **settings["event_subscriptions"]}
    settings["interactivity"] = {"is_enabled": True, "request_url": address}
    settings["socket_mode_enabled"] = False
    return changed


def _endpoint(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme != "https" or not parts.hostname:
        raise ConfigError(f"--manifest-http: {url!r} is no https address; Slack posts to nothing else")
    if parts.query or parts.fragment or parts.username:
        raise ConfigError("--manifest-http: give the address without user, query and fragment")
    path = parts.path.rstrip("/")
    return urlunsplit(parts._replace(path=path if path.endswith(ENDPOINT) else f"{path}{ENDPOINT}"))


def _compare(what: str, code: Collection[str], manifest: Collection[str], table: str) -> list[Complaint]:
    return [
        *(
            Complaint(
                f"manifest.{what}", f"manifest.yml lacks the {what} {name}", f"Add it, or remove it from {table}."
            )
            for name in sorted(set(code) - set(manifest))
        ),
        *(
            Complaint(f"manifest.{what}", f"manifest.yml has the {what} {name}, which nothing in the code needs", hint)
            for name in sorted(set(manifest) - set(code))
            for hint in [f"Remove it, or add it to {table}."]
        ),
    ]


def _events_without_scopes(events: Collection[str]) -> list[Complaint]:
    return [
        Complaint(
            "manifest.scope", f"nobody says which scopes the event {name} needs", "Add it to bot/slack/scopes.py."
        )
        for name in events
        if name not in scopes.EVENTS
    ]


def _doubles(document: Mapping[str, Any]) -> list[Complaint]:
    named = [*commands_of(document), *shortcuts_of(document), *events_of(document), *scopes_of(document)]
    doubled = sorted({name for name in named if named.count(name) > 1})
    return [Complaint("manifest.double", f"manifest.yml names {name} twice", "Remove one.") for name in doubled]


def _part(document: Mapping[str, Any], *path: str) -> Mapping[str, Any]:
    part = document
    for step in path:
        part = part.get(step) or {}
    return part
