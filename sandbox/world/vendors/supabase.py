"""Emulator of a Supabase project: auth, the data API, and the parts of the Management API that checks read.

It does not run SQL: it answers the queries it knows by the tables they name.
"""

import secrets
from datetime import UTC, datetime, timedelta
from typing import Any

from aiohttp import web

from sandbox.world.vendors.trouble import Vendor


class Supabase(Vendor):
    """One project; `permissions` are those of the access token."""

    def __init__(self) -> None:
        super().__init__()
        self.key = "sb_publishable_emulated0123456789"
        self.access_token = "sbp_emulated0123456789abcdef0123"  # noqa: S105
        self.project = "abcdefghijklmnopqrst"
        self.permissions = {"database_read", "advisors_read"}
        self.tables = {"messages"}
        self.user, self.password = "synthetic@example.com", secrets.token_hex(12)
        self.has_database = True
        self.has_statistics = True
        self.connections: list[dict[str, Any]] = [
            {"application": "postgrest", "state": "idle", "connections": 12, "limit": 60},
            {"application": "backend", "state": "active", "connections": 3, "limit": 60},
        ]
        self.statements: list[dict[str, Any]] = []
        self.migrations: list[dict[str, Any]] | None = None
        self.lints: dict[str, list[dict[str, Any]]] = {"security": [], "performance": []}

    def routes(self) -> list[web.RouteDef]:
        project = "/v1/projects/{project}"
        return [
            web.get("/auth/v1/health", self._health),
            web.post("/auth/v1/token", self._log_in),
            web.get("/rest/v1/", self._root),
            web.get("/rest/v1/{table}", self._table),
            web.post(f"{project}/database/query/read-only", self._query),
            web.get(f"{project}/advisors/{{kind}}", self._advisors),
        ]

    def _has_key(self, request: web.Request) -> bool:
        return request.headers.get("apikey") == self.key

    async def _health(self, request: web.Request) -> web.Response:
        if not self._has_key(request):
            return web.json_response({"message": "Invalid API key"}, status=401)
        return web.json_response({"version": "v2.170.0", "name": "GoTrue", "description": "emulated"})

    async def _log_in(self, request: web.Request) -> web.Response:
        """One account exists."""
        if not self._has_key(request):
            return web.json_response({"message": "Invalid API key"}, status=401)
        given = await request.json()
        if (given.get("email"), given.get("password")) != (self.user, self.password):
            body = {"error": "invalid_grant", "error_description": "Invalid login credentials"}
            return web.json_response(body, status=400)
        return web.json_response({"access_token": secrets.token_hex(16), "token_type": "bearer", "expires_in": 3600})

    async def _root(self, request: web.Request) -> web.Response:
        """Refused to public keys, as the real one does since 2026."""
        if not self._has_key(request):
            return web.json_response({"message": "Invalid API key"}, status=401)
        return web.json_response({"message": "Access to schema is forbidden"}, status=403)

    async def _table(self, request: web.Request) -> web.Response:
        if not self._has_key(request):
            return web.json_response({"message": "Invalid API key"}, status=401)
        if not self.has_database:
            body = {"code": "PGRST001", "message": "Could not connect with the database due to an internal error."}
            return web.json_response(body, status=503)
        if request.match_info["table"] not in self.tables:
            return web.json_response({"code": "PGRST205", "message": "Could not find the table"}, status=404)
        return web.json_response([])

    def _refusal(self, request: web.Request, permission: str) -> web.Response | None:
        if request.headers.get("Authorization") != f"Bearer {self.access_token}":
            return web.json_response({"message": "Unauthorized"}, status=401)
        if request.match_info["project"] != self.project or permission not in self.permissions:
            return web.json_response({"message": "Forbidden resource"}, status=403)
        return None

    async def _query(self, request: web.Request) -> web.Response:
        if refusal := self._refusal(request, "database_read"):
            return refusal
        query = (await request.json())["query"]
        if "pg_stat_statements" in query:
            if not self.has_statistics:
                message = 'relation "extensions.pg_stat_statements" does not exist'
                return web.json_response({"message": f"Failed to run sql query: {message}"}, status=400)
            return web.json_response(self.statements, status=201)
        if "pg_stat_activity" in query:
            taken = {"taken": str(sum(one["connections"] for one in self.connections))} if "as taken" in query else {}
            return web.json_response([one | taken for one in self.connections[:50]], status=201)
        if "schema_migrations" in query:
            return self._migrations()
        return web.json_response({"message": "Failed to run sql query: not emulated"}, status=400)

    def _migrations(self) -> web.Response:
        """Newest first; a project that never used the command line has no such table."""
        if self.migrations is None:
            message = 'relation "supabase_migrations.schema_migrations" does not exist'
            return web.json_response({"message": f"Failed to run sql query: {message}"}, status=400)
        newest = sorted(self.migrations, key=lambda one: str(one["version"]), reverse=True)
        return web.json_response(newest[:50], status=201)

    def migrate(self, name: str, *, hours: float) -> None:
        """A migration that was written so long ago, and applied."""
        written = datetime.now(UTC) - timedelta(hours=hours)
        self.migrations = [*(self.migrations or []), {"version": f"{written:%Y%m%d%H%M%S}", "name": name}]

    async def _advisors(self, request: web.Request) -> web.Response:
        if refusal := self._refusal(request, "advisors_read"):
            return refusal
        return web.json_response({"lints": self.lints[request.match_info["kind"]]})
