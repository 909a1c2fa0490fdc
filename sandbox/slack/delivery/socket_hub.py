"""Socket Mode: one-time tickets, up to ten sockets, each envelope to exactly one of them, each socket for an hour."""

import asyncio
import json
from collections import defaultdict
from typing import Any

from aiohttp import WSMsgType, web

from ..app import App
from ..changes import Changes
from ..clock import Clock
from ..ids import Mint
from ..ledger import SentBytes
from .http import Answer

MOST_SOCKETS = 10
LIFETIME = 3_600
LIFETIME_WHEN_DEBUGGING = 360
WARNING_BEFORE = 10


class NoSocket(Exception):
    """Nobody is connected who could take the envelope."""


class SocketHub:
    def __init__(self, app: App, mint: Mint, changes: Changes, clock: Clock) -> None:
        self._app = app
        self._mint = mint
        self._changes = changes
        self._clock = clock
        self._tickets: set[str] = set()
        self._sockets: list[web.WebSocketResponse] = []
        self._transports: dict[web.WebSocketResponse, asyncio.Transport] = {}
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
            await _disconnect(socket, refusal)
            return socket
        if request.transport is not None:
            self._transports[socket] = request.transport
        is_debugging = request.query.get("debug_reconnects") == "true"
        await self._serve(socket, LIFETIME_WHEN_DEBUGGING if is_debugging else LIFETIME)
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

    async def disable(self) -> None:
        """Socket Mode was switched off: say so on every socket and close it."""
        await self._leave(tuple(self._sockets), "link_disabled")

    def kill(self) -> int:
        """Cut every connection without a word; how many there were."""
        cut = tuple(self._transports.values())
        for transport in cut:
            transport.abort()
        return len(cut)

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

    async def _serve(self, socket: web.WebSocketResponse, lifetime: int) -> None:
        self._sockets.append(socket)
        self._changes.note()
        refreshing = asyncio.get_running_loop().create_task(self._refresh(socket, self._clock.now() + lifetime))
        try:
            await socket.send_json(self._hello(lifetime))
            async for frame in socket:
                if frame.type is WSMsgType.TEXT:
                    self._take_ack(frame.data)
        finally:
            refreshing.cancel()
            self._transports.pop(socket, None)
            if socket in self._sockets:
                self._sockets.remove(socket)
            self._changes.note()

    async def _refresh(self, socket: web.WebSocketResponse, ends: float) -> None:
        """Slack recycles its sockets: a warning, then the request to come back, then the end."""
        await self._clock.wait_until(ends - WARNING_BEFORE)
        if not socket.closed:
            await socket.send_json({"type": "disconnect", "reason": "warning", "debug_info": {"host": "sandbox"}})
        await self._clock.wait_until(ends)
        await self._leave((socket,), "refresh_requested")

    async def _leave(self, sockets: tuple[web.WebSocketResponse, ...], reason: str) -> None:
        for socket in sockets:
            if socket in self._sockets:  # no envelope goes where nobody listens any more
                self._sockets.remove(socket)
                self._changes.note()
            if not socket.closed:
                await _disconnect(socket, reason)

    def _hello(self, lifetime: int) -> dict[str, Any]:
        return {
            "type": "hello",
            "num_connections": self.count,
            "connection_info": {"app_id": self._app.app_id},
            "debug_info": {"host": "sandbox", "build_number": 1, "approximate_connection_time": lifetime},
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


async def _disconnect(socket: web.WebSocketResponse, reason: str) -> None:
    await socket.send_json({"type": "disconnect", "reason": reason, "debug_info": {"host": "sandbox"}})
    await socket.close()
