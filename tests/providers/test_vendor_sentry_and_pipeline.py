"""Sentry's open issues, and the pipeline's reports on GitHub."""

from collections.abc import AsyncIterator

import pytest
from pydantic import ValidationError
from readings import measured, missing, read, refusal, summary
from vendor_changes import granted, said

from bot.core.errors import Denied, TargetError
from bot.providers import operation
from sandbox.world.vendors import GitHub, Sentry, Vendors, open_vendors


@pytest.fixture
async def vendors() -> AsyncIterator[Vendors]:
    async with open_vendors() as vendors:
        vendors.sentry.scopes = set(granted("Sentry")["token"]["scopes"])
        vendors.github.permissions = set(granted("Pipeline on GitHub")["token"]["permissions"])
        yield vendors


def sentry(vendor: Sentry, **other: object) -> dict[str, object]:
    return {"url": vendor.url, "token": vendor.token, "organization": vendor.organization} | other


def github(vendor: GitHub, **other: object) -> dict[str, object]:
    return {"url": vendor.url, "token": vendor.token, "repo": vendor.repo} | other


async def test_a_quiet_sentry_has_no_open_issue(vendors: Vendors) -> None:
    reading = await read("sentry.issues", sentry(vendors.sentry))
    assert measured(reading) == {"unresolved": 0, "new": 0, "regressed": 0, "events": 0}
    assert summary(reading) == "no open issue in the last 24 h"


async def test_new_and_returned_issues_are_counted_with_their_events(vendors: Vendors) -> None:
    vendors.sentry.happen("KeyError: tenant", hours=2, count=40)
    vendors.sentry.happen("Timeout", hours=200, substatus="regressed", count=7)
    vendors.sentry.happen("Old noise", hours=400, substatus="ongoing", count=1)
    reading = await read("sentry.issues", sentry(vendors.sentry))
    assert measured(reading) == {"unresolved": 3, "new": 1, "regressed": 1, "events": 48}
    assert reading.evidence[0] == "×40 API-1 error new KeyError: tenant (bot.answer in reply)"
    assert summary(reading) == "3 open issues in the last 24 h: 1 new, 1 came back, 48 events"


async def test_one_project_is_looked_at_when_it_is_named_and_resolved_issues_never(vendors: Vendors) -> None:
    vendors.sentry.happen("Ours", project="api")
    vendors.sentry.happen("Theirs", project="web")
    vendors.sentry.happen("Done", project="api")
    vendors.sentry.issues[2]["status"] = "resolved"
    assert measured(await read("sentry.issues", sentry(vendors.sentry, project="api")))["unresolved"] == 1


async def test_more_issues_than_a_page_are_all_counted(vendors: Vendors) -> None:
    for number in range(130):
        vendors.sentry.happen(f"Error {number}")
    reading = await read("sentry.issues", sentry(vendors.sentry))
    assert measured(reading)["unresolved"] == 130
    assert len(reading.evidence) == 10


async def test_a_sentry_too_old_to_tell_what_came_back_says_so(vendors: Vendors) -> None:
    vendors.sentry.happen("Timeout")
    del vendors.sentry.issues[0]["substatus"]
    reading = await read("sentry.issues", sentry(vendors.sentry))
    assert missing(reading, "regressed") == "this Sentry does not tell which issues came back"
    assert "? came back" in summary(reading)


async def test_a_token_without_its_scope_is_told_what_it_lacks(vendors: Vendors) -> None:
    vendors.sentry.scopes = set()
    error = await refusal("sentry.issues", sentry(vendors.sentry))
    assert isinstance(error, Denied)
    assert "`event:read`" in said(error.text)


async def test_an_unknown_organisation_is_said(vendors: Vendors) -> None:
    error = await refusal("sentry.issues", sentry(vendors.sentry, organization="other"))
    assert said(error.text) == "Sentry answered 404: The requested resource does not exist"


async def test_personal_data_in_the_title_of_an_issue_is_masked(vendors: Vendors) -> None:
    vendors.sentry.happen("Login of maria@example.com with token=ghp_0123456789abcdefghij0123456789")
    evidence = (await read("sentry.issues", sentry(vendors.sentry))).evidence
    assert "***@example.com" in evidence[0]
    assert "ghp_" not in evidence[0]


