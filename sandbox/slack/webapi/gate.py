"""The gate of the Web API: token, scopes, arguments, planned trouble, and the call log."""

import hmac
import time
from dataclasses import replace
from typing import Any

from aiohttp import web

from ..emulator import Emulator
from ..faults import Fault
from ..ledger import CallRecord
from ..method_row import Method
from ..methods import METHODS
from ..refusal import SlackRefusal
from .arguments import Arguments, read_arguments
from .call import Answer, Call
from .handlers import HANDLERS

# Every method takes these: clients add team_id on their own, and the token may travel as a field.
_ALWAYS_KNOWN = frozenset({"token", "team_id"})


class Gate:
    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer one call: HTTP 200 with ok true or false, unless trouble was planned for it."""
        at, started = self._emulator.clock.now(), time.perf_counter()
        name = request.match_info["method"]
        fault = self._emulator.faults.take(name)
        if fault is not None and fault.kind == "latency":
            await self._emulator.clock.wait(fault.seconds)
        args, answer = await self._answer(request, name, fault)
        response = _faulty_response(request, fault) or web.json_response(answer, headers=self._granted())
        error = answer.get("error") if response.status in (200, 429) else f"http_{response.status}"
        record = self._record(name, args, error)
        ms = round((time.perf_counter() - started) * 1000, 1)
        self._emulator.ledger.log(replace(record, at=at, status=response.status, ms=ms))
        return response

    def _granted(self) -> dict[str, str]:
        """Slack names the token's scopes with every answer."""
        return {"x-oauth-scopes": ",".join(sorted(self._emulator.app.manifest.scopes))}

    async def _answer(self, request: web.Request, name: str, fault: Fault | None) -> tuple[Arguments, Answer]:
        args = Arguments({"token": _bearer(request)})
        try:
            method = METHODS.get(name)
            args = await read_arguments(request, takes_json=method is None or method.takes_json)
            args.given.setdefault("token", _bearer(request))
            _stop_here(fault)
            if method is None:
                raise SlackRefusal("unknown_method", req_method=name)
            return args, {"ok": True, **self._run(method, args)}
        except SlackRefusal as refusal:
            return args, {"ok": False, "error": refusal.error, **refusal.details}

    def _run(self, method: Method, args: Arguments) -> Answer:
        self._check_token(method, args.text("token"))
        missing = [name for name in method.required if not args.has(name)]
        if missing:
            problem = f"missing required field: {missing[0]} [json-pointer:/{missing[0]}]"
            raise SlackRefusal.with_messages(method.absence_of(missing[0]), [problem])
        try:
            return HANDLERS[method.name](Call(self._emulator, args))
        except SlackRefusal as refusal:
            if not method.may_answer(refusal.error):
                raise RuntimeError(f"{method.name} does not document the error {refusal.error}") from refusal
            raise

    def _check_token(self, method: Method, token: str) -> None:
        if method.caller == "anyone":
            return
        if not token:
            raise SlackRefusal("not_authed")
        kind = self._token_kind(token)
        if kind == "unknown":
            raise SlackRefusal("invalid_auth")
        if kind != method.caller:
            raise SlackRefusal("not_allowed_token_type")
        provided = self._emulator.app.manifest.scopes
        if method.caller == "bot" and method.scopes and provided.isdisjoint(method.scopes):
            raise SlackRefusal("missing_scope", needed=",".join(method.scopes), provided=",".join(sorted(provided)))

    def _token_kind(self, token: str) -> str:
        app = self._emulator.app
        if not token:
            return "none"
        if hmac.compare_digest(token.encode(), app.bot_token.encode()):
            return "bot"
        return "app" if hmac.compare_digest(token.encode(), app.app_token.encode()) else "unknown"

    def _record(self, name: str, args: Arguments, error: str | None) -> CallRecord:
        """The call as the log keeps it, without the token."""
        method = METHODS.get(name)
        known = _ALWAYS_KNOWN.union(method.required, method.optional) if method else args.given.keys()
        return CallRecord(
            method=name,
            args={arg: value for arg, value in args.given.items() if arg != "token"},
            ok=error is None,
            error=error,
            token_kind=self._token_kind(args.text("token")),
            unknown_args=tuple(sorted(args.given.keys() - known)),
        )


def _bearer(request: web.Request) -> str:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def _stop_here(fault: Fault | None) -> None:
    """The kinds of trouble in which the method is not carried out."""
    if fault is None or fault.kind in ("latency", "lost_answer"):
        return
    error = fault.error if fault.kind == "error" else "ratelimited" if fault.kind == "ratelimited" else "internal_error"
    raise SlackRefusal(error)


def _faulty_response(request: web.Request, fault: Fault | None) -> web.Response | None:
    if fault is None:
        return None
    if fault.kind == "ratelimited":
        refusal: dict[str, Any] = {"ok": False, "error": "ratelimited"}
        return web.json_response(refusal, status=429, headers={"Retry-After": str(fault.retry_after)})
    if fault.kind == "http_500":
        return web.Response(status=500, text="Internal Server Error")
    if fault.kind in ("lost_answer", "down"):
        if request.transport is not None:
            request.transport.abort()
        return web.Response(status=503, text="Service Unavailable")
    return None
