"""The PagerDuty operations against an emulated account: what is read, and what taking an incident changes there."""

from collections.abc import AsyncIterator

import pytest
from data_changes import execute, granted, lines, preview, refused, warnings
from pydantic import ValidationError
from readings import Settings, measured, missing, read, refusal, spoken, summary

from bot.core.errors import Denied, Unreachable
from sandbox.world.observability.pagerduty import Incident, Oncall, PagerDuty, open_pagerduty

ACKNOWLEDGE, REASSIGN = "pagerduty.acknowledge", "pagerduty.reassign"
READER = "u+readonlykey0000001"


@pytest.fixture
async def account() -> AsyncIterator[PagerDuty]:
    """An account with two keys, which may do exactly what the permissions page says."""
    async with open_pagerduty() as account:
        reads, changes = (frozenset(granted(f"text {label}").split()) for label in ("pagerduty", "pagerduty-changes"))
        account.front.tokens = {account.token: reads | changes, READER: reads}
        account.add_user("PANA001", "Ana Souza", "ana@example.com")
        account.add_user("PBRUNO1", "Bruno Lima", "bruno@example.com")
        account.trigger(Incident("Q1AAA", "High error rate, reported by maria@example.com", ["PANA001"], 41, minutes=9))
        account.trigger(Incident("Q2BBB", "Slow", ["PBRUNO1"], 42, status="acknowledged", urgency="low"))
        account.trigger(Incident("Q3CCC", "Old", [], 40, status="resolved"))
        account.trigger(Incident("Q4DDD", "Elsewhere", ["PBRUNO1"], 43, service="PWEB001", minutes=2))
        account.oncalls = [Oncall("PSCHED1", "PBRUNO1", 2), Oncall("PSCHED1", "PANA001", 1)]
        yield account


def address(account: PagerDuty, **other: object) -> Settings:
    return {"url": account.url, "token": account.token, "from_email": "ana@example.com", **other}


async def test_open_incidents_are_counted_and_the_unacknowledged_come_first(account: PagerDuty) -> None:
    reading = await read("pagerduty.incidents", address(account, token=READER, from_email=""))
    assert measured(reading) == {"triggered": 2, "acknowledged": 1, "high_urgency": 2, "oldest_triggered_min": 9}
    assert summary(reading) == "2 unacknowledged in PagerDuty, the oldest for 9 min; 1 in work"
    assert reading.evidence[0] == (
        "triggered Q1AAA #41 High error rate, reported by ***@example.com (agente-api), Ana Souza, 9 min"
    )
    assert [line.split(" ")[1] for line in reading.evidence] == ["Q1AAA", "Q4DDD", "Q2BBB"]


async def test_one_service_can_be_looked_at_alone(account: PagerDuty) -> None:
    reading = await read("pagerduty.incidents", address(account), service="PWEB001")
    assert measured(reading)["triggered"] == 1
    none = await read("pagerduty.incidents", address(account), service="PNONE01")
    assert summary(none) == "nothing is unacknowledged in PagerDuty, 0 in work"


async def test_more_incidents_than_one_page_holds_are_said_to_be_more(account: PagerDuty) -> None:
    for number in range(120):
        account.trigger(Incident(f"QX{number:04d}", "storm", ["PANA001"], 100 + number))
    reading = await read("pagerduty.incidents", address(account))
    assert summary(reading) == "100 open incidents or more in PagerDuty"
    assert len(reading.evidence) == 15


async def test_who_is_on_call_is_told_by_name_only(account: PagerDuty) -> None:
    reading = await read("pagerduty.oncall", address(account, token=READER), schedule="PSCHED1")
    assert measured(reading) == {"covered": True, "who": "Ana Souza"}
    assert summary(reading).startswith("Ana Souza is on call until ")
    assert reading.evidence[0].startswith("level 1: Ana Souza until ")
    assert reading.evidence[1].startswith("level 2: Bruno Lima until ")
    assert "@" not in repr(reading)


