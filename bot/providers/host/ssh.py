"""One bounded connection to a machine; each command is a list of words, quoted as one, and run once."""

import asyncio
import shlex
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

import asyncssh

from bot.core.errors import Denied, TargetError, TimedOut, Unreachable
from bot.core.redaction import mask
from bot.providers.host.address import Address

LIMIT: Final = 10.0
_CONNECT_LIMIT: Final = 3.0
_RUN_LIMIT: Final = 4.0
_OUTPUT_LIMIT: Final = 1024 * 1024
_CHUNK: Final = 64 * 1024
_ERROR_LIMIT: Final = 8 * 1024
_WORDS_LIMIT: Final = 200


@dataclass(frozen=True, slots=True)
class Answer:
    """What a command left: its code, and what it wrote; `is_whole` is false when it wrote more than is read."""

    code: int
    output: bytes
    error: str
    is_whole: bool

    @property
    def text(self) -> str:
        return self.output.decode(errors="replace")

    @property
    def words(self) -> str:
        """What it complained of, fit for a message."""
        return mask(" ".join(self.error.split()))[:_WORDS_LIMIT]

    @property
    def is_denied(self) -> bool:
        return "ermission denied" in self.error

    @property
    def is_absent(self) -> bool:
        return "No such file or directory" in self.error


class Machine:
    """A machine one is logged in to."""

    def __init__(self, connection: asyncssh.SSHClientConnection, address: Address) -> None:
        self._connection = connection
        self.address = address

    async def run(self, *argv: str, limit: float = _RUN_LIMIT, output: int = _OUTPUT_LIMIT) -> Answer:
        """Run a program and take what it says, whatever its code; raises when it is not there or does not end."""
        try:
            async with asyncio.timeout(limit):
                answer = await self._exchange(argv, output)
        except TimeoutError as error:
            raise TimedOut(
                "`{program}` on {where} did not end within {seconds} s.",
                program=argv[0],
                where=self.address.where,
                seconds=f"{limit:g}",
            ) from error
        except (asyncssh.Error, OSError) as error:
            raise Unreachable("{where} broke the connection.", where=self.address.where) from error
        if answer.code in (126, 127):
            raise TargetError("{where} has no program `{program}`.", where=self.address.where, program=argv[0])
        return answer

    async def ask(self, *argv: str, about: str) -> str:
        """What a program says that must succeed; `about` is the path that its refusal would be about."""
        answer = await self.run(*argv)
        if answer.code:
            raise self.refusal(answer, about)
        if not answer.is_whole:
            raise TargetError(
                "`{program}` on {where} writes more than is read.", program=argv[0], where=self.address.where
            )
        return answer.text

    async def clock(self) -> float:
        """Seconds since 1970 on the machine: ages of files count by its clock, not by ours."""
        return float(await self.ask("date", "+%s.%N", about="/usr/bin/date"))

    def refusal(self, answer: Answer, about: str) -> TargetError:
        """What a failure means."""
        where, user = self.address.where, self.address.user
        if answer.is_denied:
            return Denied(
                "The user `{user}` may not read {path} on {where}. Grant it: `setfacl -m u:{user}:rX {path}`",
                user=user,
                path=about,
                where=where,
            )
        if answer.is_absent:
            return TargetError("{where} has no {path}.", where=where, path=about)
        return TargetError(
            "{where} answered with code {code}: {words}", where=where, code=answer.code, words=answer.words
        )

    async def _exchange(self, argv: Sequence[str], limit: int) -> Answer:
        command = shlex.join(argv)
        async with await self._connection.create_process(command, stdin=asyncssh.DEVNULL, encoding=None) as process:
            complaint = asyncio.create_task(_drained(process.stderr))
            try:
                output = await _first(process.stdout, limit)
                if len(output) > limit:
                    process.close()
                    return Answer(0, output[:limit], "", is_whole=False)
                error = await complaint
            finally:
                complaint.cancel()
            await process.wait_closed()
        code = process.exit_status
        if code is None:
            raise asyncssh.ConnectionLost("the command was cut off")
        return Answer(code, output, error.decode(errors="replace"), is_whole=True)


async def _first(reader: asyncssh.SSHReader[bytes], limit: int) -> bytes:
    """All there is to read, or a little more than the limit."""
    content = bytearray()
    while len(content) <= limit and (chunk := await reader.read(_CHUNK)):
        content += chunk
    return bytes(content)


async def _drained(reader: asyncssh.SSHReader[bytes]) -> bytes:
    """The beginning; the rest is read and dropped, since a program that cannot complain would stand still."""
    content = b""
    while chunk := await reader.read(_CHUNK):
        content = (content + chunk)[:_ERROR_LIMIT]
    return content


@asynccontextmanager
async def logged_in(address: Address) -> AsyncIterator[Machine]:
    """The machine behind an address; no configuration, agent or key of the bot's own user takes part."""
    key = _private_key(address)
    try:
        async with asyncio.timeout(_CONNECT_LIMIT):
            connection = await _connect(address, key)
    except (TimeoutError, asyncssh.Error, OSError, ValueError) as error:
        raise _translated(error, address) from error
    try:
        yield Machine(connection, address)
    finally:
        connection.abort()


class _Pinned(asyncssh.SSHClient):
    """Accepts the one host key whose fingerprint is known."""

    def __init__(self, fingerprint: str) -> None:
        self._fingerprint = fingerprint

    def validate_host_public_key(self, host: str, addr: str, port: int, key: asyncssh.SSHKey) -> bool:
        return bool(self._fingerprint) and key.get_fingerprint("sha256") == self._fingerprint


async def _connect(address: Address, key: asyncssh.SSHKey) -> asyncssh.SSHClientConnection:
    return await asyncssh.connect(
        address.host,
        address.port,
        username=address.user,
        client_keys=[key],
        client_factory=lambda: _Pinned(address.fingerprint),
        # Empty lists trust nobody; None would trust everybody.
        known_hosts=asyncssh.import_known_hosts(address.known_hosts) if address.known_hosts else ([], [], []),
        config=None,
        agent_path=None,
        preferred_auth="publickey",
        password_auth=False,
        kbdint_auth=False,
        gss_host=None,
        x509_trusted_certs=None,
    )


def _private_key(address: Address) -> asyncssh.SSHKey:
    try:
        return asyncssh.import_private_key(address.key.get_secret_value() + "\n")
    except (asyncssh.KeyImportError, asyncssh.KeyEncryptionError) as error:
        raise TargetError(
            "The private key for {where} cannot be used: it is not in OpenSSH format, or it has a passphrase.",
            where=address.where,
        ) from error


def _translated(error: Exception, address: Address) -> TargetError:
    where = address.where
    match error:
        case asyncssh.HostKeyNotVerifiable():
            return TargetError(
                "{where} shows another host key than the one pinned; nothing was sent. Either the machine was rebuilt "
                "(then pin its new key) or somebody is in between.",
                where=where,
            )
        case asyncssh.PermissionDenied():
            return Denied(
                "{where} refuses the key of the user `{user}`. Add its public half to that user's authorized_keys.",
                where=where,
                user=address.user,
            )
        case TimeoutError():
            return TimedOut("{where} did not let us in within {seconds} s.", where=where, seconds=_CONNECT_LIMIT)
        case socket.gaierror():
            return Unreachable("The name {host} is not known to DNS.", host=address.host)
        case OSError():
            return Unreachable("{where} cannot be reached: nothing listens there or there is no route.", where=where)
        case asyncssh.Error():
            return Unreachable("{where} broke the connection while logging in.", where=where)
        case _:
            return TargetError("The known_hosts lines for {where} cannot be read.", where=where)
