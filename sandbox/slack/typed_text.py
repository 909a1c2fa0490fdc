"""What Slack's client makes of the words a person types, before the app sees them."""

import re

from .workspace import Workspace

_WORD = re.compile(r"(?<![\w@#/.&;])(?P<sign>[@#])(?P<name>[\w.-]*\w)")
_ENTITY = re.compile(r"&lt;([@#!][^&\s]+?)&gt;")
_BROADCASTS = frozenset({"here", "channel", "everyone"})


def escape(text: str) -> str:
    """Slack's three control characters, and nothing else."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def typed_command(workspace: Workspace, text: str, *, should_escape: bool) -> str:
    """The `text` of a slash command: with `should_escape`, names that exist arrive as entities with labels."""
    escaped = escape(text)
    if not should_escape:
        return escaped
    return _WORD.sub(lambda found: _entity(workspace, found, labelled=True), escaped)


def typed_message(workspace: Workspace, text: str) -> str:
    """A message: names become entities; an entity written out stands for a name picked from the client's menu."""
    escaped = _ENTITY.sub(r"<\1>", escape(text))
    return _WORD.sub(lambda found: _entity(workspace, found, labelled=False), escaped)


def _entity(workspace: Workspace, found: re.Match[str], *, labelled: bool) -> str:
    name = found["name"]
    if found["sign"] == "#":
        return _channel_entity(workspace, name, labelled=labelled) or found[0]
    if name in _BROADCASTS:
        return f"<!{name}>"
    if name in workspace.user_ids:
        return f"<@{workspace.user_ids[name]}|{name}>" if labelled else f"<@{workspace.user_ids[name]}>"
    group = next((group.id for group in workspace.usergroups.values() if group.handle == name), None)
    return f"<!subteam^{group}|@{name}>" if group else found[0]


def _channel_entity(workspace: Workspace, name: str, *, labelled: bool) -> str | None:
    """A private channel arrives with an empty label, as on Slack."""
    channel_id = workspace.channel_ids.get(name)
    if channel_id is None:
        return None
    label = "" if workspace.channels[channel_id].is_private else name
    return f"<#{channel_id}|{label}>" if labelled else f"<#{channel_id}>"
