"""An EMULATOR of Elasticsearch's search: lines in indices, and the one form of search that counts words in them.

Words are found as the standard analyser finds them: whole words, without regard to case.
"""

import re
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatch
from typing import Any, Final

from aiohttp import web

from sandbox.world.listening import listen
from sandbox.world.observability.front import Front, guarded

KEY = "ZW11bGF0ZWQ6cmVhZC1vbmx5"  # opens nothing but this emulator
_AGO: Final = re.compile(r"now-(\d+)d")


@dataclass
class Line:
    """One document of a log."""

    message: str
    at: datetime
    index: str = "logs-agente-api"
    labels: Mapping[str, str] = field(default_factory=dict)

    def has(self, clause: Mapping[str, Any], now: datetime) -> bool:
        [(kind, wanted)] = clause.items()
        match kind:
            case "match_phrase":
                return _has_phrase(_tokens(self.message), _tokens(wanted["message"]))
            case "term":
                [(name, value)] = wanted.items()
                return self.labels.get(name, "") == str(value)
            case "range":
                [bounds] = wanted.values()
                return self.at >= now - _ago(bounds["gte"])
            case "bool":
                any_of, all_of = wanted.get("should", ()), wanted.get("filter", ())
                is_one = not any_of or any(self.has(one, now) for one in any_of)
                return is_one and all(self.has(one, now) for one in all_of)
            case _:
                raise KeyError(kind)


class Elasticsearch:
    """`lines` are what it stores; `failed_shards` is how many parts do not answer, `is_slow` that time ran out."""

    key = KEY

    def __init__(self) -> None:
        self.url = ""
        self.front = Front(tokens={KEY: frozenset({"read"})}, scheme="ApiKey ")
        self.lines: list[Line] = []
        self.failed_shards = 0
        self.is_slow = False

    def write(self, *messages: str, days_ago: float = 0.0, index: str = "logs-agente-api", **labels: str) -> None:
        """Lines of one moment, in the order of their messages."""
        at = datetime.now(UTC) - timedelta(days=days_ago)
        self.lines += [Line(message, at, index, labels) for message in messages]

    def application(self) -> web.Application:
        app = guarded(self.front, {"POST /": "read"}, _refuse)
        app.add_routes([web.post("/{index}/_search", self._search)])
        return app

    async def _search(self, request: web.Request) -> web.Response:
        names, body = request.match_info["index"].split(","), await request.json()
        known = {line.index for line in self.lines}
        if any("*" not in name and name not in known for name in names):
            return _refuse(404, f"no such index [{request.match_info['index']}]")
        there = [line for line in self.lines if any(fnmatch(line.index, name) for name in names)]
        if not there:  # no index fits: without shards there are no aggregations either
            nothing = {"total": 0, "successful": 0, "failed": 0}
            return web.json_response({"took": 0, "timed_out": False, "_shards": nothing, "hits": {"hits": []}})
        now = datetime.now(UTC)
        try:
            return web.json_response(self._found([line for line in there if line.has(body["query"], now)], body, now))
        except (KeyError, TypeError, ValueError):
            return _refuse(400, "parsing_exception")

    def _found(self, lines: Sequence[Line], body: Mapping[str, Any], now: datetime) -> dict[str, Any]:
        asked = body["aggs"]
        wanted = [line for line in lines if line.has(body["post_filter"], now)]
        newest = sorted(wanted, key=lambda line: line.at, reverse=True)[: body["size"]]
        oldest = min((line.at.timestamp() * 1000 for line in lines), default=None)
        buckets = {
            name: {"doc_count": sum(line.has(clause, now) for line in lines)}
            for name, clause in asked["words"]["filters"]["filters"].items()
        }
        return {
            "took": 3,
            "timed_out": self.is_slow,
            "_shards": {"total": 5, "successful": 5 - self.failed_shards, "failed": self.failed_shards},
            "hits": {"hits": [{"_index": line.index, "fields": _fields(line)} for line in newest]},
            "aggregations": {
                "any": {"doc_count": sum(line.has(asked["any"]["filter"], now) for line in lines)},
                "words": {"buckets": buckets},
                "oldest": {"value": oldest},
            },
        }


def _ago(words: str) -> timedelta:
    asked = _AGO.fullmatch(words)
    if asked is None:
        raise ValueError(words)
    return timedelta(days=int(asked[1]))


def _fields(line: Line) -> dict[str, list[str]]:
    return {"message": [line.message], "@timestamp": [line.at.isoformat()]}


def _tokens(text: str) -> list[str]:
    return re.findall(r"\w+", text.lower())


def _has_phrase(words: list[str], phrase: list[str]) -> bool:
    size = len(phrase)
    return any(words[place : place + size] == phrase for place in range(len(words) - size + 1))


def _refuse(status: int, words: str) -> web.Response:
    return web.json_response({"error": {"type": "exception", "reason": words}, "status": status}, status=status)


@asynccontextmanager
async def open_elasticsearch() -> AsyncIterator[Elasticsearch]:
    """An emulated Elasticsearch without documents, and one key that may read."""
    emulator = Elasticsearch()
    async with listen(emulator.application()) as url:
        emulator.url = url
        yield emulator
