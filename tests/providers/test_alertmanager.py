"""The Alertmanager operations against the real Alertmanager: silences are seen by their effect on real alerts."""

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from data_changes import execute, granted, lines, preview, refused, warnings
from prometheus_server import Daemon, alertmanager
from pydantic import ValidationError
from readings import Settings, measured, read, spoken, summary
from web_gate import TOKEN, Gate, gate

from bot.core.errors import Denied, Unreachable
from sandbox.world.observability import open_alertmanager


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    with alertmanager(tmp_path_factory.mktemp("alertmanager")) as daemon:
        yield daemon


class Office:
    """The Alertmanager as other people use it: they raise alerts and make silences."""

    def __init__(self, url: str, client: httpx.AsyncClient) -> None:
        self.address: Settings = {"url": url}
        self._client = client

    async def raise_alert(self, name: str, *, is_over: bool = False, **labels: str) -> None:
        now = datetime.now(UTC)
        begun = {"startsAt": (now - timedelta(minutes=5)).isoformat()}
        ends = {"endsAt": (now - timedelta(seconds=1) if is_over else now + timedelta(hours=1)).isoformat()}
        alert = {"labels": {"alertname": name, **labels}, **begun, **ends}
        (await self._client.post("/api/v2/alerts", json=[alert])).raise_for_status()

    async def silence(self, name: str, by: str = "ana@example.com", **matcher: Any) -> str:
        now = datetime.now(UTC)
        body = {
            "matchers": [{"name": "alertname", "value": name, "isRegex": False, **matcher}],
            "startsAt": now.isoformat(),
            "endsAt": (now + timedelta(minutes=30)).isoformat(),
            "createdBy": by,
            "comment": "known, Ana is on it",
        }
        made = (await self._client.post("/api/v2/silences", json=body)).raise_for_status()
        return str(made.json()["silenceID"])

    async def expire(self, id: str) -> None:
        (await self._client.delete(f"/api/v2/silence/{id}")).raise_for_status()

    async def silences(self, name: str) -> list[dict[str, Any]]:
        found = (await self._client.get("/api/v2/silences")).json()
        alive = [one for one in found if one["status"]["state"] != "expired"]
        return [one for one in alive if any(matcher["value"] == name for matcher in one["matchers"])]

    async def clear(self) -> None:
        for alert in (await self._client.get("/api/v2/alerts")).json():
            labels = dict(alert["labels"])
            await self.raise_alert(labels.pop("alertname"), is_over=True, **labels)
        for one in (await self._client.get("/api/v2/silences")).json():
            if one["status"]["state"] != "expired":
                await self.expire(one["id"])


@pytest.fixture
async def office(daemon: Daemon) -> AsyncIterator[Office]:
    async with httpx.AsyncClient(base_url=daemon.url, trust_env=False) as client:
        office = Office(daemon.url, client)
        await office.clear()
        await office.raise_alert("HighErrorRate", severity="critical", pod="agente-api-1", owner="maria@example.com")
        await office.raise_alert("HighErrorRate", severity="critical", pod="agente-api-2")
        await office.raise_alert("HighMemoryUsage", severity="warning", pod="agente-api-2")
        yield office


SILENCE = "alertmanager.silence"
WANTED = {"matchers": "alertname=HighErrorRate", "minutes": 30, "comment": "deploy of 2.4.1"}


@pytest.fixture
async def opened(office: Office) -> AsyncIterator[Gate]:
    """A gate in front of it that passes exactly what the permissions page lists."""
    allowed = f"{granted('http alertmanager')}\n{granted('http alertmanager-silence')}".splitlines()
    async with gate(str(office.address["url"]), allowed) as opened:
        yield opened


def through(opened: Gate) -> Settings:
    return {"url": opened.url, "token": TOKEN}


async def test_active_alerts_are_counted_and_the_critical_come_first(office: Office) -> None:
    reading = await read("alertmanager.alerts", office.address)
    assert measured(reading) == {"active": 3, "critical": 2, "silenced": 0, "inhibited": 0}
    assert summary(reading) == "active 3 (critical 2), silenced 0: HighErrorRate critical, HighMemoryUsage warning"
    assert reading.evidence[0].startswith("active: HighErrorRate critical since 20")
    assert reading.evidence[2].startswith("active: HighMemoryUsage warning since 20")
    assert "maria" not in repr(reading)


