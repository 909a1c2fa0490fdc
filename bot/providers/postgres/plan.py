"""How PostgreSQL would run a query that the team wrote down, without running it."""

from collections.abc import Iterator
from typing import Any, Final

from psycopg import sql
from pydantic import Field

from bot.core.findings import Measurement, Reading
from bot.core.operation import Parameters, Read
from bot.core.redaction import mask
from bot.core.text import Text, say
from bot.providers.postgres.address import Address
from bot.providers.postgres.connection import QUICK, QUICK_LIMIT, reading
from bot.providers.postgres.wording import shape

_SHOWN: Final = 20
_CONDITIONS: Final = ("Index Cond", "Hash Cond", "Merge Cond", "Join Filter", "Filter")


class Select(Parameters):
    """One SELECT from the catalog, with example values in it."""

    select: str = Field(pattern=r"^\s*(?i:select)\s", max_length=4000)


async def _read(address: Address, wanted: Select) -> Reading:
    # Without ANALYZE nothing is executed; the server itself refuses a second statement behind a semicolon.
    query = sql.SQL("EXPLAIN (FORMAT JSON, COSTS true) {}").format(sql.SQL(wanted.select))
    async with reading(address, QUICK, "SELECT ON the tables of this query") as session:
        rows = await session.foreign_rows(query)
    root: dict[str, Any] = rows[0]["QUERY PLAN"][0]["Plan"]
    nodes = list(_nodes(root, 0))
    scanned = [node["Relation Name"] for _, node in nodes if node["Node Type"] == "Seq Scan"]
    return Reading(
        _summary(root, scanned),
        (
            Measurement("cost", round(root["Total Cost"], 1)),
            Measurement("rows", root["Plan Rows"]),
            Measurement("seq_scans", len(scanned)),
        ),
        tuple(_shown(depth, node) for depth, node in nodes[:_SHOWN]),
    )


def _nodes(node: dict[str, Any], depth: int) -> Iterator[tuple[int, dict[str, Any]]]:
    yield depth, node
    for below in node.get("Plans", ()):
        yield from _nodes(below, depth + 1)


def _summary(root: dict[str, Any], scanned: list[str]) -> Text:
    cost = round(root["Total Cost"], 1)
    if not scanned:
        return say("planned at a cost of {cost}, no table is read from end to end", cost=cost)
    return say(
        "planned at a cost of {cost}; read from end to end: {tables}",
        cost=cost,
        tables=mask(", ".join(sorted(set(scanned))))[:200],
    )


def _shown(depth: int, node: dict[str, Any]) -> str:
    where = " ".join(str(node[key]) for key in ("Relation Name", "Index Name") if key in node)
    condition = "; ".join(f"{key}: {node[key]}" for key in _CONDITIONS if key in node)
    told = f"{node['Node Type']} {where}".strip()
    figures = f"cost {node['Total Cost']:g}, about {node['Plan Rows']} rows"
    return f"{'  ' * depth}{mask(told)[:100]} ({figures}) {shape(condition, 160)}".rstrip()


PLAN = Read("postgres.plan", Address, Select, QUICK_LIMIT, _read)
