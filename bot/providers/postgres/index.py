"""A new index without stopping writers; what a failed attempt leaves behind is named."""

from typing import Final

from psycopg import sql
from pydantic import Field

from bot.core.errors import TargetError, TimedOut, Unreachable
from bot.core.operation import Change, Parameters, Progress
from bot.core.preview import Line, Preview
from bot.core.text import Text, say
from bot.providers.postgres.address import Address
from bot.providers.postgres.connection import Row, Session, reading
from bot.providers.postgres.names import Name, Names, Table, quoted
from bot.providers.postgres.tables import old_transactions, require_owner, table_of
from bot.providers.postgres.watched import Statement, run_watched

_LIMIT: Final = 3700.0
_ENTRY_BYTES: Final = 20  # item pointer, tuple header and alignment of one B-tree entry, beside its columns
_FILL: Final = 0.9  # the default fill factor
_UNKNOWN_WIDTH: Final = 16
_CREATE: Final = sql.SQL("CREATE INDEX CONCURRENTLY {name} ON {table} ({columns})")
_WATCH: Final = sql.SQL(
    "SELECT phase, blocks_done AS done, blocks_total AS total FROM pg_stat_progress_create_index "
    "WHERE relid = %(table)s"
)
_COLUMNS: Final = sql.SQL(
    "SELECT a.attname AS name, s.avg_width AS width FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid "
    "JOIN pg_namespace n ON n.oid = c.relnamespace LEFT JOIN pg_stats s ON s.schemaname = n.nspname "
    "AND s.tablename = c.relname AND s.attname = a.attname "
    "WHERE a.attrelid = %(table)s::oid AND a.attnum > 0 AND NOT a.attisdropped"
)
_INDEXES: Final = sql.SQL(
    "SELECT c.relname AS name, i.indisvalid AS is_valid, "
    "ARRAY(SELECT a.attname::text FROM unnest(i.indkey::int[]) WITH ORDINALITY AS k (number, place) "
    "JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.number ORDER BY k.place) AS columns "
    "FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid WHERE i.indrelid = %(table)s::oid"
)
_TAKEN: Final = sql.SQL(
    "SELECT 1 FROM pg_class c JOIN pg_class t ON t.relnamespace = c.relnamespace "
    "WHERE t.oid = %(table)s::oid AND c.relname = %(name)s"
)


class Index(Parameters):
    """The index's name, its table, its columns in order, and after how many minutes to give up."""

    name: Name
    table: Table
    columns: Names = Field(min_length=1, max_length=8)
    minutes: int = Field(30, ge=1, le=60)


async def _preview(address: Address, wanted: Index) -> Preview:
    async with reading(address) as session:
        row = await table_of(session, wanted.table)
        _require_ordinary(row, address)
        widths = await _widths(session, row, wanted)
        indexes = await session.rows(_INDEXES, table=row["oid"])
        _require_new(indexes, bool(await session.rows(_TAKEN, table=row["oid"], name=wanted.name)), wanted)
        waits = await old_transactions(session)
    megabytes = round(row["rows"] * (sum(widths) + _ENTRY_BYTES) / _FILL / 1048576, 1)
    size = f"{row['mb']:.0f} MB"
    return Preview(
        lines=(
            Line(say("new index on {table}", table=row["name"]), "", f"{wanted.name} ({', '.join(wanted.columns)})"),
            Line(say("size of the table"), size, size),
        ),
        state={"oid": str(row["oid"]), "indexes": ", ".join(sorted(index["name"] for index in indexes))},
        arguments={
            "name": wanted.name,
            "table": wanted.table,
            "columns": ",".join(wanted.columns),
            "minutes": str(wanted.minutes),
        },
        warnings=(
            say(
                "The index takes about {mb} MB, and as much again while it is built. PostgreSQL does not tell how much "
                "space is free: check the disk first.",
                mb=megabytes,
            ),
            say("The way back is `DROP INDEX CONCURRENTLY {index}`.", index=_qualified(row, wanted.name)),
            *_overlaps(indexes, wanted),
            *waits,
        ),
    )


