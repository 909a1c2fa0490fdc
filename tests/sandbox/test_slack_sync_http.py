"""Bolt's synchronous App behind HTTP, on the standard library's server."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, make_server

from slack_bolt import App
from slack_bolt.adapter.wsgi import SlackRequestHandler
from slack_office import Office
from slack_sdk import WebClient


class Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Nothing on standard error."""


@contextmanager
def serving(app: App) -> Iterator[str]:
    with make_server("127.0.0.1", 0, SlackRequestHandler(app), handler_class=Quiet) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/slack/events"
        finally:
            server.shutdown()
            thread.join()


async def test_the_synchronous_app_answers_commands_and_clicks_over_http(office: Office) -> None:
    installed = office.sandbox.app
    client = WebClient(token=installed.bot_token, base_url=f"{office.sandbox.url}/api/")
    app = await asyncio.to_thread(App, client=client, signing_secret=installed.signing_secret)
    clicked: list[str] = []

    @app.command("/incident")
    def declare(ack: Callable[..., Any], say: Callable[..., Any]) -> None:
        ack("declared")
        button = {"type": "button", "action_id": "take", "text": {"type": "plain_text", "text": "Take"}, "value": "1"}
        say(text="headline", blocks=[{"type": "actions", "elements": [button]}])

    @app.action("take")
    def take(ack: Callable[..., Any], body: dict[str, Any]) -> None:
        ack()
        clicked.append(body["user"]["id"])

    with serving(app) as url:
        await office.do("app", request_url=url)
        told = await office.do("command", user="ana", channel="incidents", text="/incident declare")
        assert told["ack"] == "declared"
        await office.until(lambda state: any(c["method"] == "chat.postMessage" for c in state["calls"]))
        [message] = await office.messages()
        await office.do("click", user="ana", channel="incidents", ts=message["ts"], action_id="take")
        await office.until(lambda _: bool(clicked))
        state = await office.state()
    assert clicked == ["U0ANA"]
    posted = next(call for call in state["calls"] if call["method"] == "chat.postMessage")
    assert posted["answer"]["ts"] == message["ts"], "the inspector finds the call behind a message"
    assert state["deliveries"][0]["payload"]["text"] == "declare"
