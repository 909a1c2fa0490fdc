"""Running one of a few fixed commands inside a pod; what is not listed here cannot be run."""

import asyncio
import json
from dataclasses import dataclass
from typing import Any, Final

import aiohttp

from bot.core.errors import TargetError, TimedOut
from bot.core.redaction import mask
from bot.providers.kubernetes.cluster import Cluster, Document
from bot.providers.kubernetes.selection import main_container

_SECONDS: Final = 5.0
_BYTES: Final = 64 * 1024
_WORDS: Final = 160
_OUT, _ERR, _STATUS = 1, 2, 3
# What a shell and a container runtime answer for a program that is not there or must not run.
_NO_PROGRAM: Final = frozenset({126, 127})
_PROGRAMS: Final = frozenset({"df", "nc", "psql", "redis-cli"})


class NoProgram(TargetError):
    """The container does not have the program; slim images often lack it."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the command wrote, at most 64 KiB of each, and its exit code."""

    out: str
    complaint: str
    code: int

    @property
    def short_complaint(self) -> str:
        """For people: one masked line."""
        return mask(" ".join((self.complaint or self.out).split()))[:_WORDS]


async def ask_inside(cluster: Cluster, pod: Document, container: str, argv: tuple[str, ...]) -> Answer:
    """The answer of one command; no shell takes part, so that a parameter cannot become a second command."""
    if argv[0] not in _PROGRAMS:
        raise TargetError("{program} is not among the programs that may run in a pod.", program=argv[0])
    query = [
        ("container", container or main_container(pod)),
        *(("command", word) for word in argv),
        ("stdout", "true"),
        ("stderr", "true"),
    ]
    try:
        async with asyncio.timeout(_SECONDS), cluster.dialled(pod["metadata"]["name"], query) as socket:
            out, complaint, status = await _received(socket)
    except TimeoutError as error:
        raise TimedOut(
            "`{program}` in {pod} did not answer within {seconds} s.",
            program=argv[0],
            pod=pod["metadata"]["name"],
            seconds=_SECONDS,
        ) from error
    return _answer(argv[0], pod["metadata"]["name"], out, complaint, status)


async def _received(socket: "aiohttp.ClientWebSocketResponse[bool]") -> tuple[bytes, bytes, bytes]:
    """Output, complaints and the final status, each message tagged with its channel in the first byte."""
    channels = {_OUT: bytearray(), _ERR: bytearray(), _STATUS: bytearray()}
    async for message in socket:
        if message.type is not aiohttp.WSMsgType.BINARY or not message.data:
            continue
        held = channels.get(message.data[0])
        if held is not None and len(held) < _BYTES:
            held += message.data[1 : 1 + _BYTES - len(held)]
        if message.data[0] == _STATUS:
            break
    return bytes(channels[_OUT]), bytes(channels[_ERR]), bytes(channels[_STATUS])


def _answer(program: str, pod: str, out: bytes, complaint: bytes, raw: bytes) -> Answer:
    status = _status(raw)
    if status is None:
        raise TargetError("`{program}` in {pod} broke off without a result.", program=program, pod=pod)
    code = _exit_code(status)
    if code in _NO_PROGRAM or (code is None and "not found" in str(status.get("message", ""))):
        raise NoProgram("The container of {pod} has no `{program}`.", pod=pod, program=program)
    if code is None:
        reason = mask(str(status.get("message", "?")))[:_WORDS]
        raise TargetError("`{program}` could not run in {pod}: {reason}", program=program, pod=pod, reason=reason)
    return Answer(out.decode(errors="replace"), complaint.decode(errors="replace"), code)


def _status(raw: bytes) -> dict[str, Any] | None:
    try:
        status = json.loads(raw)
    except ValueError:
        return None
    return status if isinstance(status, dict) else None


def _exit_code(status: dict[str, Any]) -> int | None:
    """Nought for success; None when the command did not even start."""
    if status.get("status") == "Success":
        return 0
    for cause in (status.get("details") or {}).get("causes") or []:
        if cause.get("reason") == "ExitCode" and str(cause.get("message", "")).isdigit():
            return int(cause["message"])
    return None