async def test_a_schedule_without_anybody_is_told(account: PagerDuty) -> None:
    reading = await read("pagerduty.oncall", address(account), schedule="PEMPTY1")
    assert measured(reading)["covered"] is False
    assert missing(reading, "who") == "nobody is on call"


async def test_a_key_that_nobody_knows_is_told(account: PagerDuty) -> None:
    error = await refusal("pagerduty.incidents", address(account, token="s3same-wrong"))
    assert isinstance(error, Denied)
    assert spoken(error).endswith("does not accept our credentials (401). Check the secret behind this target.")


async def test_too_many_requests_are_told(account: PagerDuty) -> None:
    account.front.status = 429
    assert "Try again in a minute" in spoken(await refusal("pagerduty.incidents", address(account)))


async def test_acknowledging_is_shown_first_and_changes_nothing_yet(account: PagerDuty) -> None:
    shown = await preview(ACKNOWLEDGE, address(account), incident="Q1AAA")
    assert lines(shown)["status"] == ("triggered", "acknowledged")
    assert lines(shown)["incident"] == ("", "#41 High error rate, reported by ***@example.com")
    assert (dict(shown.arguments), dict(shown.undo)) == ({"incident": "Q1AAA"}, {})
    assert account.front.writes == []


async def test_acknowledging_takes_the_incident_once(account: PagerDuty) -> None:
    shown = await preview(ACKNOWLEDGE, address(account), incident="Q1AAA")
    assert await execute(ACKNOWLEDGE, address(account), shown) == "#41 is acknowledged in PagerDuty: Ana Souza"
    assert account.incidents["Q1AAA"].status == "acknowledged"
    assert account.incidents["Q1AAA"].acknowledged_by == ["PANA001"]
    assert account.front.writes == ["PUT /incidents/Q1AAA"]
    assert measured(await read("pagerduty.incidents", address(account)))["acknowledged"] == 2


@pytest.mark.parametrize(
    ("incident", "words"),
    [
        ("Q2BBB", "Q2BBB is acknowledged already, by Bruno Lima; nothing to do."),
        ("Q3CCC", "The PagerDuty incident Q3CCC is resolved already; nothing to do."),
        ("Q9ZZZ", "PagerDuty has no incident Q9ZZZ, or does not show it to us."),
    ],
)
async def test_what_cannot_be_acknowledged_is_refused(account: PagerDuty, incident: str, words: str) -> None:
    assert spoken(await refused(preview(ACKNOWLEDGE, address(account), incident=incident))) == words


async def test_an_incident_that_moved_on_since_it_was_shown_is_left_alone(account: PagerDuty) -> None:
    shown = await preview(ACKNOWLEDGE, address(account), incident="Q1AAA")
    account.incidents["Q1AAA"].assigned = ["PBRUNO1"]
    error = await refused(execute(ACKNOWLEDGE, address(account), shown))
    assert spoken(error) == "The PagerDuty incident Q1AAA is not as it was shown; nothing was done."
    assert account.front.writes == []


async def test_a_key_that_may_only_read_cannot_acknowledge(account: PagerDuty) -> None:
    shown = await preview(ACKNOWLEDGE, address(account, token=READER), incident="Q1AAA")
    error = await refused(execute(ACKNOWLEDGE, address(account, token=READER), shown))
    assert isinstance(error, Denied)
    assert "Permissions needed: incidents.write. Give the key the scopes" in spoken(error)
    assert account.incidents["Q1AAA"].status == "triggered"


async def test_a_missing_sender_is_explained(account: PagerDuty) -> None:
    shown = await preview(ACKNOWLEDGE, address(account, from_email=""), incident="Q1AAA")
    error = await refused(execute(ACKNOWLEDGE, address(account, from_email=""), shown))
    assert "Set `from_email` of this target" in spoken(error)


