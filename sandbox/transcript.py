"""What people see in the sandbox, as plain text."""

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

_MENTION = re.compile(r"<@([UW][A-Z0-9]+)>")
_DATE = re.compile(r"<!date\^(\d+)\^[^|>]*\|[^>]*>")


class Transcript:
    """Prints each message once, and again when it was edited into something else."""

    def __init__(self, write: Callable[[str], object]) -> None:
        self._write = write
        self._seen: dict[str, str] = {}

    def show(self, state: Mapping[str, Any]) -> None:
        """Print what is new since the last time."""
        for channel in state["channels"]:
            for message in channel["messages"]:
                self._message(channel["name"], message, state)
        names = {user["id"]: user["name"] for user in state["users"]}
        for user, messages in state["ephemerals"].items():
            for number, message in enumerate(messages):
                self._once(f"{user}:{number}:{message['ts']}", f"  (only {names[user]}) ", words_of(message, state))
        for user, views in state["views"].items():
            for view in views:
                self._once(f"{user}:{view['id']}", f"  (form for {names[user]}) ", words_of(view, state))

    def answered(self, who: str, answer: Mapping[str, Any]) -> None:
        """Print an error that Slack itself would show."""
        if answer.get("error"):
            self._write(f"  (only {who}) Slack: {answer['error']}\n")

    def _message(self, channel: str, message: Mapping[str, Any], state: Mapping[str, Any]) -> None:
        is_reply = message.get("thread_ts", message["ts"]) != message["ts"]
        name = next((user["name"] for user in state["users"] if user["id"] == message["user"]), message["user"])
        where = "      ↳ " if is_reply else f"  #{channel} {name}: "
        self._once(f"{channel}:{message['ts']}", where, words_of(message, state))

    def _once(self, key: str, where: str, words: str) -> None:
        if self._seen.get(key) == words:
            return
        mark = "(now) " if key in self._seen else ""
        self._seen[key] = words
        indent = "\n" + " " * len(where)
        self._write(f"{where}{mark}{indent.join(words.splitlines())}\n")


def words_of(shown: Mapping[str, Any], state: Mapping[str, Any]) -> str:
    """A message or form as text: its blocks, buttons in brackets; without blocks, its text."""
    lines = [line for block in shown.get("blocks") or [] for line in _block(block)]
    if title := (shown.get("title") or {}).get("text"):
        lines.insert(0, title)
    return _plain("\n".join(lines) or shown.get("text") or "", state)


def _block(block: Mapping[str, Any]) -> Iterator[str]:
    if text := block.get("text"):
        yield text if isinstance(text, str) else text["text"]  # a markdown block holds plain text
    for field in block.get("fields", []):
        yield field["text"]
    match block["type"]:
        case "actions":
            yield " ".join(f"[{element['text']['text']}]" for element in block["elements"] if "text" in element)
        case "context":
            yield from (element["text"] for element in block["elements"] if "text" in element)
        case "input":
            element = block["element"]
            chosen = (element.get("initial_option") or {}).get("text", {}).get("text", "")
            yield f"{block['label']['text']}: {element.get('initial_value', chosen)}"
        case _:
            pass


def _plain(words: str, state: Mapping[str, Any]) -> str:
    names = {user["id"]: user["name"] for user in state["users"]}
    words = _MENTION.sub(lambda found: f"@{names.get(found[1], found[1])}", words)
    words = _DATE.sub(lambda found: f"{datetime.fromtimestamp(int(found[1]), UTC):%H:%M} UTC", words)
    return words.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
