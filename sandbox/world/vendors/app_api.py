"""Emulator of the support application's admin API: figures, escalated tickets, keys and customers' settings."""

import hashlib
import json
from typing import Any

from aiohttp import web

from sandbox.world.vendors.trouble import Vendor

_PUBLIC = ("key_id", "company_id", "name", "created_at", "last_used_at", "active")


class AppApi(Vendor):
    """Keys open it: a revoked one is refused from then on. PUT changes only the fields it names."""

    def __init__(self) -> None:
        super().__init__()
        self.token = "sk_emulated_admin_0123456789"  # noqa: S105
        self.keys: dict[str, dict[str, Any]] = {}
        self.companies: dict[str, dict[str, Any]] = {
            "acme": {
                "name": "Acme",
                "custom_instructions": "Always answer in English.",
                "integrations": {"telegram": True, "telegram_token": "123456789:AAEmulatedEmulatedEmulatedEmulated00"},
                "contact": "maria@example.com",
                "crm_dsn": "plainvalue",
                "knowledge_base": ["faq.md", "prices.md"],
            }
        }
        self.figures: dict[str, Any] = {"today": {"messages": 200, "escalated": 30, "resolved": 150}, "waiting": [1, 2]}
        self.tickets: list[dict[str, Any]] = []
        self.health: dict[str, Any] = {"status": "ok"}
        """What `/health` tells anybody."""
        self.figures_at: dict[str, Any] = {}
        """Further figures, by their path."""
        self.has_etags = True
        self.ignores_writes = False
        """PUT and DELETE answer well and do nothing."""
        self.forgets_others = False
        """PUT replaces the whole record, as some applications do."""
        self.answers: dict[str, str] = {"": "Olá! Em que posso ajudar?"}
        """What customers are told, by a word of their question; the last one that fits."""
        self.thinks: int | None = 1
        """How often an answer is looked up before it is there; 0 puts it into the reply, None stands for never."""
        self.messages: list[dict[str, Any]] = []
        """What customers wrote, with how often its answer was looked up."""
        self.add_key("key-admin", "plantao", self.token)

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/api/metrics", self._figures),
            web.get("/api/tickets", self._tickets),
            web.get("/api/keys", self._keys),
            web.get("/health", self._health),
            web.delete("/api/keys/{key}", self._revoke),
            web.get("/api/companies/{company}", self._company),
            web.put("/api/companies/{company}", self._update),
            web.post("/api/ingest-message", self._ingest),
            web.get("/api/ingest-message/{number}", self._message),
            web.get("/{path:.*}", self._further),
        ]

    def add_key(self, key_id: str, company: str, value: str, *, used: str | None = None) -> None:
        """A valid key that may read and write."""
        self.keys[key_id] = {
            "key_id": key_id,
            "company_id": company,
            "value": value,
            "name": "emulated",
            "created_at": "2026-01-05T12:00:00Z",
            "last_used_at": used,
            "active": True,
            "permissions": {"read", "write"},
        }

    def accepts(self, value: str) -> bool:
        """Whether a key with this value opens the API."""
        return any(key["value"] == value and key["active"] for key in self.keys.values())

    def _demand_key(self, request: web.Request) -> None:
        value = request.headers.get("X-API-Key", "")
        if not self.accepts(value):
            raise web.HTTPUnauthorized(text=json.dumps({"detail": "Invalid API key"}), content_type="application/json")
        key = next(one for one in self.keys.values() if one["value"] == value)
        if ("read" if request.method == "GET" else "write") not in key["permissions"]:
            raise web.HTTPForbidden(text=json.dumps({"detail": "Not permitted"}), content_type="application/json")

    async def _figures(self, request: web.Request) -> web.Response:
        self._demand_key(request)
        return web.json_response(self.figures)

    async def _health(self, _request: web.Request) -> web.Response:
        return web.json_response(self.health, status=200 if self.health["status"] == "ok" else 503)

    async def _further(self, request: web.Request) -> web.Response:
        self._demand_key(request)
        path = f"/{request.match_info['path']}"
        if path not in self.figures_at:
            return web.json_response({"detail": "Not found"}, status=404)
        return web.json_response(self.figures_at[path])

    async def _tickets(self, request: web.Request) -> web.Response:
        self._demand_key(request)
        status = request.query.get("status")
        return web.json_response({"tickets": [one for one in self.tickets if status in (None, one.get("status"))]})

    async def _keys(self, request: web.Request) -> web.Response:
        self._demand_key(request)
        return web.json_response([{name: key[name] for name in _PUBLIC} for key in self.keys.values()])

    async def _revoke(self, request: web.Request) -> web.Response:
        self._demand_key(request)
        key = self.keys.get(request.match_info["key"])
        if key is None or not key["active"]:
            return web.json_response({"detail": "Not found"}, status=404)
        key["active"] = self.ignores_writes
        return web.Response(status=204)

    def _found(self, request: web.Request) -> dict[str, Any]:
        self._demand_key(request)
        try:
            return self.companies[request.match_info["company"]]
        except KeyError:
            body = json.dumps({"detail": "Company not found"})
            raise web.HTTPNotFound(text=body, content_type="application/json") from None

    async def _ingest(self, request: web.Request) -> web.Response:
        self._demand_key(request)
        message: dict[str, Any] = await request.json()
        if message["company_id"] not in self.companies:
            return web.json_response({"detail": "Company not found"}, status=404)
        self.messages.append({**message, "looks": 0})
        if self.thinks == 0:
            return web.json_response({"answer": self._answer(message["message"])})
        return web.json_response({"message_id": f"m{len(self.messages)}", "status": "queued"}, status=202)

    async def _message(self, request: web.Request) -> web.Response:
        self._demand_key(request)
        message = self.messages[int(request.match_info["number"][1:]) - 1]
        message["looks"] += 1
        if self.thinks is None or message["looks"] <= self.thinks:
            return web.json_response({"status": "processing", "answer": None})
        return web.json_response({"status": "answered", "answer": self._answer(message["message"])})

    def _answer(self, question: str) -> str:
        return [answer for word, answer in self.answers.items() if word in question][-1]

    async def _company(self, request: web.Request) -> web.Response:
        company = self._found(request)
        return web.json_response(company, headers={"ETag": _etag(company)} if self.has_etags else {})

    async def _update(self, request: web.Request) -> web.Response:
        company = self._found(request)
        if self.has_etags and request.headers.get("If-Match", _etag(company)) != _etag(company):
            return web.json_response({"detail": "Changed meanwhile"}, status=412)
        if self.forgets_others:
            company.clear()
        company.update({} if self.ignores_writes else await request.json())
        return web.json_response(company)


def _etag(company: dict[str, Any]) -> str:
    return f'"{hashlib.sha256(json.dumps(company, sort_keys=True).encode()).hexdigest()[:16]}"'