async def test_silenced_alerts_count_apart_and_are_listed_on_request(office: Office) -> None:
    await office.silence("HighErrorRate")
    reading = await read("alertmanager.alerts", office.address)
    assert measured(reading) == {"active": 1, "critical": 0, "silenced": 2, "inhibited": 0}
    assert len(reading.evidence) == 1
    listed = await read("alertmanager.alerts", office.address, silenced=True)
    assert [line.split(" ")[0] for line in listed.evidence] == ["active:", "silenced:", "silenced:"]


async def test_only_alerts_of_the_labels_asked_for_are_looked_at(office: Office) -> None:
    reading = await read("alertmanager.alerts", office.address, matchers={"pod": "agente-api-2"})
    assert measured(reading)["active"] == 2
    none = await read("alertmanager.alerts", office.address, matchers="pod=agente-api-2, severity=info")
    assert summary(none) == "no alert is active, 0 silenced"


async def test_reading_alerts_needs_only_what_the_permissions_page_grants(office: Office) -> None:
    async with gate(str(office.address["url"]), granted("http alertmanager").splitlines()) as opened:
        assert measured(await read("alertmanager.alerts", through(opened)))["active"] == 3
        error = await refused(preview(SILENCE, through(opened), **WANTED))
    assert isinstance(error, Denied)
    assert "Let its proxy pass what docs/permissions.md lists" in spoken(error)


async def test_the_preview_lists_what_nobody_will_hear_and_changes_nothing(office: Office) -> None:
    shown = await preview(SILENCE, office.address, **WANTED)
    assert lines(shown)["silence"] == ("", "alertname=HighErrorRate, 30 min")
    assert lines(shown)["alerts that nobody hears"] == ("", "HighErrorRate critical ×2")
    assert lines(shown)["reason"] == ("", "deploy of 2.4.1")
    assert warnings(shown) == "Critical alerts among them: 2."
    assert shown.arguments == {"matchers": "alertname=HighErrorRate", "minutes": "30", "comment": "deploy of 2.4.1"}
    assert shown.undo == {"matchers": "alertname=HighErrorRate", "expire": "matching"}
    assert await office.silences("HighErrorRate") == []


async def test_a_silence_is_made_once_with_an_end_and_a_reason(office: Office, opened: Gate) -> None:
    shown = await preview(SILENCE, through(opened), **WANTED)
    done = await execute(SILENCE, through(opened), shown)
    assert done.startswith("alertname=HighErrorRate is silenced until ")
    assert "alerts quiet now: 2" in done
    [made] = await office.silences("HighErrorRate")
    assert (made["createdBy"], made["comment"]) == ("plantao", "deploy of 2.4.1")
    ends = datetime.fromisoformat(made["endsAt"]) - datetime.now(UTC)
    assert timedelta(minutes=25) < ends <= timedelta(minutes=30)
    assert opened.writes == ["POST /api/v2/silences"]
    assert measured(await read("alertmanager.alerts", office.address))["silenced"] == 2


async def test_the_undo_of_a_silence_makes_its_alerts_heard_again(office: Office) -> None:
    shown = await preview(SILENCE, office.address, **WANTED)
    await execute(SILENCE, office.address, shown)
    back = await preview(SILENCE, office.address, **shown.undo)
    assert lines(back)["alerts that are heard again"] == ("", "HighErrorRate critical")
    assert warnings(back) == ""
    assert (await execute(SILENCE, office.address, back)).startswith("the silence of alertname=HighErrorRate has ended")
    assert await office.silences("HighErrorRate") == []
    assert measured(await read("alertmanager.alerts", office.address))["active"] == 3


async def test_the_undo_of_an_expiry_silences_the_same_for_the_time_that_was_left(office: Office) -> None:
    id = await office.silence("HighErrorRate")
    shown = await preview(SILENCE, office.address, expire=id)
    assert warnings(shown) == "***@example.com made this silence."
    await execute(SILENCE, office.address, shown)
    assert await office.silences("HighErrorRate") == []
    again = await preview(SILENCE, office.address, **shown.undo)
    assert again.arguments["comment"] == "known, Ana is on it"
    assert again.arguments["minutes"] == "29"
    await execute(SILENCE, office.address, again)
    assert len(await office.silences("HighErrorRate")) == 1


