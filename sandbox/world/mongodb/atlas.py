"""An emulated part of the MongoDB Atlas Administration API, behind digest authentication: one cluster's snapshots,
its processes, and what the Performance Advisor says of the primary. Written from its published reference, which tells
that a second snapshot is refused while one is under way, but not with which code."""

import hashlib
import json
import re
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from time import monotonic
from typing import Any

from aiohttp import web

from sandbox.world.listening import listen

_REALM = "MMS Public API"
_FIELD = re.compile(r'(\w+)=(?:"([^"]*)"|([^,\s]+))')


@dataclass
class Atlas:
    """The keys that open it, and what it tells of; `forbidden` refuses right keys, `advises` is their role for it.

    Only the second key may take snapshots; each state of one lasts `pace` seconds, and the last is `ends`.
    `accepted` is how it says yes; `lose_answers` and `lose_requests` count broken connections, after the change and
    before it.
    """

    url: str = ""
    public_key: str = "emulated"
    private_key: str = field(default_factory=lambda: secrets.token_hex(16))
    backup_public_key: str = "emulated-backup"
    backup_private_key: str = field(default_factory=lambda: secrets.token_hex(16))
    pace: float = 0.05
    ends: str = "completed"
    lose_answers: int = 0
    lose_requests: int = 0
    taken: int = 0
    accepted: int = 200
    project: str = "5f0000000000000000000001"
    cluster: str = "prod"
    forbidden: bool = False
    advises: bool = True
    snapshots: list[dict[str, Any]] = field(default_factory=list)
    slow: list[dict[str, Any]] = field(default_factory=list)
    suggested: list[dict[str, Any]] = field(default_factory=list)
    shapes: list[dict[str, Any]] = field(default_factory=list)
    advised: set[str] = field(default_factory=set)
    _nonce: str = field(default_factory=lambda: secrets.token_hex(12))

    @property
    def primary(self) -> str:
        return f"{self.cluster}-shard-00-01.ab1cd.mongodb.net:27017"

    def add_snapshot(self, at: datetime, status: str = "completed") -> None:
        shown = at.strftime("%Y-%m-%dT%H:%M:%SZ")
        self.snapshots.append(
            {
                "id": secrets.token_hex(12),
                "createdAt": shown,
                "status": status,
                "type": "replicaSet",
                "frequencyType": "daily",
            }
        )

    def settle(self) -> None:
        """Let every snapshot that was asked for be where the clock says it is."""
        for one in self.snapshots:
            if one["status"] in ("queued", "inProgress") and "begun" in one:
                steps = ("queued", "inProgress", self.ends)
                one["status"] = steps[min(2, int((monotonic() - one["begun"]) / self.pace))]

    def add_slow(self, namespace: str, millis: int, plan: str, command: dict[str, Any]) -> None:
        """A slow query, as the server's log has it."""
        told = {"type": "command", "ns": namespace, "command": command, "planSummary": plan, "docsExamined": 5000}
        now = datetime.now(UTC)
        line = {"t": {"$date": now.isoformat()}, "c": "COMMAND", "msg": "Slow query"}
        attributes = {**told, "nreturned": 3, "durationMillis": millis}
        written = json.dumps({**line, "attr": attributes})
        self.slow.append({"namespace": namespace, "line": written, "at": now.timestamp() * 1000})

    def suggest(self, namespace: str, keys: dict[str, int], count: int, mean_ms: float) -> None:
        """An index that would have helped so many queries."""
        shape = secrets.token_hex(12)
        self.shapes.append({"id": shape, "namespace": namespace, "count": count, "avgMs": mean_ms})
        index = [{field: order} for field, order in keys.items()]
        self.suggested.append({"id": secrets.token_hex(12), "namespace": namespace, "index": index, "impact": [shape]})

    async def backups(self, request: web.Request) -> web.Response:
        self._demand_cluster(request)
        newest_first = [_shown(one) for one in sorted(self.snapshots, key=_created, reverse=True)]
        return web.json_response({"results": newest_first, "totalCount": len(newest_first)})

    async def backup(self, request: web.Request) -> web.Response:
        self._demand_cluster(request)
        for one in self.snapshots:
            if one["id"] == request.match_info["snapshot"]:
                return web.json_response(_shown(one))
        raise _refused(404, "RESOURCE_NOT_FOUND")

    async def take(self, request: web.Request) -> web.Response:
        self._demand_cluster(request)
        if self.backup_public_key not in request.headers["Authorization"]:
            raise _refused(403, "USER_UNAUTHORIZED")
        if any(one["status"] in ("queued", "inProgress") for one in self.snapshots):
            raise _refused(409, "SNAPSHOT_UNDER_WAY")
        if self.lose_requests:
            self.lose_requests -= 1
            return _hang_up(request)
        wish, now = await request.json(), datetime.now(UTC)
        self.add_snapshot(now, "queued")
        kept = {"expiresAt": (now + timedelta(days=int(wish["retentionInDays"]))).strftime("%Y-%m-%dT%H:%M:%SZ")}
        told = {"description": str(wish["description"]), "snapshotType": "onDemand", "storageSizeBytes": 734_003_200}
        self.snapshots[-1] |= {**kept, **told, "begun": monotonic()}
        self.taken += 1
        if self.lose_answers:
            self.lose_answers -= 1
            return _hang_up(request)
        return web.json_response(_shown(self.snapshots[-1]), status=self.accepted)

    async def processes(self, request: web.Request) -> web.Response:
        self._demand(request)
        named = {
            f"{self.cluster}-shard-00-00": "REPLICA_SECONDARY",
            f"{self.cluster}-shard-00-01": "REPLICA_PRIMARY",
            f"{self.cluster}-eu-shard-00-00": "REPLICA_PRIMARY",
        }
        hosts = {f"{name}.ab1cd.mongodb.net": kind for name, kind in named.items()}
        found = [
            {"id": f"{host}:27017", "hostname": host, "port": 27017, "userAlias": host, "typeName": kind}
            for host, kind in hosts.items()
        ]
        return web.json_response({"results": found, "totalCount": len(found)})

    async def advice(self, request: web.Request) -> web.Response:
        self._demand(request)
        if not self.advises:
            raise _refused(403, "USER_UNAUTHORIZED")
        self.advised.add(request.match_info["process"])
        is_primary = request.match_info["process"] == self.primary
        if request.match_info["kind"] == "suggestedIndexes":
            told = {"shapes": self.shapes, "suggestedIndexes": self.suggested}
            return web.json_response(told if is_primary else {"shapes": [], "suggestedIndexes": []})
        since, most = float(request.query["since"]), int(request.query["nLogs"])
        lines = [{key: one[key] for key in ("namespace", "line")} for one in self.slow if one["at"] >= since]
        return web.json_response({"slowQueries": lines[:most] if is_primary else []})

    def _demand_cluster(self, request: web.Request) -> None:
        self._demand(request)
        if request.match_info["cluster"] != self.cluster:
            raise _refused(404, "CLUSTER_NOT_FOUND")
        self.settle()

    def _demand(self, request: web.Request) -> None:
        if not self._is_right(request):
            challenge = (
                f'Digest realm="{_REALM}", domain="", nonce="{self._nonce}", algorithm=MD5, qop="auth", stale=false'
            )
            body = json.dumps({"error": 401})
            raise web.HTTPUnauthorized(
                text=body, content_type="application/json", headers={"WWW-Authenticate": challenge}
            )
        if self.forbidden:
            raise _refused(403, "USER_UNAUTHORIZED")
        if "atlas" not in request.headers.get("Accept", ""):
            raise _refused(406, "INVALID_VERSION_DATE")
        if request.match_info["project"] != self.project:
            raise _refused(404, "GROUP_NOT_FOUND")

    def _is_right(self, request: web.Request) -> bool:
        """Digest authentication with `qop=auth` (RFC 2617)."""
        header = request.headers.get("Authorization", "")
        given = {name: quoted or bare for name, quoted, bare in _FIELD.findall(header.partition(" ")[2])}
        keys = {self.public_key: self.private_key, self.backup_public_key: self.backup_private_key}
        name = given.get("username") or ""
        if name not in keys or given.get("nonce") != self._nonce:
            return False
        secret = _md5(f"{name}:{_REALM}:{keys[name]}")
        asked = _md5(f"{request.method}:{given.get('uri')}")
        middle = f"{self._nonce}:{given.get('nc')}:{given.get('cnonce')}:{given.get('qop')}"
        return given.get("response") == _md5(f"{secret}:{middle}:{asked}")


