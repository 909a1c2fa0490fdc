"""Emulator of an LLM vendor's API: models, one-token completions with rate-limit headers, costs for admin keys."""

from typing import Any, Final, Literal

from aiohttp import web

from sandbox.world.vendors.trouble import Vendor

_PREFIX: Final = {"openai": "/v1", "groq": "/openai/v1", "anthropic": "/v1"}


class Llm(Vendor):
    """OpenAI, Groq or Anthropic; the header names and error shapes are those of each."""

    def __init__(self, kind: Literal["openai", "groq", "anthropic"]) -> None:
        super().__init__()
        self.kind = kind
        self.key = "sk-emulated-0123456789abcdef"
        self.admin_key = "sk-admin-emulated-0123456789"
        self.key_scopes = {"api.model.read", "model.request"}
        self.admin_scopes = {"api.usage.read"}
        self.limit_requests, self.remaining_requests = 500, 499
        self.limit_tokens, self.remaining_tokens = 40_000, 39_000
        self.is_out_of_quota = False
        self.models = {"emulated-1", "emulated-2"}
        self.costs: list[float] = [1.5, 2.25]
        self.calls: list[int] = [410, 386, 402]

    def routes(self) -> list[web.RouteDef]:
        prefix = _PREFIX[self.kind]
        completions = "/messages" if self.kind == "anthropic" else "/chat/completions"
        return [
            web.get(f"{prefix}/models", self._models),
            web.post(f"{prefix}{completions}", self._completion),
            web.get("/v1/organization/costs", self._openai_costs),
            web.get("/v1/organization/usage/completions", self._openai_calls),
            web.get("/v1/organizations/cost_report", self._anthropic_costs),
            web.get("/health", self._nothing),
        ]

    def rotate(self, key: str) -> None:
        """A new key; the old one is refused from now on."""
        self.key = key

    def _is_allowed(self, request: web.Request, key: str) -> bool:
        if self.kind == "anthropic":
            return request.headers.get("x-api-key") == key and "anthropic-version" in request.headers
        return request.headers.get("Authorization") == f"Bearer {key}"

    async def _models(self, request: web.Request) -> web.Response:
        """No limits are told here, as with the real ones."""
        if not self._is_allowed(request, self.key):
            return self._error(401, "invalid_api_key", f"Incorrect API key provided: {_sent(request)}")
        if "api.model.read" not in self.key_scopes:
            return self._error(403, "missing_scope", "Missing scopes: api.model.read")
        return web.json_response({"object": "list", "data": [{"id": name} for name in sorted(self.models)]})

    async def _completion(self, request: web.Request) -> web.Response:
        body = await request.json()
        if not self._is_allowed(request, self.key):
            return self._error(401, "invalid_api_key", f"Incorrect API key provided: {_sent(request)}")
        if "model.request" not in self.key_scopes:
            return self._error(403, "missing_scope", "Missing scopes: model.request")
        if self.is_out_of_quota:
            return self._error(429, "insufficient_quota", "You exceeded your current quota.")
        if body["model"] not in self.models:
            return self._error(404, "model_not_found", f"The model `{body['model']}` does not exist")
        if self.remaining_requests == 0:
            return self._error(429, "rate_limit_exceeded", "Rate limit reached", {"Retry-After": "20"} | self._limits())
        self.remaining_requests -= 1
        return web.json_response({"id": "emulated", "choices": []}, headers=self._limits())

    def _limits(self) -> dict[str, str]:
        told = {
            ("limit", "requests"): self.limit_requests,
            ("remaining", "requests"): self.remaining_requests,
            ("limit", "tokens"): self.limit_tokens,
            ("remaining", "tokens"): self.remaining_tokens,
        }
        form = "anthropic-ratelimit-{what}-{part}" if self.kind == "anthropic" else "x-ratelimit-{part}-{what}"
        return {form.format(part=part, what=what): str(value) for (part, what), value in told.items()}

    async def _openai_costs(self, request: web.Request) -> web.Response:
        if not self._is_allowed(request, self.admin_key) or "api.usage.read" not in self.admin_scopes:
            return self._error(403, "missing_scope", "Missing scopes: api.usage.read")
        days = [[{"amount": {"value": cost, "currency": "usd"}}] for cost in self.costs]
        return web.json_response({"object": "page", "data": [{"results": day} for day in days], "has_more": False})

    async def _openai_calls(self, request: web.Request) -> web.Response:
        """By hour; one bucket an hour, without results where there were none."""
        if not self._is_allowed(request, self.admin_key) or "api.usage.read" not in self.admin_scopes:
            return self._error(403, "missing_scope", "Missing scopes: api.usage.read")
        if request.query.get("bucket_width") != "1h":
            return self._error(400, "invalid_request", "bucket_width")
        hours = [[{"num_model_requests": count}] if count else [] for count in self.calls]
        return web.json_response({"object": "page", "data": [{"results": hour} for hour in hours], "has_more": False})

    async def _anthropic_costs(self, request: web.Request) -> web.Response:
        if not self._is_allowed(request, self.admin_key):
            return self._error(403, "permission_error", "This endpoint needs an admin key")
        days = [[{"currency": "USD", "amount": f"{100 * cost:.4f}"}] for cost in self.costs]
        return web.json_response({"data": [{"results": day} for day in days], "has_more": False})

    async def _nothing(self, _request: web.Request) -> web.Response:
        return web.json_response({"error": "unknown path"}, status=404)

    def _error(self, status: int, code: str, message: str, headers: dict[str, str] | None = None) -> web.Response:
        error: dict[str, Any] = {"message": message, "type": code}
        if self.kind == "anthropic":
            return web.json_response({"type": "error", "error": error}, status=status, headers=headers)
        return web.json_response({"error": error | {"code": code}}, status=status, headers=headers)


def _sent(request: web.Request) -> str:
    return request.headers.get("Authorization", request.headers.get("x-api-key", "")).removeprefix("Bearer ")