def _require_ordinary(row: Row, address: Address) -> None:
    if row["kind"] == "p":
        raise TargetError("{table} is partitioned; such an index has to be built per partition.", table=row["name"])
    # MAINTAIN of PostgreSQL 17 covers vacuum and analyze, not a new index.
    require_owner({**row, "is_maintained": False}, address)


async def _widths(session: Session, row: Row, wanted: Index) -> list[int]:
    """Average bytes of each column, as far as the statistics know them."""
    known = {column["name"]: column["width"] for column in await session.rows(_COLUMNS, table=row["oid"])}
    absent = [name for name in wanted.columns if name not in known]
    if absent:
        raise TargetError("{table} has no column {names}.", table=row["name"], names=", ".join(absent))
    return [known[name] or _UNKNOWN_WIDTH for name in wanted.columns]


def _require_new(indexes: list[Row], is_taken: bool, wanted: Index) -> None:
    same = next((index for index in indexes if index["name"] == wanted.name), None)
    if same is not None and not same["is_valid"]:
        raise TargetError(
            "An earlier attempt left the index {name} behind, and it is invalid. Drop it first: "
            "`DROP INDEX CONCURRENTLY {name}`",
            name=wanted.name,
        )
    if is_taken:
        raise TargetError("Something with the name {name} is there already.", name=wanted.name)


def _overlaps(indexes: list[Row], wanted: Index) -> tuple[Text, ...]:
    columns = list(wanted.columns)
    same = [index["name"] for index in indexes if index["is_valid"] and index["columns"][: len(columns)] == columns]
    return (say("{names} begins with the same columns already.", names=", ".join(same)),) if same else ()


async def _execute(address: Address, wanted: Index, preview: Preview, progress: Progress) -> Text:
    async with reading(address) as session:
        row = await table_of(session, wanted.table)
    if str(row["oid"]) != preview.state["oid"]:
        raise TargetError("{table} is no longer the table that was shown; nothing was done.", table=wanted.table)
    statement = Statement(
        _CREATE.format(
            name=quoted(wanted.name),
            table=quoted(wanted.table),
            columns=sql.SQL(", ").join(map(quoted, wanted.columns)),
        ),
        wanted.minutes * 60,
        str(row["owner"]),
        _WATCH,
        _told,
    )
    try:
        await run_watched(address, statement, row["oid"], progress)
    except TargetError as error:
        await _explain(address, row, wanted, error)
    return say("the index {name} is built and valid", name=wanted.name)


def _told(row: Row) -> Text:
    return say("{phase}: {done} of {total} blocks", phase=row["phase"], done=row["done"], total=row["total"])


async def _explain(address: Address, row: Row, wanted: Index, error: TargetError) -> None:
    """After a failure: look at what there is now; returns if the index is whole after all."""
    try:
        async with reading(address) as session:
            indexes = await session.rows(_INDEXES, table=row["oid"])
    except (Unreachable, TimedOut) as gone:
        raise Unreachable(
            "{reason} Whether the index {name} is built, still being built or left behind invalid is not known: look "
            "at the indexes of {table} before anybody tries again.",
            reason=error.text,
            name=wanted.name,
            table=row["name"],
        ) from gone
    found = next((index for index in indexes if index["name"] == wanted.name), None)
    if found is None:
        raise error
    if not found["is_valid"]:
        raise TargetError(
            "{reason} An invalid index is there now: it slows writes down and serves nothing. Unless it is still being "
            "built, drop it: `DROP INDEX CONCURRENTLY {index}`",
            reason=error.text,
            index=_qualified(row, wanted.name),
        ) from error


def _qualified(row: Row, name: str) -> str:
    return f"{row['name'].partition('.')[0]}.{name}"


CREATE_INDEX = Change("postgres.create_index_concurrently", Address, Index, _LIMIT, _preview, _execute)
