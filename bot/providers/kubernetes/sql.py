"""A few fixed questions to PostgreSQL from inside its own pod, for when it cannot be reached from outside."""

from typing import Final, Literal

from pydantic import Field

from bot.core.errors import Denied, TargetError
from bot.core.findings import Measurement, Reading
from bot.core.operation import Read
from bot.core.text import say
from bot.providers.kubernetes.address import NAME, Address
from bot.providers.kubernetes.cluster import opened
from bot.providers.kubernetes.inside import Answer, NoProgram, ask_inside
from bot.providers.kubernetes.selection import Wanted, pods_of, running_one

LIMIT: Final = 15.0
_QUESTIONS: Final = {
    "ping": "SELECT 1",
    "connections": "SELECT count(*), current_setting('max_connections') FROM pg_stat_activity",
}
# -w never waits for a password, -X reads no start-up file, -q -A -t leave the bare row.
_PSQL: Final = ("psql", "-X", "-w", "-q", "-A", "-t", "-F", " ", "-v", "ON_ERROR_STOP=1")
_NAMES: Final = {"ping": ("answers",), "connections": ("answers", "total", "max", "used_percent")}
# 2 means no connection; 1 and 3 are errors of the question itself.
_NO_CONNECTION: Final = 2
_TURNED_AWAY: Final = ('role "', 'database "', "password", "pg_hba.conf")


class SqlWanted(Wanted):
    """In which pods (the first one that runs is asked), and which of the fixed questions."""

    query: Literal["ping", "connections"] = "ping"
    user: str = Field("postgres", pattern=r"^[A-Za-z_][\w-]{0,62}$")
    database: str = Field("postgres", pattern=r"^[A-Za-z_][\w-]{0,62}$")
    container: str = Field("", pattern=f"{NAME}|^$")


async def _read(address: Address, wanted: SqlWanted) -> Reading:
    argv = (*_PSQL, "-U", wanted.user, "-d", wanted.database, "-c", f"BEGIN READ ONLY; {_QUESTIONS[wanted.query]};")
    async with opened(address) as cluster:
        pod = running_one(await pods_of(cluster, wanted))
        try:
            answer = await ask_inside(cluster, pod, wanted.container, argv)
        except NoProgram as error:
            return Reading(error.text, tuple(Measurement(one, None, "", error.text) for one in _NAMES[wanted.query]))
    return _told(pod["metadata"]["name"], wanted, answer)


def _told(pod: str, wanted: SqlWanted, answer: Answer) -> Reading:
    if answer.code == _NO_CONNECTION and any(words in answer.complaint for words in _TURNED_AWAY):
        raise Denied(
            "PostgreSQL in {pod} turns the user `{user}` away: {reason}",
            pod=pod,
            user=wanted.user,
            reason=answer.short_complaint,
        )
    if answer.code == _NO_CONNECTION:
        reason = say("PostgreSQL in {pod} does not answer: {reason}", pod=pod, reason=answer.short_complaint)
        rest = (Measurement(name, None, "", reason) for name in _NAMES[wanted.query][1:])
        return Reading(reason, (Measurement("answers", False), *rest))
    fields = answer.out.split()
    if answer.code or not fields or not all(field.isdigit() for field in fields):
        raise TargetError(
            "PostgreSQL in {pod} refuses the question: {reason}", pod=pod, reason=answer.short_complaint or "-"
        )
    if wanted.query == "ping":
        return Reading(say("PostgreSQL in {pod} answers", pod=pod), (Measurement("answers", True),))
    return _connections(pod, int(fields[0]), int(fields[-1]))


def _connections(pod: str, total: int, most: int) -> Reading:
    percent = round(100 * total / most, 1) if most else 0.0
    return Reading(
        say("{total} of {most} connections of PostgreSQL in {pod} are taken", total=total, most=most, pod=pod),
        (
            Measurement("answers", True),
            Measurement("total", total),
            Measurement("max", most),
            Measurement("used_percent", percent, "%"),
        ),
    )


SQL = Read("kubernetes.sql", Address, SqlWanted, LIMIT, _read)