async def test_a_report_that_ran_is_fresh_and_ok(vendors: Vendors) -> None:
    vendors.github.run("security.yml", "failure", hours=200)
    vendors.github.run("security.yml", "success", hours=30)
    vendors.github.run("other.yml", "failure")
    reading = await read("pipeline.workflow", github(vendors.github), name="security.yml")
    values = measured(reading)
    assert (values["ok"], values["conclusion"], values["failed_streak"]) == (True, "success", 0)
    assert values["age_h"] == 30.0
    assert summary(reading) == "security.yml ended 30.0 h ago: success"
    assert reading.links[0].url == "https://github.com/acme/support/actions/runs/2"


async def test_a_report_that_fails_again_and_again_is_counted(vendors: Vendors) -> None:
    for conclusion in ("success", "failure", "timed_out"):
        vendors.github.run("security.yml", conclusion, hours=2)
    vendors.github.run("security.yml", None, hours=0)
    reading = await read("pipeline.workflow", github(vendors.github), name="security.yml")
    values = measured(reading)
    assert (values["status"], values["ok"], values["failed_streak"]) == ("in_progress", False, 2)
    assert summary(reading) == "security.yml failed 2.0 h ago (2 in a row)"


async def test_a_report_that_has_not_ended_once_is_unknown(vendors: Vendors) -> None:
    vendors.github.run("security.yml", None)
    reading = await read("pipeline.workflow", github(vendors.github), name="security.yml")
    assert missing(reading, "ok") == "no run has ended yet"
    assert missing(reading, "age_h") == "no run has ended yet"


async def test_runs_of_other_branches_do_not_count_when_one_is_named(vendors: Vendors) -> None:
    vendors.github.run("security.yml", "success", hours=5)
    vendors.github.run("security.yml", "failure", branch="feature/x")
    values = measured(await read("pipeline.workflow", github(vendors.github), name="security.yml", branch="main"))
    assert values["ok"] is True


async def test_a_workflow_that_does_not_exist_is_said(vendors: Vendors) -> None:
    error = await refusal("pipeline.workflow", github(vendors.github), name="none.yml")
    assert isinstance(error, TargetError)
    assert said(error.text) == "GitHub answered 404: Not Found"


async def test_known_vulnerabilities_are_counted_by_severity_gravest_first(vendors: Vendors) -> None:
    vendors.github.alert("left-pad", "low")
    vendors.github.alert("starlette", "critical", "Denial of service", patched="0.40.0")
    vendors.github.alert("jinja2", "high")
    reading = await read("pipeline.vulnerabilities", github(vendors.github))
    assert measured(reading) == {"open": 3, "critical": 1, "high": 1, "medium": 0, "low": 1}
    assert reading.evidence[0] == "critical starlette ≥ 0.40.0 GHSA-emul-ated-0000 Denial of service"
    assert reading.evidence[1] == "high jinja2 GHSA-emul-ated-0000 emulated"


async def test_vulnerabilities_are_unknown_where_dependabot_is_switched_off(vendors: Vendors) -> None:
    vendors.github.has_dependabot = False
    reading = await read("pipeline.vulnerabilities", github(vendors.github))
    assert "switched off" in missing(reading, "critical")


@pytest.mark.parametrize(
    ("check", "permission", "words"),
    [
        ("pipeline.workflow", "actions", "Actions: read"),
        ("pipeline.vulnerabilities", "dependabot_alerts", "Dependabot alerts: read"),
    ],
)
async def test_a_missing_permission_on_github_is_named(
    vendors: Vendors, check: str, permission: str, words: str
) -> None:
    vendors.github.permissions -= {permission}
    parameters = {"name": "security.yml"} if check == "pipeline.workflow" else {}
    error = await refusal(check, github(vendors.github), **parameters)
    assert isinstance(error, Denied)
    assert words in said(error.text)


@pytest.mark.parametrize("name", ["../../user", "a/b", "", "-x", "a?b"])
def test_a_workflow_s_name_cannot_lead_elsewhere(name: str) -> None:
    with pytest.raises(ValidationError):
        operation("pipeline.workflow").parameters.model_validate({"name": name})
