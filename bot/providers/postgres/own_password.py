"""The password of the very role that one logs in as: changed by its verifier, so that no log of the server can hold it.

PostgreSQL lets every role change its own password and end its own sessions; nothing more is needed.
"""

from contextlib import suppress
from typing import Final

from psycopg import sql
from pydantic import SecretStr

from bot.core.errors import TargetError, TimedOut, Unreachable
from bot.providers.postgres.address import Address
from bot.providers.postgres.backends import STARTED, until_gone
from bot.providers.postgres.connection import changing, reading

_SECONDS: Final = 5.0
_OWN: Final = "CONNECT ON DATABASE"
_OTHERS: Final = sql.SQL(
    "SELECT count(*) AS count FROM pg_stat_activity WHERE usename = current_user AND pid <> pg_backend_pid()"
)
_NOW: Final = sql.SQL("SELECT clock_timestamp()::text AS at")
_ITSELF: Final = sql.SQL("SELECT pid, {} AS started FROM pg_stat_activity WHERE pid = pg_backend_pid()").format(STARTED)
_STOP: Final = sql.SQL(
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid = %(pid)s AND {} = %(started)s"
).format(STARTED)
_END: Final = sql.SQL(
    "SELECT count(*) FILTER (WHERE pg_terminate_backend(pid)) AS count FROM pg_stat_activity "
    "WHERE usename = current_user AND pid <> pg_backend_pid() AND backend_start < %(before)s::timestamptz"
)


async def others(address: Address, password: str) -> int:
    """How many sessions the role has besides this one; raises Denied where the password lets nobody in."""
    async with reading(address.as_user_with(password), needs=_OWN) as session:
        return int((await session.row(_OTHERS))["count"])


async def change(address: Address, old: str, new: str) -> str:
    """Set the new password once; the moment (of the server) before which sessions knew the old one.

    Raises TargetError where the old one holds still, and Unreachable where nobody can tell.
    """
    asked: tuple[int, int] | None = None
    try:
        async with changing(address.as_user_with(old), _SECONDS, _OWN) as session:
            statement = sql.SQL("ALTER ROLE {} PASSWORD {}").format(
                sql.Identifier(address.user), sql.Literal(session.verifier(new, address.user))
            )
            itself = await session.row(_ITSELF)
            asked = (itself["pid"], itself["started"])
            await session.run(statement)
            return str((await session.row(_NOW))["at"])
    except (Unreachable, TimedOut) as error:
        if asked is None:
            raise TargetError("{reason} Nothing was sent to it.", reason=error.text) from error
        is_over = await _is_over(address, (old, new), asked)
        return await _looked_at(address, (old, new), error, is_over=is_over)


async def end_others(address: Address, password: str, before: str) -> int:
    """End the role's sessions that began before this moment; how many were told to."""
    async with changing(address.as_user_with(password), _SECONDS, _OWN) as session:
        return int((await session.row(_END, before=before))["count"])


async def _is_over(address: Address, passwords: tuple[str, str], asked: tuple[int, int]) -> bool:
    """Whether the session that was asked has ended, so that nothing more can come of it; it is told to."""
    for password in passwords:
        with suppress(TargetError):
            async with changing(address.as_user_with(password), _SECONDS, _OWN) as session:
                await session.rows(_STOP, pid=asked[0], started=asked[1])
                return not await until_gone(session, [asked], _SECONDS / 2)
    return False


async def _looked_at(address: Address, passwords: tuple[str, str], error: TargetError, *, is_over: bool) -> str:
    """What became of a change whose answer got lost: whichever password lets one in is the one that holds."""
    old, new = passwords
    if is_over and await _lets_in(address, old):
        raise TargetError("{reason} Looked at again, the earlier password holds still.", reason=error.text) from error
    if not await _lets_in(address, new):
        raise Unreachable(
            "{reason} Whether the password of {role} was changed is not known.", reason=error.text, role=address.user
        ) from error
    async with reading(address.as_user_with(new), needs=_OWN) as session:
        return str((await session.row(_NOW))["at"])


async def _lets_in(address: Address, password: str) -> bool:
    try:
        await others(address, password)
    except TargetError:
        return False
    return True


def at(url: SecretStr) -> Address:
    """The address behind a URL, whose password, if it has one, does not matter here."""
    return Address(url=url)
