"""Days as the team counts them: in its own time zone."""

from typing import Annotated, Final, TypeAlias
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from psycopg import sql
from pydantic import AfterValidator

from bot.providers.postgres.names import quoted


def _known(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise ValueError("not a time zone such as America/Sao_Paulo") from error
    return name


Zone: TypeAlias = Annotated[str, AfterValidator(_known)]
MIDNIGHT: Final = sql.SQL("(date_trunc('day', now() AT TIME ZONE %(zone)s) AT TIME ZONE %(zone)s)")


def is_today(column: str) -> sql.Composed:
    """A condition; a column without a zone counts as UTC, which the session's TimeZone makes of it."""
    return sql.SQL("{}::timestamptz >= {}").format(quoted(column), MIDNIGHT)


def is_recent(column: str) -> sql.Composed:
    return sql.SQL("{}::timestamptz >= now() - make_interval(hours => %(hours)s)").format(quoted(column))
