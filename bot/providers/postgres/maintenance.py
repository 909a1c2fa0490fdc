"""ANALYZE and plain VACUUM of one table. VACUUM FULL cannot be said here: it locks and needs the space again."""

from dataclasses import dataclass
from typing import Final

from psycopg import sql

from bot.core.errors import Denied, TargetError, TimedOut, Unreachable
from bot.core.operation import Change, Parameters, Progress
from bot.core.preview import Line, Preview
from bot.core.text import Text, say
from bot.providers.postgres.address import Address
from bot.providers.postgres.connection import Row, reading
from bot.providers.postgres.names import Table, quoted
from bot.providers.postgres.tables import old_transactions, require_owner, table_of
from bot.providers.postgres.watched import Statement, run_watched

_ANALYZE_LIMIT: Final = 600.0
_VACUUM_LIMIT: Final = 3600.0
_SPARE: Final = 15.0


class OfTable(Parameters):
    """Which table."""

    table: Table


@dataclass(frozen=True, slots=True)
class _Care:
    """One of the two statements, the moment that proves it, and how it is told."""

    verb: str
    statement: sql.SQL
    stamp: str
    watch: sql.SQL
    seconds: float


_ANALYZING: Final = _Care(
    "ANALYZE",
    sql.SQL("ANALYZE {}"),
    "analyzed",
    sql.SQL(
        "SELECT phase, sample_blks_scanned AS done, sample_blks_total AS total FROM pg_stat_progress_analyze "
        "WHERE relid = %(table)s"
    ),
    _ANALYZE_LIMIT - _SPARE,
)
_VACUUMING: Final = _Care(
    "VACUUM",
    sql.SQL("VACUUM (FULL false, ANALYZE true) {}"),
    "vacuumed",
    sql.SQL(
        "SELECT phase, heap_blks_scanned AS done, heap_blks_total AS total FROM pg_stat_progress_vacuum "
        "WHERE relid = %(table)s"
    ),
    _VACUUM_LIMIT - _SPARE,
)


async def _preview_analyze(address: Address, wanted: OfTable) -> Preview:
    row, _ = await _seen(address, wanted)
    last = row["analyzed_at"] or "—"
    lines = (
        Line(say("last statistics of {table}", table=row["name"]), last, last),
        Line(say("rows changed since then"), str(row["modified"]), "0"),
    )
    return _preview(wanted, row, lines, ())


async def _preview_vacuum(address: Address, wanted: OfTable) -> Preview:
    row, warnings = await _seen(address, wanted)
    last = row["vacuumed_at"] or "—"
    reusable = say("The space of dead rows becomes free for new rows of this table; the file hardly shrinks.")
    lines = (
        Line(say("last vacuum of {table}", table=row["name"]), last, last),
        Line(say("dead rows"), str(row["dead"]), "0"),
    )
    return _preview(wanted, row, lines, (reusable, *warnings))


async def _seen(address: Address, wanted: OfTable) -> tuple[Row, tuple[Text, ...]]:
    async with reading(address) as session:
        row = await table_of(session, wanted.table)
        require_owner(row, address)
        return row, await old_transactions(session)


def _preview(wanted: OfTable, row: Row, lines: tuple[Line, ...], warnings: tuple[Text, ...]) -> Preview:
    return Preview(lines, {"oid": str(row["oid"])}, {"table": wanted.table}, warnings)


async def _analyze(address: Address, wanted: OfTable, preview: Preview, progress: Progress) -> Text:
    row = await _cared(address, wanted, preview, progress, _ANALYZING)
    return say("{table} has fresh statistics, about {rows} rows", table=row["name"], rows=int(row["rows"]))


async def _vacuum(address: Address, wanted: OfTable, preview: Preview, progress: Progress) -> Text:
    row = await _cared(address, wanted, preview, progress, _VACUUMING)
    return say("{table} is vacuumed, {dead} dead rows are left", table=row["name"], dead=row["dead"])


async def _cared(address: Address, wanted: OfTable, preview: Preview, progress: Progress, care: _Care) -> Row:
    """Run it once; done is what the server's own statistics then say."""
    before, _ = await _seen(address, wanted)
    if str(before["oid"]) != preview.state["oid"]:
        raise TargetError("{table} is no longer the table that was shown; nothing was done.", table=wanted.table)
    statement = Statement(
        care.statement.format(quoted(wanted.table)), care.seconds, str(before["owner"]), care.watch, _told
    )
    lost: TargetError | None = None
    try:
        await run_watched(address, statement, before["oid"], progress)
    except (Unreachable, TimedOut) as error:
        lost = error
    after = await _seen_after(address, wanted, care)
    if after[care.stamp] is None or after[care.stamp] == before[care.stamp]:
        if lost is not None:
            raise lost
        raise Denied(
            "PostgreSQL passed over {table} without {verb}. Grant it: `GRANT {owner} TO {user}`",
            table=wanted.table,
            verb=care.verb,
            owner=after["owner"],
            user=address.user,
        )
    return after


async def _seen_after(address: Address, wanted: OfTable, care: _Care) -> Row:
    try:
        return (await _seen(address, wanted))[0]
    except (Unreachable, TimedOut) as error:
        raise Unreachable(
            "{reason} Whether {verb} of {table} came to its end is not known.",
            reason=error.text,
            verb=care.verb,
            table=wanted.table,
        ) from error


def _told(row: Row) -> Text:
    return say("{phase}: {done} of {total} blocks", phase=row["phase"], done=row["done"], total=row["total"])


ANALYZE = Change("postgres.analyze", Address, OfTable, _ANALYZE_LIMIT, _preview_analyze, _analyze)
VACUUM = Change("postgres.vacuum", Address, OfTable, _VACUUM_LIMIT, _preview_vacuum, _vacuum)