async def test_a_silence_by_pattern_can_be_ended_but_not_brought_back(office: Office) -> None:
    id = await office.silence("High.*", isRegex=True)
    shown = await preview(SILENCE, office.address, expire=id)
    assert lines(shown)["silence"][0].startswith("alertname=~High.*, 20")
    assert shown.undo == {}
    odd = await preview(SILENCE, office.address, expire=await office.silence('a "quoted" name'))
    assert odd.undo == {}


async def test_alerts_that_are_silenced_already_are_refused(office: Office) -> None:
    id = await office.silence("HighErrorRate")
    error = await refused(preview(SILENCE, office.address, **WANTED))
    assert spoken(error).endswith(f"by ***@example.com. Expire that silence first: {id}")


async def test_a_silence_that_covers_nothing_or_too_much_is_warned_of(office: Office) -> None:
    nothing = await preview(SILENCE, office.address, **{**WANTED, "matchers": "alertname=Nothing"})
    assert warnings(nothing) == "No alert matches now; the silence would only cover alerts to come."
    wide = await preview(SILENCE, office.address, **{**WANTED, "matchers": "pod=agente-api-2"})
    assert lines(wide)["alerts that nobody hears"][1] == "HighErrorRate critical ×1, HighMemoryUsage warning ×1"
    assert "No alert is named" in warnings(wide)


@pytest.mark.parametrize(
    "matchers", ["alertname=", 'a=""', "alertname=~.*", "alertname!=x", "=x", "a=b, a=c", 'a="x\\"', "a"]
)
async def test_patterns_and_empty_values_are_no_matchers(office: Office, matchers: str) -> None:
    with pytest.raises(ValidationError, match=r"matchers|each label"):
        await preview(SILENCE, office.address, **{**WANTED, "matchers": matchers})


async def test_silences_have_an_end_a_name_and_a_reason(office: Office) -> None:
    with pytest.raises(ValidationError):
        await preview(SILENCE, office.address, **{**WANTED, "minutes": 1441})
    error = await refused(preview(SILENCE, office.address, comment="deploy"))
    assert "Name the alerts to silence" in spoken(error)
    error = await refused(preview(SILENCE, office.address, matchers="alertname=X"))
    assert "Give a reason" in spoken(error)


async def test_values_with_commas_survive_the_way_through_the_record(office: Office) -> None:
    await office.raise_alert("QueueGrows", severity="warning", queues="crm, mail")
    shown = await preview(SILENCE, office.address, **{**WANTED, "matchers": {"queues": "crm, mail"}})
    assert shown.arguments["matchers"] == 'queues="crm, mail"'
    assert "alerts quiet now: 1" in await execute(SILENCE, office.address, shown)


async def test_other_alerts_than_were_shown_are_not_silenced(office: Office) -> None:
    shown = await preview(SILENCE, office.address, **{**WANTED, "matchers": "pod=agente-api-2"})
    await office.raise_alert("SystemDown", severity="critical", pod="agente-api-2")
    error = await refused(execute(SILENCE, office.address, shown))
    assert spoken(error) == "Other alerts match now than were shown; nothing was silenced."
    assert await office.silences("agente-api-2") == []


async def test_alerts_that_somebody_silenced_meanwhile_are_not_silenced_twice(office: Office) -> None:
    shown = await preview(SILENCE, office.address, **WANTED)
    await office.silence("HighErrorRate")
    assert "are silenced already" in spoken(await refused(execute(SILENCE, office.address, shown)))
    assert len(await office.silences("HighErrorRate")) == 1


@pytest.mark.parametrize("status", [0, 504])
async def test_a_lost_answer_is_found_out_by_reading_and_not_sent_again(
    office: Office, opened: Gate, status: int
) -> None:
    shown = await preview(SILENCE, through(opened), **WANTED)
    opened.lose, opened.lost_status = 1, status
    assert "alerts quiet now: 2" in await execute(SILENCE, through(opened), shown)
    assert opened.writes == ["POST /api/v2/silences"]
    assert len(await office.silences("HighErrorRate")) == 1


async def test_a_page_of_a_gateway_is_taken_for_a_lost_answer(office: Office, opened: Gate) -> None:
    shown = await preview(SILENCE, through(opened), **WANTED)
    opened.lose, opened.lost_status = 1, 502
    assert "alerts quiet now: 2" in await execute(SILENCE, through(opened), shown)
    back = await preview(SILENCE, through(opened), **shown.undo)
    opened.lose = 1
    assert "has ended" in await execute(SILENCE, through(opened), back)
    assert len(opened.writes) == 2


