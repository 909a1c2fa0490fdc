"""The gate of the Web API: token, scopes, arguments, limits, planned trouble, and the call log."""

import time
from dataclasses import replace

from aiohttp import web

from ..emulator import Emulator, Tenants
from ..faults import Fault
from ..ledger import CallRecord
from ..methods import METHODS, Method
from ..refusal import SlackRefusal
from .arguments import Arguments, read_arguments
from .authority import Authority, bearer, check_scopes, check_team, identify
from .call import Answer, Call
from .handlers import HANDLERS
from .shape import check_arguments
from .trouble import faulty_response, limited, stop_here

# Every method takes these: clients add team_id on their own, and the token may travel as a field.
_ALWAYS_KNOWN = frozenset({"token", "team_id"})


class Gate:
    def __init__(self, tenants: Tenants) -> None:
        self._tenants = tenants
        self._clock = tenants.first.clock
        self._ledger = tenants.first.ledger
        self._faults = tenants.first.faults

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer one call: HTTP 200 with ok true or false, unless it comes too fast or trouble was planned for it."""
        at, started = self._clock.now(), time.perf_counter()
        name = request.match_info["method"]
        fault = self._faults.take(name)
        if fault is not None and fault.kind == "latency":
            await self._clock.wait(fault.seconds)
        args, answer = await self._answer(request, name, fault)
        who = identify(self._tenants, args.text("token"))
        response = faulty_response(request, fault) or _response(answer, who)
        error = answer.get("error") if response.status in (200, 429) else f"http_{response.status}"
        record = self._record(name, args, error, who)
        ms = round((time.perf_counter() - started) * 1000, 1)
        self._ledger.log(replace(record, at=at, status=response.status, ms=ms, answer=_told(answer)))
        return response

    async def _answer(self, request: web.Request, name: str, fault: Fault | None) -> tuple[Arguments, Answer]:
        args = Arguments({"token": bearer(request)})
        try:
            method = METHODS.get(name)
            args = await read_arguments(request, takes_json=method is None or method.takes_json)
            args.given.setdefault("token", bearer(request))
            stop_here(fault)
            if method is None:
                raise SlackRefusal("unknown_method", req_method=name)
            return args, {"ok": True, **self._run(method, args)}
        except SlackRefusal as refusal:
            return args, {"ok": False, "error": refusal.error, **refusal.details}

    def _run(self, method: Method, args: Arguments) -> Answer:
        tenant = self._admit(method, args)
        try:
            check_arguments(method, args)
            return HANDLERS[method.name](Call(tenant, args))
        except SlackRefusal as refusal:
            if not method.may_answer(refusal.error):
                raise RuntimeError(f"{method.name} does not document the error {refusal.error}") from refusal
            raise

    def _admit(self, method: Method, args: Arguments) -> Emulator:
        """The app that calls, once its token, its pace and its scopes are in order."""
        if method.caller == "anyone":
            return self._tenants.first
        who = identify(self._tenants, args.text("token"))
        tenant = who.admitted(method, self._clock.now())
        wait = tenant.limits.wait_for(
            method, args.text("channel"), is_unpaged="cursor" in method.optional and not args.has("limit")
        )
        if wait:
            raise SlackRefusal("ratelimited", retry_after=wait)
        check_scopes(method, tenant.app)
        check_team(method, who, args)
        return tenant

    def _record(self, name: str, args: Arguments, error: str | None, who: Authority) -> CallRecord:
        """The call as the log keeps it, without the token and the client's secret."""
        method = METHODS.get(name)
        known = _ALWAYS_KNOWN.union(method.required, method.optional) if method else args.given.keys()
        return CallRecord(
            method=name,
            args={arg: value for arg, value in args.given.items() if arg not in ("token", "client_secret")},
            ok=error is None,
            error=error,
            token_kind=who.kind,
            unknown_args=tuple(sorted(args.given.keys() - known)),
            app_id=who.tenant.app.app_id if who.tenant else "",
        )


def _told(answer: Answer) -> Answer:
    """The part of an answer that explains a message; what was listed or opened would only be repeated."""
    return {name: answer[name] for name in ("ok", "error", "channel", "ts", "response_metadata") if name in answer}


def _response(answer: Answer, who: Authority) -> web.Response:
    """Slack names the token's scopes with every answer."""
    if answer.get("error") == "ratelimited":
        return limited(int(answer.pop("retry_after", 1)))
    scopes = who.tenant.app.scopes if who.tenant else frozenset[str]()
    return web.json_response(answer, headers={"x-oauth-scopes": ",".join(sorted(scopes))})
