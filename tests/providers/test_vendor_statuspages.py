"""Status pages of every kind: calm, in trouble, half told, and written by strangers."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
from readings import measured, missing, read, refusal, spoken, summary

from sandbox.world.vendors import StatusPages, open_vendors

NOW = datetime.now(UTC)


@pytest.fixture
async def pages() -> AsyncIterator[StatusPages]:
    async with open_vendors() as vendors:
        yield vendors.statuspages


def at(pages: StatusPages, path: str) -> dict[str, object]:
    return {"url": f"{pages.url}/{path}"}


async def test_a_calm_page_has_no_severity_and_no_incidents(pages: StatusPages) -> None:
    reading = await read("statuspage.status", at(pages, "atlassian"))
    assert measured(reading) == {"indicator": "none", "severity": 0, "incidents": 0, "maintenances": 0}
    assert summary(reading) == "says “All Systems Operational”"
    assert reading.links == ()


async def test_a_major_outage_is_told_with_its_incident(pages: StatusPages) -> None:
    pages.break_down("API", "Elevated errors")
    reading = await read("statuspage.status", at(pages, "atlassian"))
    assert measured(reading)["indicator"] == "critical"
    assert measured(reading)["severity"] == 3
    assert measured(reading)["incidents"] == 1
    assert reading.evidence == ("critical investigating Elevated errors 2026-11-21T09:00:00Z",)


async def test_only_our_components_count_when_they_are_named(pages: StatusPages) -> None:
    pages.break_down("ChatGPT", "Sidebar is slow", indicator="minor", impact="minor")
    ours = await read("statuspage.status", at(pages, "atlassian"), components=["api"])
    assert measured(ours)["components_down"] == 0
    assert measured(ours)["components_severity"] == 0
    assert summary(ours) == "says “Minor Service Outage”; 1 of our components are well"
    pages.components["API"] = "partial_outage"
    hit = await read("statuspage.status", at(pages, "atlassian"), components=["API"])
    assert measured(hit)["components_down"] == 1
    assert measured(hit)["components_severity"] == 2
    assert summary(hit) == "says “Minor Service Outage”; not well: API"


async def test_a_component_that_the_page_lacks_is_unknown_and_the_page_s_own_are_named(pages: StatusPages) -> None:
    reading = await read("statuspage.status", at(pages, "atlassian"), components=["Databases"])
    assert missing(reading, "components_down") == "the page has no component Databases; it has API, ChatGPT"
    assert "no component" in missing(reading, "components_severity")


async def test_resolved_incidents_and_future_maintenance_do_not_count(pages: StatusPages) -> None:
    pages.incidents.append({"name": "Old", "status": "resolved", "impact": "major"})
    pages.maintenances += [{"name": "Now", "status": "in_progress"}, {"name": "Later", "status": "scheduled"}]
    values = measured(await read("statuspage.status", at(pages, "atlassian")))
    assert values["incidents"] == 0
    assert values["maintenances"] == 1


async def test_a_page_with_only_a_status_leaves_its_incidents_unknown(pages: StatusPages) -> None:
    pages.has_summary = False
    pages.indicator = "major"
    reading = await read("statuspage.status", at(pages, "atlassian"))
    assert measured(reading)["severity"] == 2
    assert missing(reading, "incidents") == "the page does not tell"


async def test_a_word_nobody_knows_is_no_verdict(pages: StatusPages) -> None:
    pages.indicator = "wobbly"
    reading = await read("statuspage.status", at(pages, "atlassian"))
    assert measured(reading)["indicator"] == "wobbly"
    assert missing(reading, "severity") == "the page uses a word we do not know: wobbly"


async def test_an_instatus_page_is_as_bad_as_its_worst_incident(pages: StatusPages) -> None:
    calm = await read("statuspage.status", at(pages, "instatus"), kind="instatus")
    assert measured(calm)["severity"] == 0
    pages.instatus_status = "HASISSUES"
    unexplained = await read("statuspage.status", at(pages, "instatus"), kind="instatus")
    assert measured(unexplained)["severity"] == 1
    for name, impact in (("Slow", "DEGRADEDPERFORMANCE"), ("Builds fail", "MAJOROUTAGE")):
        pages.instatus_incidents.append({"name": name, "status": "INVESTIGATING", "impact": impact})
    ill = await read("statuspage.status", at(pages, "instatus"), kind="instatus")
    assert measured(ill)["indicator"] == "critical"
    assert measured(ill)["incidents"] == 2


async def test_components_of_an_instatus_page_are_read_when_they_are_named(pages: StatusPages) -> None:
    pages.instatus_components["Deployments"] = "PARTIALOUTAGE"
    reading = await read("statuspage.status", at(pages, "instatus"), kind="instatus", components=["Deployments"])
    assert measured(reading)["components_severity"] == 2


async def test_salesforce_is_judged_by_its_instance_and_open_incidents_alone(pages: StatusPages) -> None:
    calm = await read("statuspage.status", at(pages, "v1/instances/NA1"), kind="salesforce")
    assert measured(calm)["indicator"] == "none"
    pages.salesforce_status = "MAJOR_INCIDENT_CORE"
    impacts = [{"severity": "major", "startTime": "2026-11-21T09:00:00Z", "endTime": None}]
    ended = [{"severity": "minor", "startTime": "2026-11-20T09:00:00Z", "endTime": "2026-11-20T10:00:00Z"}]
    message = [{"message": "Logins fail"}]
    pages.salesforce_incidents += [
        {"id": 7, "IncidentImpacts": impacts, "IncidentEvents": message},
        {"id": 6, "IncidentImpacts": ended, "IncidentEvents": message},
    ]
    ill = await read("statuspage.status", at(pages, "v1/instances/NA1/status"), kind="salesforce")
    assert measured(ill)["severity"] == 2
    assert ill.evidence == ("major 7 Logins fail",)
    assert missing(ill, "maintenances") == "the page does not tell"


async def test_an_aws_feed_without_items_is_calm_and_a_disruption_is_critical(pages: StatusPages) -> None:
    calm = await read("statuspage.status", at(pages, "feed.rss"), kind="rss")
    assert measured(calm)["severity"] == 0
    pages.feed.append(("Service disruption: Rising errors", NOW - timedelta(hours=1)))
    ill = await read("statuspage.status", at(pages, "feed.rss"), kind="rss")
    assert measured(ill)["indicator"] == "critical"
    assert measured(ill)["incidents"] == 1


@pytest.mark.parametrize(
    "newest",
    [
        "Service is operating normally: [RESOLVED] Rising errors",
        "Informational message: [RESOLVED] Rising errors",
    ],
)
async def test_an_event_of_a_feed_that_was_resolved_is_over(pages: StatusPages, newest: str) -> None:
    pages.feed += [(newest, NOW), ("Service disruption: Rising errors", NOW - timedelta(hours=1))]
    reading = await read("statuspage.status", at(pages, "feed.rss"), kind="rss")
    assert measured(reading)["severity"] == 0
    assert measured(reading)["incidents"] == 0


async def test_one_event_of_a_feed_does_not_hide_another_and_old_ones_fade(pages: StatusPages) -> None:
    pages.feed += [
        ("Service is operating normally: [RESOLVED] DNS", NOW),
        ("Performance issues: Launches are slow", NOW - timedelta(hours=2)),
        ("Service impact: Forgotten", NOW - timedelta(days=40)),
    ]
    values = measured(await read("statuspage.status", at(pages, "feed.rss"), kind="rss"))
    assert values["indicator"] == "minor"
    assert values["incidents"] == 1


async def test_a_feed_with_entities_that_grow_is_not_read(pages: StatusPages) -> None:
    pages.feed_body = '<?xml version="1.0"?><!DOCTYPE r [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]><rss>&b;</rss>'
    error = await refusal("statuspage.status", at(pages, "feed.rss"), kind="rss")
    assert spoken(error) == "The feed has a document type, which no status feed needs; it was not read."


@pytest.mark.parametrize(("path", "kind"), [("feed.rss", "atlassian"), ("atlassian/api/v2/status.json", "rss")])
async def test_the_wrong_kind_of_page_is_said(pages: StatusPages, path: str, kind: str) -> None:
    error = await refusal("statuspage.status", at(pages, path), kind=kind)
    assert "kind" in spoken(error) or "answered 404" in spoken(error)


async def test_what_strangers_write_on_a_page_is_masked_and_stays_on_its_line(pages: StatusPages) -> None:
    pages.break_down("API", "Mail maria@example.com\n*token*: ghp_0123456789abcdefghij0123456789\u202e")
    reading = await read("statuspage.status", at(pages, "atlassian"))
    assert "***@example.com" in reading.evidence[0]
    assert "ghp_0123456789" not in repr(reading)
    assert not {"\n", "\u202e"} & set(reading.evidence[0])


async def test_how_long_a_vendor_has_been_well_counts_from_the_end_of_its_last_outage(pages: StatusPages) -> None:
    quiet = "statuspage.quiet", at(pages, "atlassian")
    calm = await read(*quiet)
    assert measured(calm)["outages"] == 0
    assert missing(calm, "quiet_min") == "the page lists no outage"
    pages.break_down("ChatGPT", "Sidebar is slow", indicator="minor", impact="minor")
    assert measured(await read(*quiet))["outages"] == 0
    pages.break_down("API", "Elevated errors")
    down = await read(*quiet)
    assert measured(down) == {"outages": 1, "quiet_min": 0}
    assert summary(down) == "an outage goes on: Elevated errors"
    pages.recover(datetime.now(UTC) - timedelta(minutes=40))
    assert measured(await read(*quiet)) == {"outages": 0, "quiet_min": 40}
    assert measured(await read(*quiet, minutes=60)) == {"outages": 1, "quiet_min": 40}
    pages.past[0]["resolved_at"] = pages.past[1]["resolved_at"] = "yesterday"
    assert "when an incident ended" in spoken(await refusal(*quiet))