async def test_what_was_accepted_and_cannot_be_looked_at_is_told_as_accepted(office: Office, opened: Gate) -> None:
    shown = await preview(SILENCE, through(opened), **WANTED)
    opened.mute = 1
    error = await refused(execute(SILENCE, through(opened), shown))
    [made] = await office.silences("HighErrorRate")
    assert spoken(error).startswith(f"Alertmanager accepted the change of the silence {made['id']}, but")
    opened.seen.clear()
    back = await preview(SILENCE, through(opened), **shown.undo)
    opened.mute = 1
    error = await refused(execute(SILENCE, through(opened), back))
    assert spoken(error).startswith(f"Alertmanager accepted the change of the silence {made['id']}, but")
    assert await office.silences("HighErrorRate") == []


async def test_a_silence_lost_on_its_way_is_told_and_not_sent_again(office: Office, opened: Gate) -> None:
    shown = await preview(SILENCE, through(opened), **WANTED)
    opened.drop = 1
    error = await refused(execute(SILENCE, through(opened), shown))
    assert spoken(error).endswith("Looked at again, there is none; the alerts are heard.")
    assert opened.writes == ["POST /api/v2/silences"]
    assert await office.silences("HighErrorRate") == []


async def test_when_alertmanager_is_gone_after_the_sending_nobody_claims_to_know(opened: Gate) -> None:
    async def vanish() -> None:
        opened.is_closed = True

    shown = await preview(SILENCE, through(opened), **WANTED)
    opened.at_write, opened.lose = vanish, 1
    error = await refused(execute(SILENCE, through(opened), shown))
    assert isinstance(error, Unreachable)
    assert "whether it was made is not known" in spoken(error)


@pytest.mark.parametrize("status", [0, 504])
async def test_a_lost_answer_to_an_expiry_is_found_out_by_reading(office: Office, opened: Gate, status: int) -> None:
    id = await office.silence("HighErrorRate")
    shown = await preview(SILENCE, through(opened), expire=id)
    opened.lose, opened.lost_status = 1, status
    assert "has ended" in await execute(SILENCE, through(opened), shown)
    assert opened.writes == [f"DELETE /api/v2/silence/{id}"]


async def test_an_expiry_lost_on_its_way_is_told(office: Office, opened: Gate) -> None:
    id = await office.silence("HighErrorRate")
    shown = await preview(SILENCE, through(opened), expire=id)
    opened.drop = 1
    error = await refused(execute(SILENCE, through(opened), shown))
    assert spoken(error).endswith("Looked at again, it is still in force.")
    assert len(await office.silences("HighErrorRate")) == 1


async def test_a_silence_that_is_over_or_unknown_is_refused(office: Office) -> None:
    id = await office.silence("HighErrorRate")
    shown = await preview(SILENCE, office.address, expire=id)
    await office.expire(id)
    assert spoken(await refused(execute(SILENCE, office.address, shown))).endswith("nothing was done.")
    assert "is over already" in spoken(await refused(preview(SILENCE, office.address, expire=id)))
    unknown = "00000000-0000-4000-8000-000000000000"
    error = await refused(preview(SILENCE, office.address, expire=unknown))
    assert spoken(error) == f"Alertmanager has no silence {unknown}."


async def test_somebody_elses_silence_is_not_ended_by_its_labels(office: Office) -> None:
    await office.silence("HighErrorRate")
    error = await refused(preview(SILENCE, office.address, matchers="alertname=HighErrorRate", expire="matching"))
    assert spoken(error).startswith("There are 0 silences of alertname=HighErrorRate made by Plantão")


async def test_the_emulator_of_the_demo_behaves_like_the_real_one() -> None:
    async with open_alertmanager() as emulator:
        emulator.fire("HighErrorRate", pod="agente-api-1")
        emulator.fire("HighMemoryUsage", "warning")
        address = {"url": emulator.url}
        assert measured(await read("alertmanager.alerts", address))["active"] == 2
        shown = await preview(SILENCE, address, **WANTED)
        assert "alerts quiet now: 1" in await execute(SILENCE, address, shown)
        assert measured(await read("alertmanager.alerts", address)) == {
            "active": 1,
            "critical": 0,
            "silenced": 1,
            "inhibited": 0,
        }
        back = await preview(SILENCE, address, **shown.undo)
        assert "has ended" in await execute(SILENCE, address, back)
        assert measured(await read("alertmanager.alerts", address))["active"] == 2
        assert len(emulator.front.writes) == 2
