"""`supabase.auth_health` and `supabase.rest`: what logins and data requests meet."""

from pydantic import Field

from bot.core.findings import Measurement, Reading
from bot.core.operation import Parameters, Read
from bot.core.text import Text, say
from bot.providers.supabase.project import LIMIT, Address, services
from bot.providers.web_answers import Answer, dug
from bot.providers.web_api import Api, Request


class Rest(Parameters):
    """A table to ask for no rows of; without one the root is asked, which Supabase shows to secret keys only."""

    table: str = Field("", pattern=r"^\w{0,63}$")


async def _auth_health(address: Address, _: Parameters) -> Reading:
    api = services(address)
    answer = await api.ask(Request("/auth/v1/health"))
    version = api.clean(dug(answer.document(), "version") or "", 40)
    if answer.is_good:
        summary = say("auth {version} answers in {latency} ms", version=version, latency=answer.took_ms)
    else:
        summary = _unwell(api, answer, say("auth"))
    return Reading(summary, _measured(answer), () if answer.is_good else (_line(api, answer),))


async def _rest(address: Address, wanted: Rest) -> Reading:
    api = services(address)
    if wanted.table:
        request = Request(f"/rest/v1/{wanted.table}", query={"select": "*", "limit": "0"})
    else:
        request = Request("/rest/v1/")
    answer = await api.ask(request)
    if answer.is_good:
        summary = say("the data API answers in {latency} ms", latency=answer.took_ms)
    elif not wanted.table and answer.status in {401, 403}:
        summary = say(
            "the data API answers {status}: its root is no longer shown to public keys, name a `table`",
            status=answer.status,
        )
    else:
        summary = _unwell(api, answer, say("the data API"))
    return Reading(summary, _measured(answer), () if answer.is_good else (_line(api, answer),))


def _measured(answer: Answer) -> tuple[Measurement, ...]:
    return (
        Measurement("status", answer.status),
        Measurement("ok", answer.is_good),
        Measurement("latency_ms", answer.took_ms, "ms"),
    )


def _unwell(api: Api, answer: Answer, what: Text) -> Text:
    """PostgREST's own codes tell a lost database (PGRST000 to 003) from everything else."""
    code = str(dug(answer.document(), "code") or "")
    if code in {"PGRST000", "PGRST001", "PGRST002", "PGRST003"}:
        return say("{what} answers {status}: it cannot reach the database", what=what, status=answer.status)
    match answer.status:
        case 401 | 403:
            return say("{what} refuses the key ({status})", what=what, status=answer.status)
        case 540:
            return say("{what} answers {status}: the project is paused", what=what, status=answer.status)
    return say("{what} answers {status}: {message}", what=what, status=answer.status, message=api.message(answer))


def _line(api: Api, answer: Answer) -> str:
    return f"{answer.status}  {api.clean(dug(answer.document(), 'code') or '-', 40)}  {api.message(answer)}"


AUTH_HEALTH = Read("supabase.auth_health", Address, Parameters, LIMIT, _auth_health)
REST = Read("supabase.rest", Address, Rest, LIMIT, _rest)
