"""An emulated part of the MongoDB Atlas Administration API: snapshots of one cluster, behind digest authentication."""

import hashlib
import re
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from aiohttp import web

from sandbox.world.listening import listen

_REALM = "MMS Public API"
_FIELD = re.compile(r'(\w+)=(?:"([^"]*)"|([^,\s]+))')


@dataclass
class Atlas:
    """The keys that open it, and the snapshots it tells of; `forbidden` answers 403 to right keys."""

    url: str = ""
    public_key: str = "emulated"
    private_key: str = field(default_factory=lambda: secrets.token_hex(16))
    project: str = "5f0000000000000000000001"
    cluster: str = "prod"
    forbidden: bool = False
    snapshots: list[dict[str, Any]] = field(default_factory=list)
    _nonce: str = field(default_factory=lambda: secrets.token_hex(12))

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

    async def answer(self, request: web.Request) -> web.Response:
        if not self._is_right(request):
            challenge = (
                f'Digest realm="{_REALM}", domain="", nonce="{self._nonce}", algorithm=MD5, qop="auth", stale=false'
            )
            return web.json_response({"error": 401}, status=401, headers={"WWW-Authenticate": challenge})
        if self.forbidden:
            return web.json_response({"error": 403, "errorCode": "USER_UNAUTHORIZED"}, status=403)
        if "atlas" not in request.headers.get("Accept", ""):
            return web.json_response({"error": 406, "errorCode": "INVALID_VERSION_DATE"}, status=406)
        if (request.match_info["project"], request.match_info["cluster"]) != (self.project, self.cluster):
            return web.json_response({"error": 404, "errorCode": "CLUSTER_NOT_FOUND"}, status=404)
        newest_first = sorted(self.snapshots, key=lambda one: str(one["createdAt"]), reverse=True)
        return web.json_response({"results": newest_first, "totalCount": len(newest_first)})

    def _is_right(self, request: web.Request) -> bool:
        """Digest authentication with `qop=auth` (RFC 2617)."""
        header = request.headers.get("Authorization", "")
        given = {name: quoted or bare for name, quoted, bare in _FIELD.findall(header.partition(" ")[2])}
        if given.get("username") != self.public_key or given.get("nonce") != self._nonce:
            return False
        secret = _md5(f"{self.public_key}:{_REALM}:{self.private_key}")
        asked = _md5(f"{request.method}:{given.get('uri')}")
        middle = f"{self._nonce}:{given.get('nc')}:{given.get('cnonce')}:{given.get('qop')}"
        return given.get("response") == _md5(f"{secret}:{middle}:{asked}")


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


@asynccontextmanager
async def open_atlas() -> AsyncIterator[Atlas]:
    """The API on a free loopback port."""
    atlas = Atlas()
    app = web.Application()
    app.router.add_get("/api/atlas/v2/groups/{project}/clusters/{cluster}/backup/snapshots", atlas.answer)
    async with listen(app) as url:
        atlas.url = url
        yield atlas
