"""What PostgreSQL's refusals mean to an engineer."""

from dataclasses import dataclass
from typing import Final

import psycopg
from psycopg import errors as vendor

from bot.core.errors import Denied, TargetError, TimedOut, Unreachable
from bot.core.findings import Level
from bot.core.redaction import mask

_WORDS_LIMIT: Final = 200


class Damaged(TargetError):
    """A table that should be there cannot be read: it is gone or its pages are broken."""

    level = Level.CRIT


@dataclass(frozen=True, slots=True)
class Asked:
    """What was asked of whom: `seconds` is the limit, `needs` completes "GRANT ... TO user"."""

    where: str
    user: str
    seconds: float
    needs: str


def translated(error: psycopg.Error, asked: Asked, *, is_cut: bool, was_open: bool) -> TargetError:
    """Our error for the vendor's; `is_cut` says that we broke the connection because the time was over."""
    if is_cut or isinstance(error, vendor.ConnectionTimeout):
        return no_answer(asked)
    if error.sqlstate is not None:
        return _refused(error, asked)
    return _broken(asked) if was_open else _not_connected(error, asked)


def no_answer(asked: Asked) -> TimedOut:
    return TimedOut(
        "PostgreSQL at {where} did not answer within {seconds} s.", where=asked.where, seconds=asked.seconds
    )


def words_of(error: psycopg.Error) -> str:
    """The server's own words, in its language, masked and short."""
    said = error.diag.message_primary or str(error)
    return mask(" ".join(said.split()))[:_WORDS_LIMIT]


def _refused(error: psycopg.Error, asked: Asked) -> TargetError:
    match error:
        case vendor.InsufficientPrivilege():
            return Denied(
                "PostgreSQL does not let the user `{user}` do this ({words}). Grant it: `GRANT {needs} TO {user}`",
                user=asked.user,
                words=words_of(error),
                needs=asked.needs,
            )
        case vendor.ReadOnlySqlTransaction():
            return Denied(
                "PostgreSQL at {where} takes no changes from the user `{user}`: this role only reads, or this "
                "server is a replica.",
                where=asked.where,
                user=asked.user,
            )
        case vendor.QueryCanceled():
            return TimedOut(
                "PostgreSQL at {where} answers, but this query took longer than {seconds} s and was stopped.",
                where=asked.where,
                seconds=asked.seconds,
            )
        case vendor.LockNotAvailable():
            return TargetError("Another session holds a lock that this query needs; it was not waited for.")
        case vendor.UndefinedTable() | vendor.InvalidSchemaName():
            return Damaged("The table is not there: {words}.", words=words_of(error))
        case vendor.DataCorrupted() | vendor.IndexCorrupted() | vendor.UndefinedFile() | vendor.IoError():
            return Damaged("The table is damaged: {words}. Do not write to it; call a DBA.", words=words_of(error))
        case vendor.AdminShutdown() | vendor.CrashShutdown() | vendor.CannotConnectNow():
            return Unreachable("PostgreSQL at {where} is shutting down or restarting.", where=asked.where)
        case _:
            return TargetError(
                "PostgreSQL at {where} answered with an error ({code}: {words}).",
                where=asked.where,
                code=error.sqlstate or "?",
                words=words_of(error),
            )


def _not_connected(error: psycopg.Error, asked: Asked) -> TargetError:
    """libpq gives no code while connecting, only words, which a server may even say in its own language."""
    said = str(error)
    for signs, sentence in _CONNECTING:
        if any(sign in said for sign in signs):
            return sentence(asked, said)
    if "FATAL" in said:
        return TargetError(
            "PostgreSQL at {where} refuses the connection: {words}", where=asked.where, words=_after_fatal(said)
        )
    return _broken(asked)


def _broken(asked: Asked) -> Unreachable:
    return Unreachable(
        "PostgreSQL at {where} cannot be reached: nothing listens there or the connection broke.", where=asked.where
    )


def _after_fatal(said: str) -> str:
    return mask(" ".join(said.partition("FATAL:")[2].split()))[:_WORDS_LIMIT]


def _wrong_password(asked: Asked, _: str) -> TargetError:
    return Denied(
        "PostgreSQL at {where} refuses the user `{user}` or its password. Check the secret behind this target.",
        where=asked.where,
        user=asked.user,
    )


def _not_let_in(asked: Asked, said: str) -> TargetError:
    return Denied(
        "PostgreSQL at {where} does not let the user `{user}` in ({words}). It needs CONNECT, LOGIN and a line in "
        "pg_hba.conf.",
        where=asked.where,
        user=asked.user,
        words=_after_fatal(said),
    )


def _no_database(asked: Asked, _: str) -> TargetError:
    return Damaged("The server answers, but there is no database {where}.", where=asked.where)


def _full(asked: Asked, _: str) -> TargetError:
    return Unreachable("PostgreSQL at {where} accepts no more connections: all of them are taken.", where=asked.where)


def _starting(asked: Asked, _: str) -> TargetError:
    return Unreachable("PostgreSQL at {where} is starting, recovering or shutting down.", where=asked.where)


def _no_name(asked: Asked, _: str) -> TargetError:
    return Unreachable("The host of {where} is not known to DNS.", where=asked.where)


def _no_tls(asked: Asked, _: str) -> TargetError:
    return Unreachable("PostgreSQL at {where} could not agree on TLS; check `sslmode` in its URL.", where=asked.where)


# English and Portuguese servers; what is said in another language falls back to the server's own words.
_CONNECTING: Final = (
    (("password authentication failed", "no password supplied", "falhou para usuário"), _wrong_password),
    (("too many clients", "connection slots are reserved", "too many connections", "clientes demais"), _full),
    (("pg_hba.conf", "not permitted to log in", "permission denied for database"), _not_let_in),
    (("is starting up", "is shutting down", "in recovery mode", "not yet accepting"), _starting),
    (('" does not exist', '" não existe'), _no_database),
    (("could not translate host name", "failed to resolve host", "Name or service not known"), _no_name),
    (("SSL", "certificate"), _no_tls),
)
