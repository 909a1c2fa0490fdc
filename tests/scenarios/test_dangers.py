"""What the documents do that is dangerous or wrong (requirements 6.4), row by row: what is typed, what is answered."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import pytest

from bot.core.family import NOTES, RUNS
from bot.core.run import Phase
from sandbox.world.railway import Platform
from tests.house import House
from tests.people import APPROVER, NEXT_ON_CALL

AGENTE, CHROMA, HARVEN = "incidents", "railway-chroma", "harven"
SUPPORT, ETP = "customer-support", "etp-express"


@dataclass(frozen=True)
class Row:
    """One danger by its id: where it is typed, and words of the answer, the safe way among them."""

    id: str
    channel: str
    typed: str
    answers: tuple[str, ...]


def refused(id: str, channel: str, action: str, instead: str) -> Row:
    """A command of the documents that is never run as written."""
    way = instead if instead.startswith("/diag") else f"Instead: `/run {instead}`"
    return Row(id, channel, f"/run {action}", ("is refused", way))


def odd(id: str, channel: str, typed: str, *answers: str) -> Row:
    """A value or a form that nobody may choose."""
    return Row(id, channel, typed, answers)


AT_ONCE: Final = [
    refused("G01", AGENTE, "flush-redis", "clear-cache"),
    refused("G01", HARVEN, "flushall", "clear-ai-cache"),
    refused("G02", AGENTE, "list-all-keys", "/diag cache-keys"),
    refused("G03", AGENTE, "monitor-redis", "/diag redis-slowlog"),
    refused("G04", AGENTE, "read-conversation", "/diag session"),
    refused("G05", HARVEN, "del-rate-limits", "clear-rate-limit"),
    odd("G05", HARVEN, "/run clear-rate-limit pattern=rate_limit:*", "cannot be used as pattern", "rate_limit:user:42"),
    refused("G06", CHROMA, "print-secrets", "/diag jwt-secret"),
    refused("G07", HARVEN, "print-jwt-secret", "/diag jwt-secret"),
    refused("G08", ETP, "print-variables", "/diag backend-variables"),
    refused("G09", AGENTE, "show-crm-key", "rotate-crm-key"),
    refused("G10", AGENTE, "type-crm-key", "rotate-crm-key"),
    refused("G10", CHROMA, "set-jwt-secret", "define-jwt-secret"),
    refused("G10", CHROMA, "set-groq-key", "rotate-groq-key"),
    refused("G10", ETP, "set-openai-key", "rotate-openai-key"),
    refused("G11", ETP, "set-database-password", "rotate-all-secrets"),
    refused("G13", SUPPORT, "set-dashboard-password", "reset-dashboard-password"),
    refused("G13", SUPPORT, "print-dashboard-user", "reset-dashboard-password"),
    refused("G14", SUPPORT, "create-key", "deliver-key"),
    refused("G15", ETP, "force-push", "rollback-frontend"),
    refused("G16", HARVEN, "down-and-checkout", "rollback-harven"),
    refused("G16", HARVEN, "checkout-commit", "rollback-harven"),
    refused("G20", AGENTE, "copy-logs-to-tmp", "capture-evidence"),
    refused("G21", AGENTE, "vacuum-full", "vacuum-table"),
    refused("G22", AGENTE, "delete-old-conversations", "purge-conversations"),
    refused("G23", AGENTE, "restore-over-live", "restore-beside"),
    refused("G24", AGENTE, "restore-through-exec", "restore-beside"),
    refused("G25", ETP, "end-all-idle", "end-idle-sessions"),
    refused("G26", ETP, "free-sql", "data-fix"),
    refused("G27", ETP, "psql-by-railway", "/diag database"),
    refused("G28", ETP, "migration-revert-local", "revert-migration"),
    odd("G30", ETP, "/run set-api-url changes=JWT_SECRET=x", "“changes” cannot be chosen here"),
    odd("G32", SUPPORT, "/run set-pool-size value=5000", "“5000” cannot be used as value", "below the Atlas limit"),
    refused("G33", CHROMA, "pkill-uvicorn", "restart-backend"),
    refused("G34", SUPPORT, "start-bot-by-hand", "restart-bot"),
    refused("G35", CHROMA, "run-new-chroma", "start-chroma"),
    refused("G36", CHROMA, "copy-over-chroma", "move-chroma-aside"),
    refused("G37", SUPPORT, "delete-collection-folder", "delete-collection"),
    refused("G38", CHROMA, "find-delete-backups", "prune-backups"),
    refused("G39", SUPPORT, "prune-containers", "rotate-logs"),
    refused("G39", SUPPORT, "delete-log-stream", "log-retention"),
    refused("G40", SUPPORT, "backup-in-container", "take-snapshots"),
    refused("G41", AGENTE, "canary-by-replicas", "canary-step"),
    refused("G42", AGENTE, "delete-old-deployment", "park-old-deployment"),
    refused("G43", AGENTE, "replace-ip-set", "block-address"),
    refused("G44", AGENTE, "set-any-variable", "set-setting"),
    odd("G44", AGENTE, "/run set-setting variable=LD_PRELOAD value=1", "cannot be “LD_PRELOAD”", "Choose one of"),
    odd("G47", AGENTE, "/diag watch redis-memory 30d", "A watch lasts from one minute to 2 h."),
    refused("G49", HARVEN, "edit-default-model", "use-smaller-model"),
    refused("G50", SUPPORT, "edit-env-file", "relax-escalation"),
    refused("G51", HARVEN, "compose-scale", "scale-backend"),
    refused("G53", AGENTE, "edit-on-server", "compose-limits"),
    refused("G53", AGENTE, "edit-blacklist", "block-address"),
    refused("G54", SUPPORT, "deploy-on-machine", "deploy-by-pipeline"),
    odd("G56", AGENTE, "/run block-address address=everybody", "cannot be used as address"),
    odd("G57", AGENTE, "/run tight-rate-limit value=1", "cannot be chosen here"),
    odd("G60", AGENTE, "/run kubectl delete namespace production", "I do not understand “delete”"),
    odd("G60", AGENTE, "/run $(reboot)", "has no action “$(reboot)”"),
    odd("G60", AGENTE, "/run restart-api; reboot", "I do not understand “reboot”"),
]

# What looks first and answers afterwards; each of them answers with something else than the document's command would.
AFTER_A_LOOK: Final = [
    Row("G19", AGENTE, "/run integrations-off", ("this has to be done first", "`/run capture-evidence`")),
    Row("G31", ETP, "/diag generation", ("Generation of a synthetic section",)),
    Row("G46", AGENTE, "/diag log-hour", ("Logs of the last hour", "lines read")),
    Row("G48", HARVEN, "/diag error-rate", ("Share of 5xx answers", " % now")),
    Row("G52", AGENTE, "/diag redis-hit-rate", ("Redis hit rate", "% of", "lookups found their key")),
]

# What is proposed, with words of the card: the target is named, what it costs and how it goes back.
ON_THE_CARD: Final = [
    Row("G29", ETP, "/run restart-backend", ("ETP Express · railway", "contêineres de backend")),
    Row("G30", ETP, "/run set-api-url", ("VITE_API_URL", "depois, um único redeploy")),
    Row("G57", AGENTE, "/run tight-rate-limit", ("RATE_LIMIT_PER_MINUTE", "Volta sozinho depois de 60 min")),
    Row("G58", ETP, "/run rotate-jwt-secret", ("inclusive as sessões. Avise os usuários", "#????????")),
    Row("G59", ETP, "/rollback backend", ("deploy de backend", "c0ffee1 feat: sections in order")),
]
# Those that want a world of their own, each a test below.
BY_THEMSELVES: Final = ("G12", "G17", "G18", "G45", "G55")
EVERY: Final = tuple(f"G{number:02}" for number in range(1, 61))


def test_no_danger_of_the_documents_is_left_out() -> None:
    proved = {row.id for row in (*AT_ONCE, *AFTER_A_LOOK, *ON_THE_CARD)} | set(BY_THEMSELVES)
    assert sorted(proved) == list(EVERY)


async def test_what_is_never_run_as_written_is_answered_with_the_reason_and_the_safe_way(house: House) -> None:
    said = [(row, await house.command(NEXT_ON_CALL, row.typed, channel=row.channel)) for row in AT_ONCE]
    assert [(row.id, row.typed, answer) for row, answer in said if lacks(row, answer)] == []
    assert await house.demo.bot.ports.record.count(RUNS) == 0


async def test_what_is_looked_at_instead_answers_bounded_and_without_what_it_must_not_show(house: House) -> None:
    for row in AFTER_A_LOOK:
        await house.command(NEXT_ON_CALL, row.typed, channel=row.channel)
    for row in AFTER_A_LOOK:
        assert not lacks(row, await house.told(NEXT_ON_CALL, row.answers[0])), row.id
    asked = house.demo.world.neighbours.sites["etp-express"].trouble.requests
    assert [one.rpartition("/sections/")[2] for one in asked if "generate" in one] == ["999999/generate"]
    assert await house.demo.bot.ports.record.count(RUNS) == 0


async def test_what_may_be_proposed_says_where_what_it_costs_and_how_it_goes_back(house: House) -> None:
    for number, row in enumerate(ON_THE_CARD, 1):
        await house.command(NEXT_ON_CALL, row.typed, channel=row.channel)
        card = house.words(await house.headline(f"RUN-{number}"))
        assert not lacks(row, card), (row.id, card)


async def test_g12_a_credential_that_somebody_types_is_neither_shown_nor_kept(house: House) -> None:
    typed = "mongodb+srv://shop:s3same-word@db.example.com falha"
    said = await house.command(NEXT_ON_CALL, f"/incident declare P1 {typed}")
    head = house.words(await house.headline("INC-1"))
    await house.command(NEXT_ON_CALL, "/incident update INC-1 JWT_SECRET=s3same-other")
    await house.replied("INC-1", "JWT_SECRET=***")
    record = house.demo.bot.ports.record
    kept = repr(await record.events("INC-1"))
    for place in (said, head, kept):
        assert "mongodb+srv://shop:***@db.example.com falha" in place
        assert "s3same" not in place
    await house.command(NEXT_ON_CALL, "/handoff note the new API_KEY=s3same-third is in place")
    await house.command(APPROVER, "/plantao freeze senha=s3same-fourth vazou")
    assert "senha=*** vazou" in house.words(await house.headline("FRZ-1"))
    notes = await record.listing(NOTES, only_open=True, limit=5)
    assert [note.words for note in notes] == ["the new API_KEY=*** is in place"]


@pytest.mark.parametrize(("channel", "rollback"), [(ETP, "/rollback frontend"), (AGENTE, "/rollback agente-api")])
async def test_g17_no_rollback_in_a_breach(house: House, channel: str, rollback: str) -> None:
    await house.command(NEXT_ON_CALL, "/incident declare P0 odd logins", channel=channel)
    await house.command(NEXT_ON_CALL, "/incident breach INC-1", channel=channel)
    said = await house.command(NEXT_ON_CALL, rollback, channel=channel)
    assert "INC-1 is a security incident" in said
    assert "Capture the evidence first" in said


@pytest.mark.parametrize("channel", [ETP, CHROMA])
async def test_g18_after_a_rotation_the_rollback_that_would_bring_the_old_secret_back_is_refused(
    house: House, channel: str
) -> None:
    platform: Platform = house.demo.world.neighbours.railway[channel].platform
    backend = next(one for one in platform.services.values() if one.name == "backend")
    platform.set_variables(backend, {"JWT_SECRET": "rotated"}, skips_deploys=True)
    platform.deployed(backend, "dddd004", "chore: rotated", hours=1)
    await house.command(NEXT_ON_CALL, "/rollback backend", channel=channel)
    said = await house.told(NEXT_ON_CALL, "Nothing was proposed: Refused: since")
    assert "these secrets were changed: JWT_SECRET" in said
    assert "the same code with the present variables" in said
    assert await house.demo.bot.ports.record.count(RUNS) == 0


async def test_g45_a_rollback_after_a_setting_shows_that_it_would_undo_the_setting(house: House) -> None:
    await house.command(NEXT_ON_CALL, "/run set-setting variable=CACHE_TTL value=600")
    await house.click(APPROVER, await house.headline("RUN-1"), "run:approve")
    await house.until(lambda: _is_verified(house))
    await house.command(NEXT_ON_CALL, "/rollback agente-api")
    assert "CACHE_TTL" in house.words(await house.headline("RUN-2"))


async def test_g55_people_in_logs_stay_unnamed(house: House) -> None:
    await house.demo.world.control({"logs": {"etp-express": ["ERROR unauthorized login of maria@example.com"]}})
    await house.command(NEXT_ON_CALL, "/diag auth-lines", channel=ETP)
    report = await house.until(lambda: _report(house))
    await house.click(NEXT_ON_CALL, {"channel": "alerts-production", **report}, "report:more")
    shown = await house.told(NEXT_ON_CALL, "***@example.com")
    assert "maria" not in shown


async def _report(house: House) -> dict[str, object] | None:
    found = (await house.state())["ephemerals"].get(NEXT_ON_CALL.id, [])
    return next((one for one in found if "[Show more]" in house.words(one)), None)


async def _is_verified(house: House) -> bool:
    return (await house.demo.bot.ports.record.load(RUNS, "RUN-1")).phase is Phase.VERIFIED


def lacks(row: Row, said: str) -> list[str]:
    """The words of the row that are not in an answer."""
    return _missing(row.answers, said)


def _missing(words: Iterable[str], said: str) -> list[str]:
    return [one for one in words if one not in said]
