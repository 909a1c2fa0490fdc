"""One bounded connection to the patient, and what its refusals mean.

The driver's blocking client in threads of its own: its asyncio client, closed while a server is dead or hung, leaves
sockets to the garbage collector (seen with pymongo 4.20).
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, Final, TypeAlias, TypeVar

from pymongo import MongoClient, ReadPreference
from pymongo import errors as vendor

from bot.core.errors import Denied, TargetError, TimedOut, Unreachable
from bot.core.text import Text
from bot.providers.mongodb.address import Address

Document: TypeAlias = dict[str, Any]
Client: TypeAlias = MongoClient[Document]

LIMIT: Final = 8.0
ANSWER_MS: Final = 2000
"""How long the server itself may work on one read."""
_SELECT_MS: Final = 1800
_CONNECT_MS: Final = 1500
_SOCKET_MS: Final = 2500

UNAUTHORIZED: Final = 13
_BAD_LOGIN: Final = frozenset({18, 8000})
_TOO_LONG: Final = 50
_UNKNOWN_COMMAND: Final = frozenset({59, 115, 40324})


A = TypeVar("A")
B = TypeVar("B")
R = TypeVar("R")
_THREADS: Final = ThreadPoolExecutor(8, thread_name_prefix="mongodb")


def in_thread(work: Callable[[A, B], R]) -> Callable[[A, B], Awaitable[R]]:
    """The same work without holding up the loop; the driver's own limits bound it."""

    async def run(first: A, second: B) -> R:
        return await asyncio.get_running_loop().run_in_executor(_THREADS, work, first, second)

    return run


@contextmanager
def connected(address: Address, grant: Text) -> Iterator[Client]:
    """A client without retries; `grant` is told when MongoDB does not allow what this block does.

    Vendor errors leave this block as ours; none of them carries the vendor's words, which quote commands and values.
    """
    try:
        client: Client = MongoClient(
            address.url.get_secret_value(),
            appname="plantao",
            serverSelectionTimeoutMS=_SELECT_MS,
            connectTimeoutMS=_CONNECT_MS,
            socketTimeoutMS=_SOCKET_MS,
            retryReads=False,
            retryWrites=False,
            maxPoolSize=2,
            serverMonitoringMode="poll",
            tz_aware=True,
            readPreference="primaryPreferred",
        )
    except (vendor.PyMongoError, ValueError) as error:
        raise TargetError("The address of MongoDB at {where} cannot be used; check it.", where=address.where) from error
    try:
        yield client
    except vendor.PyMongoError as error:
        raise translated(error, address, grant, client) from error
    finally:
        client.close()


def ask(client: Client, database: str, name: str, value: object = 1, **more: object) -> Document:
    """The answer to one command, from a secondary where there is no primary."""
    command = {name: value, **more}
    answer: Document = client[database].command(command, read_preference=ReadPreference.PRIMARY_PREFERRED)
    return answer


def is_forbidden(error: vendor.OperationFailure) -> bool:
    """Whether this is a missing privilege."""
    return error.code == UNAUTHORIZED


def translated(error: vendor.PyMongoError, address: Address, grant: Text, client: Client) -> TargetError:
    """Our error for the driver's."""
    match error:
        case vendor.OperationFailure():
            return _refused(error, address, grant)
        case vendor.ServerSelectionTimeoutError():
            return _not_found(address, client)
        case vendor.NetworkTimeout() | vendor.ExecutionTimeout() | vendor.WaitQueueTimeoutError():
            return _hung(address)
        case vendor.ConfigurationError():
            return Unreachable("MongoDB at {where} is not known to DNS, or its options are wrong.", where=address.where)
        case vendor.ConnectionFailure():
            return Unreachable("MongoDB at {where} broke the connection.", where=address.where)
        case _:
            return TargetError(
                "MongoDB at {where} gave an answer that cannot be read ({kind}).",
                where=address.where,
                kind=type(error).__name__,
            )


def _refused(error: vendor.OperationFailure, address: Address, grant: Text) -> TargetError:
    if error.code in _BAD_LOGIN and ("auth" in str(error).lower()):
        return Denied(
            "MongoDB at {where} refuses the user `{user}` or its password. Check the secret behind this target.",
            where=address.where,
            user=address.user,
        )
    if error.code == UNAUTHORIZED:
        return Denied(
            "MongoDB does not let the user `{user}` do this. Grant it: {grant}.", user=address.user, grant=grant
        )
    if error.code == _TOO_LONG:
        return TimedOut("MongoDB gave up after {seconds} s; the query is too heavy.", seconds=ANSWER_MS / 1000)
    if error.code in _UNKNOWN_COMMAND:
        return TargetError(
            "MongoDB at {where} does not know this command; a managed one may hide it.", where=address.where
        )
    name = (error.details or {}).get("codeName", "")
    return TargetError(
        "MongoDB at {where} answered with an error ({code}).",
        where=address.where,
        code=str(name)[:60] or str(error.code),
    )


def _not_found(address: Address, client: Client) -> TargetError:
    """No server to talk to; when one took the connection and stayed silent, that is the news.

    Without any error nobody knows why: this process may have been busy, or what answers is not what the URL names.
    """
    errors = [server.error for server in client.topology_description.server_descriptions().values()]
    if any(isinstance(error, vendor.NetworkTimeout) for error in errors):
        return _hung(address)
    if not any(errors):
        return TimedOut(
            "MongoDB at {where}: no server to talk to was found within {seconds} s.",
            where=address.where,
            seconds=_SELECT_MS / 1000,
        )
    return Unreachable(
        "MongoDB at {where} cannot be reached: nothing listens there, or the network (IP access list?) is closed.",
        where=address.where,
    )


def _hung(address: Address) -> TimedOut:
    return TimedOut(
        "MongoDB at {where} did not answer within {seconds} s.", where=address.where, seconds=_SOCKET_MS / 1000
    )
