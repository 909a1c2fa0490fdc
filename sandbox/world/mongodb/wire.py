"""MongoDB's wire protocol, as much as a driver needs: OP_MSG of both kinds, and the OP_QUERY of a first hello."""

import asyncio
import struct
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import bson

Document: TypeAlias = dict[str, Any]

OP_REPLY: Final = 1
OP_QUERY: Final = 2004
OP_MSG: Final = 2013
_HEADER: Final = struct.Struct("<iiii")
_LIMIT: Final = 48_000_000
_MORE_TO_COME: Final = 2
_CHECKSUM: Final = 1


class WireError(Exception):
    """These bytes are not a message that this server reads."""


@dataclass(frozen=True, slots=True)
class Message:
    """One command with its database in `$db`; document sequences are folded into it."""

    request_id: int
    op_code: int
    command: Document
    wants_answer: bool = True


async def read_message(reader: asyncio.StreamReader) -> Message:
    """The next message; raises IncompleteReadError at the end of the connection."""
    length, request_id, _, op_code = _HEADER.unpack(await reader.readexactly(_HEADER.size))
    if not _HEADER.size < length <= _LIMIT:
        raise WireError(f"a message of {length} bytes")
    body = await reader.readexactly(length - _HEADER.size)
    if op_code == OP_MSG:
        return _op_msg(request_id, body)
    if op_code == OP_QUERY:
        return _op_query(request_id, body)
    raise WireError(f"op code {op_code}")


def answer_bytes(message: Message, answer: Document) -> bytes:
    """The answer in the form in which it was asked."""
    document = bson.encode(answer)
    if message.op_code == OP_QUERY:
        body = struct.pack("<iqii", 8, 0, 0, 1) + document
        return _HEADER.pack(_HEADER.size + len(body), 0, message.request_id, OP_REPLY) + body
    body = struct.pack("<iB", 0, 0) + document
    return _HEADER.pack(_HEADER.size + len(body), 0, message.request_id, OP_MSG) + body


def _op_msg(request_id: int, body: bytes) -> Message:
    (flags,) = struct.unpack_from("<I", body)
    end = len(body) - (4 if flags & _CHECKSUM else 0)
    at, command, sequences = 4, Document(), Document()
    while at < end:
        kind, at = body[at], at + 1
        (size,) = struct.unpack_from("<i", body, at)
        section = body[at : at + size]
        if kind == 0:
            command = bson.decode(section)
        elif kind == 1:
            name, _, documents = section[4:].partition(b"\0")
            sequences[name.decode()] = bson.decode_all(documents)
        else:
            raise WireError(f"section kind {kind}")
        at += size
    return Message(request_id, OP_MSG, {**command, **sequences}, not flags & _MORE_TO_COME)


def _op_query(request_id: int, body: bytes) -> Message:
    name, _, rest = body[4:].partition(b"\0")
    (size,) = struct.unpack_from("<i", rest, 8)
    command = bson.decode(rest[8 : 8 + size])
    return Message(request_id, OP_QUERY, {**command, "$db": name.decode().partition(".")[0]})
