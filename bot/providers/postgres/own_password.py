"""The password of the very role that one logs in as: changed by its verifier, so that no log of the server can hold it.

PostgreSQL lets every role change its own password and end its own sessions; nothing more is needed.
"""

from typing import Final

from psycopg import sql
from pydantic import SecretStr

from bot.core.errors import TargetError, TimedOut, Unreachable
from bot.providers.postgres.address import Address
from bot.providers.postgres.connection import changing, reading

_SECONDS: Final = 5.0
_OWN: Final = "CONNECT ON DATABASE"
_OTHERS: Final = sql.SQL(
    "SELECT count(*) AS count FROM pg_stat_activity WHERE usename = current_user AND pid <> pg_backend_pid()"
)
_NOW: Final = sql.SQL("SELECT clock_timestamp()::text AS at")
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
    is_sent = False
    try:
        async with changing(address.as_user_with(old), _SECONDS, _OWN) as session:
            statement = sql.SQL("ALTER ROLE {} PASSWORD {}").format(
                sql.Identifier(address.user), sql.Literal(session.verifier(new, address.user))
            )
            is_sent = True
            await session.run(statement)
            return str((await session.row(_NOW))["at"])
    except (Unreachable, TimedOut) as error:
        if not is_sent:
            raise TargetError("{reason} Nothing was sent to it.", reason=error.text) from error
        return await _looked_at(address, old, new, error)


async def end_others(address: Address, password: str, before: str) -> int:
    """End the role's sessions that began before this moment; how many were told to."""
    async with changing(address.as_user_with(password), _SECONDS, _OWN) as session:
        return int((await session.row(_END, before=before))["count"])


async def _looked_at(address: Address, old: str, new: str, error: TargetError) -> str:
    """What became of a change whose answer got lost: whichever password lets one in is the one that holds."""
    if await _lets_in(address, old):
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
