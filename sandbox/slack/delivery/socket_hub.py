"""Socket Mode: one-time tickets, up to ten sockets, each envelope to exactly one of them."""

import asyncio
import json
from collections import defaultdict
from typing import Any

from aiohttp import WSMsgType, web

from ..app import App
from ..changes import Changes
from ..ids import Mint
from ..ledger import SentBytes
from .http import Answer

MOST_SOCKETS = 10


class NoSocket(Exception):
    """Nobody is connected who could take the envelope."""


class SocketHub:
    def __init__(self, app: App, mint: Mint, changes: Changes) -> None:
        self._app = app
        self._mint = mint
        self._changes = changes
        self._tickets: set[str] = set()
        self._sockets: list[web.WebSocketResponse] = []
        self._turn = 0
        # A list for each envelope, because a duplicated delivery waits twice under one id.
        self._unacked: dict[str, list[asyncio.Future[Answer]]] = defaultdict(list)

    @property
    def count(self) -> int:
        return len(self._sockets)

    def url(self) -> str:
        """A fresh address that works once."""
        ticket = self._mint.secret()
        self._tickets.add(ticket)
        return f"{self._app.base_url.replace('http', 'ws', 1)}/socket?ticket={ticket}&app_id={self._app.app_id}"

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Serve one socket from its ticket to its end."""
        ticket = request.query.get("ticket", "")
        if ticket not in self._tickets:
            raise web.HTTPForbidden(text="the ticket is unknown or was used before")
        self._tickets.discard(ticket)
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        refusal = self._refusal()
        if refusal:
            await socket.send_json({"type": "disconnect", "reason": refusal, "debug_info": {"host": "sandbox"}})
            await socket.close()
            return socket
        await self._serve(socket)
        return socket

    async def send(self, sent: SentBytes) -> Answer:
        """Give the envelope to one open socket and wait for its acknowledgement, whichever socket brings it."""
        socket = self._next_socket()
        acked: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._unacked[sent.envelope_id].append(acked)
        try:
            await socket.send_str(sent.body.decode())
            return await acked
        finally:
            self._unacked[sent.envelope_id].remove(acked)
            if not self._unacked[sent.envelope_id]:
                del self._unacked[sent.envelope_id]

    async def close(self) -> None:
        for socket in tuple(self._sockets):
            await socket.close()

    def _refusal(self) -> str:
        if self._app.transport != "socket":
            return "link_disabled"
        return "too_many_websockets" if self.count >= MOST_SOCKETS else ""

    def _next_socket(self) -> web.WebSocketResponse:
        if not self._sockets:
            raise NoSocket
        self._turn += 1
        return self._sockets[self._turn % len(self._sockets)]

    async def _serve(self, socket: web.WebSocketResponse) -> None:
        self._sockets.append(socket)
        self._changes.note()
        try:
            await socket.send_json(self._hello())
            async for frame in socket:
                if frame.type is WSMsgType.TEXT:
                    self._take_ack(frame.data)
        finally:
            self._sockets.remove(socket)
            self._changes.note()

    def _hello(self) -> dict[str, Any]:
        return {
            "type": "hello",
            "num_connections": self.count,
            "connection_info": {"app_id": self._app.app_id},
            "debug_info": {"host": "sandbox", "build_number": 1, "approximate_connection_time": 3600},
        }

    def _take_ack(self, text: str) -> None:
        """A late, unknown or malformed acknowledgement is ignored, as on Slack."""
        try:
            frame = json.loads(text)
        except ValueError:
            return
        envelope_id = frame.get("envelope_id", "") if isinstance(frame, dict) else ""
        waiting = next((one for one in self._unacked.get(envelope_id, ()) if not one.done()), None)
        if waiting is not None:
            waiting.set_result(Answer(None, frame.get("payload") or None))
