"""The routes, as a plain list."""

from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from slack_bolt.adapter.starlette.async_handler import AsyncSlackRequestHandler
from slack_bolt.async_app import AsyncApp
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from bot.flows.ports import Clock
from bot.web.guard import BODY_LIMIT, refusal

Health: TypeAlias = Callable[[], Awaitable[dict[str, Any]]]


def application(app: AsyncApp, secret: str, clock: Clock, health: Health) -> Starlette:
    """Slack's endpoint, `/health` and `/metrics`."""
    handler = AsyncSlackRequestHandler(app)

    async def slack(request: Request) -> Response:
        if int(request.headers.get("content-length") or BODY_LIMIT + 1) > BODY_LIMIT:
            return PlainTextResponse("too large", 413)
        refused = refusal(request.headers, await request.body(), secret, clock.now().timestamp())
        if refused is not None:
            return PlainTextResponse(refused[1], refused[0])
        return await handler.handle(request)

    async def healthy(request: Request) -> Response:
        state = await health()
        return JSONResponse(state, 200 if state["ok"] else 503)

    async def metrics(request: Request) -> Response:
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    return Starlette(
        routes=[
            Route("/slack/events", slack, methods=["POST"]),
            Route("/health", healthy),
            Route("/metrics", metrics),
        ]
    )
