"""Who would be pinged by a message: a pure reading of its text and blocks."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

_ENTITY = re.compile(
    r"<(?:@(?P<user>[UW][A-Z0-9]+)|!subteam\^(?P<group>S[A-Z0-9]+)|!(?P<range>here|channel|everyone))(?:\|[^>]*)?>"
)
_BARE = re.compile(r"(?<![\w@.])@(here|channel|everyone)\b")

# What a confirmation or a menu entry says is read by who opens it: it pings nobody.
_SILENT_KEYS = frozenset({"confirm", "options", "option_groups", "initial_option", "initial_options"})

Mention = tuple[str, str]


@dataclass(frozen=True)
class Audience:
    """Where the message stands: who is in the channel, who is in a user group."""

    members: Sequence[str]
    group_members: Callable[[str], Sequence[str]]


@dataclass(frozen=True)
class Notified:
    """Everybody who would be pinged, and the broadcasts (here, channel, everyone) among the reasons."""

    user_ids: tuple[str, ...] = ()
    broadcast: tuple[str, ...] = ()


def who_is_notified(
    text: str, blocks: Iterable[Any], audience: Audience, *, names_are_linked: bool = False
) -> Notified:
    """Read a message as Slack does: entities always ping, escaped text never.

    Bare words such as @here ping in top-level text only when names are linked (`link_names`, or `parse` full),
    and in the mrkdwn text of a block unless it is `verbatim`.
    """
    mentions = dict.fromkeys([*_in_mrkdwn(text, bare_words=names_are_linked), *_in_blocks(list(blocks))])
    users: dict[str, None] = {}
    broadcasts: dict[str, None] = {}
    for kind, name in mentions:
        if kind == "user":
            users[name] = None
        elif kind == "group":
            users.update(dict.fromkeys(audience.group_members(name)))
        else:
            broadcasts[name] = None
            users.update(dict.fromkeys(audience.members))
    return Notified(tuple(users), tuple(broadcasts))


def _in_mrkdwn(text: str, *, bare_words: bool) -> Iterator[Mention]:
    for found in _ENTITY.finditer(text):
        kind = str(found.lastgroup)
        yield kind, found[kind]
    if bare_words:
        for found in _BARE.finditer(text):
            yield "range", found[1]


def _in_blocks(node: Any) -> Iterator[Mention]:
    if isinstance(node, list):
        for child in node:
            yield from _in_blocks(child)
    elif isinstance(node, dict):
        yield from _in_object(node)


def _in_object(node: dict[str, Any]) -> Iterator[Mention]:
    match node:
        case {"type": "mrkdwn", "text": str(text)}:
            yield from _in_mrkdwn(text, bare_words=not node.get("verbatim"))
        case {"type": "markdown", "text": str(text)}:
            yield from _in_mrkdwn(text, bare_words=False)
        case {"type": "user", "user_id": str(user)}:
            yield "user", user
        case {"type": "usergroup", "usergroup_id": str(group)}:
            yield "group", group
        case {"type": "broadcast", "range": str(name)}:
            yield "range", name
        case _:
            for key, child in node.items():
                if key not in _SILENT_KEYS:
                    yield from _in_blocks(child)