_STATUSES = {403: web.HTTPForbidden, 404: web.HTTPNotFound, 406: web.HTTPNotAcceptable, 409: web.HTTPConflict}


def _created(snapshot: dict[str, Any]) -> str:
    return str(snapshot["createdAt"])


def _shown(snapshot: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in snapshot.items() if name != "begun"}


def _hang_up(request: web.Request) -> web.Response:
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


def _refused(status: int, code: str) -> web.HTTPException:
    body = json.dumps({"error": status, "errorCode": code})
    return _STATUSES[status](text=body, content_type="application/json")


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


@asynccontextmanager
async def open_atlas(pace: float = 0.05) -> AsyncIterator[Atlas]:
    """The API on a free loopback port."""
    atlas = Atlas(pace=pace)
    app = web.Application()
    project = "/api/atlas/v2/groups/{project}"
    app.router.add_get(f"{project}/clusters/{{cluster}}/backup/snapshots", atlas.backups)
    app.router.add_post(f"{project}/clusters/{{cluster}}/backup/snapshots", atlas.take)
    app.router.add_get(f"{project}/clusters/{{cluster}}/backup/snapshots/{{snapshot}}", atlas.backup)
    app.router.add_get(f"{project}/processes", atlas.processes)
    app.router.add_get(f"{project}/processes/{{process}}/performanceAdvisor/{{kind}}", atlas.advice)
    async with listen(app) as url:
        atlas.url = url
        yield atlas
