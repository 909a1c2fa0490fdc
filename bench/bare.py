"""The peer of bench/ack.py and bench/approve.py: a bare Bolt AsyncApp that only acknowledges, behind uvicorn."""

import os

import uvicorn
from slack_bolt.adapter.starlette.async_handler import AsyncSlackRequestHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

client = AsyncWebClient(os.environ["SLACK_BOT_TOKEN"], base_url=os.environ["SLACK_API_URL"])
app = AsyncApp(client=client, signing_secret=os.environ["SLACK_SIGNING_SECRET"])
handler = AsyncSlackRequestHandler(app)


@app.command("/incident")
async def acknowledge(ack):
    await ack("done")


@app.action("run:approve")
async def approve(ack):
    await ack()


async def events(request: Request) -> Response:
    return await handler.handle(request)


server = Starlette(routes=[Route("/slack/events", events, methods=["POST"])])
uvicorn.run(server, host="127.0.0.1", port=int(os.environ["PORT"]), log_config=None)
