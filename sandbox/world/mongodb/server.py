"""The emulated server: connections, logins, and the faults a test may ask for."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

from sandbox.world.mongodb.access import ROOT, Access
from sandbox.world.mongodb.commands import Call, Load, carry_out
from sandbox.world.mongodb.refusals import BAD_VALUE, COMMAND_NOT_FOUND, Refusal
from sandbox.world.mongodb.scram import Conversation
from sandbox.world.mongodb.store import RunningOperation, Store
from sandbox.world.mongodb.wire import Document, Message, WireError, answer_bytes, read_message

_HELLOS = frozenset({"hello", "ismaster", "isMaster"})


class Mongo:
    """The emulated server as a test or a demo sees it: its addresses, its state, its faults."""

    def __init__(self) -> None:
        self.port = 0
        self.store = Store()
        self.access = Access()
        self.load = Load()
        self.hidden: set[str] = set()
        """Commands that this server claims not to know, as some managed ones do."""
        self.lose_answer_to = ""
        """The next command of this name is carried out, and its connection broken instead of an answer."""
        self.seen: list[str] = []
        self._password = secrets.token_hex(8)
        self._answering = asyncio.Event()
        self._answering.set()
        self._connections: set[asyncio.Task[None]] = set()
        self.access.create_user("root", self._password, [ROOT])

    @property
    def url(self) -> str:
        """The address with the user that may do everything."""
        return self.url_for("root", self._password)

    def url_for(self, user: str = "", password: str = "") -> str:
        """The address with other credentials, or without any."""
        return f"mongodb://{f'{user}:{password}@' if user else ''}127.0.0.1:{self.port}/?authSource=admin"

    def insert(self, database: str, collection: str, *documents: Document) -> None:
        self.store.collection(database, collection).insert(documents)

    def documents(self, database: str, collection: str) -> list[Document]:
        return self.store.existing(database, collection).documents

    def start_operation(
        self, namespace: str, command: Document, seconds: float, op: str = "command", **other: Any
    ) -> RunningOperation:
        """Let an operation run until it is killed."""
        return self.store.start(namespace, op, command, seconds, **other)

    def hang(self) -> None:
        """Take connections and commands, and answer nothing."""
        self._answering.clear()

    def recover(self) -> None:
        self._answering.set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection until its end."""
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - a coroutine always runs in a task
        self._connections.add(task)
        try:
            await self._converse(reader, writer)
        except (asyncio.IncompleteReadError, OSError, WireError):
            pass
        finally:
            self._connections.discard(task)
            writer.transport.abort()

    async def close(self) -> None:
        for task in list(self._connections):
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        login = Conversation(self.access.passwords)
        while True:
            message = await read_message(reader)
            await self._answering.wait()
            name = next(iter(message.command))
            self.seen.append(name)
            answer = self._answer(message, login)
            if name == self.lose_answer_to:
                self.lose_answer_to = ""
                return
            if message.wants_answer:
                writer.write(answer_bytes(message, answer))
                await writer.drain()

    def _answer(self, message: Message, login: Conversation) -> Document:
        command = message.command
        name = next(iter(command))
        try:
            if name in _HELLOS:
                return _hello(command)
            if name in ("saslStart", "saslContinue"):
                return _login(command, login)
            if name in self.hidden:
                raise Refusal(COMMAND_NOT_FOUND, f"no such command: '{name}'")
            return carry_out(Call(self.store, self.access, self.load, login.user, command))
        except Refusal as refusal:
            return refusal.answer()


def _hello(command: Document) -> Document:
    asked = {"saslSupportedMechs": ["SCRAM-SHA-256"]} if "saslSupportedMechs" in command else {}
    return {
        "helloOk": True,
        "isWritablePrimary": True,
        "ismaster": True,
        "maxBsonObjectSize": 16_777_216,
        "maxMessageSizeBytes": 48_000_000,
        "maxWriteBatchSize": 100_000,
        "localTime": datetime.now(UTC),
        "logicalSessionTimeoutMinutes": 30,
        "minWireVersion": 0,
        "maxWireVersion": 21,
        "readOnly": False,
        **asked,
        "ok": 1.0,
    }


def _login(command: Document, login: Conversation) -> Document:
    if command.get("mechanism", "SCRAM-SHA-256") != "SCRAM-SHA-256":
        raise Refusal(BAD_VALUE, "this emulator knows only SCRAM-SHA-256")
    is_first = "saslStart" in command
    payload = login.start(command["payload"]) if is_first else login.proceed(command["payload"])
    return {"conversationId": 1, "done": not is_first, "payload": payload, "ok": 1.0}


@asynccontextmanager
async def open_mongodb() -> AsyncIterator[Mongo]:
    """A server on a free loopback port."""
    mongo = Mongo()
    server = await asyncio.start_server(mongo.serve, "127.0.0.1", 0)
    mongo.port = server.sockets[0].getsockname()[1]
    try:
        yield mongo
    finally:
        server.close()
        await mongo.close()