@pytest.mark.parametrize("status", [0, 502, 504])
async def test_a_lost_answer_is_found_out_by_reading_and_not_sent_again(account: PagerDuty, status: int) -> None:
    shown = await preview(ACKNOWLEDGE, address(account), incident="Q1AAA")
    account.front.lose_answers, account.front.lost_status, account.front.blind_looks = 1, status, 2
    assert "#41 is acknowledged" in await execute(ACKNOWLEDGE, address(account), shown)
    assert account.front.writes == ["PUT /incidents/Q1AAA"]


@pytest.mark.parametrize("status", [0, 502])
async def test_a_change_lost_on_its_way_is_told_and_not_sent_again(account: PagerDuty, status: int) -> None:
    shown = await preview(ACKNOWLEDGE, address(account), incident="Q1AAA")
    account.front.drop_writes, account.front.lost_status = 1, status
    error = await refused(execute(ACKNOWLEDGE, address(account), shown))
    assert spoken(error).endswith("Looked at again, it is still triggered, Ana Souza.")
    assert account.front.writes == ["PUT /incidents/Q1AAA"]


async def test_when_pagerduty_is_gone_after_the_sending_nobody_claims_to_know(account: PagerDuty) -> None:
    async def vanish() -> None:
        account.front.breaks = True

    shown = await preview(ACKNOWLEDGE, address(account), incident="Q1AAA")
    account.front.before_write, account.front.drop_writes = vanish, 1
    error = await refused(execute(ACKNOWLEDGE, address(account), shown))
    assert isinstance(error, Unreachable)
    assert "whether it was made is not known" in spoken(error)


@pytest.mark.parametrize("to", ["bruno@example.com", "Bruno Lima", "PBRUNO1"])
async def test_reassigning_calls_the_other_and_its_undo_brings_it_back(account: PagerDuty, to: str) -> None:
    shown = await preview(REASSIGN, address(account), incident="Q1AAA", to=to)
    assert lines(shown)["assigned to"] == ("Ana Souza", "Bruno Lima")
    assert "calls them at once" in warnings(shown)
    assert shown.arguments == {"incident": "Q1AAA", "to": "PBRUNO1"}
    assert await execute(REASSIGN, address(account), shown) == "#41 is assigned to Bruno Lima in PagerDuty"
    assert account.incidents["Q1AAA"].assigned == ["PBRUNO1"]
    back = await preview(REASSIGN, address(account), **shown.undo)
    await execute(REASSIGN, address(account), back)
    assert account.incidents["Q1AAA"].assigned == ["PANA001"]
    assert len(account.front.writes) == 2


async def test_an_incident_can_be_given_to_several(account: PagerDuty) -> None:
    shown = await preview(REASSIGN, address(account), incident="Q2BBB", to="bruno@example.com, ana@example.com")
    assert shown.arguments["to"] == "PANA001,PBRUNO1"
    await execute(REASSIGN, address(account), shown)
    assert sorted(account.incidents["Q2BBB"].assigned) == ["PANA001", "PBRUNO1"]
    assert account.incidents["Q2BBB"].status == "triggered"


@pytest.mark.parametrize("to", ["nobody@example.com", "PNOBODY1", "Souza"])
async def test_somebody_unknown_is_refused(account: PagerDuty, to: str) -> None:
    error = await refused(preview(REASSIGN, address(account), incident="Q1AAA", to=to))
    assert "has not exactly one user" in spoken(error)


async def test_a_name_that_two_people_bear_is_refused(account: PagerDuty) -> None:
    account.add_user("PANA002", "Ana Souza", "ana.souza@example.com")
    error = await refused(preview(REASSIGN, address(account), incident="Q2BBB", to="Ana Souza"))
    assert "Use the e-mail or the id." in spoken(error)


async def test_whoever_has_it_already_is_refused(account: PagerDuty) -> None:
    error = await refused(preview(REASSIGN, address(account), incident="Q1AAA", to="ana@example.com"))
    assert spoken(error) == "Q1AAA is assigned to Ana Souza already; nothing to do."


async def test_an_id_cannot_lead_to_another_path(account: PagerDuty) -> None:
    with pytest.raises(ValidationError):
        await preview(ACKNOWLEDGE, address(account), incident="../users")
