"""The app manifest: Slack takes it, for Socket Mode and for HTTP, and it says the same as the code."""

import ast
import json
from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest
import yaml
from slack_sdk.web.async_client import AsyncWebClient

from bot.__main__ import main
from bot.catalog.load import load
from bot.check.manifest import http_manifest, manifest_complaints, read_manifest
from bot.core.findings import Finding, Level
from bot.core.freeze import Freeze
from bot.core.handoff import Handoff, Overall, Written
from bot.core.incident import Incident
from bot.core.incident import Phase as IncidentPhase
from bot.core.policy import Severity
from bot.core.preview import Preview
from bot.core.report import Advice, Report
from bot.core.run import Phase, Proposed, Run
from bot.core.text import say
from bot.core.watch import Begun, Watch
from bot.flows.answers import CheckForm, DeclareForm, RunForm
from bot.flows.diagnose import Wanted
from bot.flows.handoff import Draft
from bot.flows.remediate import Request
from bot.flows.runbooks import Opened
from bot.settings import HERE
from bot.slack import scopes
from bot.slack.blocks import forms, freeze, handoff, incident, report, run, runbook, watch
from bot.slack.clicks import CLICKS, FORMS
from bot.slack.reports import ACTS
from bot.slack.submissions import SUBMISSIONS
from bot.slack.voice import Voice
from sandbox.slack.methods import METHODS

SCHEMA = HERE.parent / "shared" / "slack" / "slack-app-manifest.v2.schema.json"
URL = "https://plantao.example.com"
NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
ENGLISH = Voice("en")


@pytest.mark.skipif(not SCHEMA.exists(), reason="Slack's schema for manifests does not lie beside this repository")
@pytest.mark.parametrize("variant", [lambda document: document, lambda document: http_manifest(document, URL)])
def test_slack_takes_the_manifest(variant: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))

    errors = jsonschema.Draft7Validator(schema).iter_errors(variant(read_manifest()))

    assert [f"{error.json_path}: {error.message}" for error in errors] == []


@pytest.mark.skipif(not SCHEMA.exists(), reason="Slack's schema for manifests does not lie beside this repository")
def test_the_schema_would_refuse_a_wrong_manifest() -> None:
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    document = read_manifest()
    document["features"]["slash_commands"][0]["usage"] = "usage_hint it should be"

    assert not jsonschema.Draft7Validator(schema).is_valid(document)


@pytest.mark.parametrize("url", [URL, f"{URL}/", f"{URL}/slack/events"])
def test_the_http_manifest_has_the_address_in_all_three_places(capsys: pytest.CaptureFixture[str], url: str) -> None:
    assert main(["check", "--manifest-http", url]) == 0

    printed = yaml.safe_load(capsys.readouterr().out)
    address = f"{URL}/slack/events"
    assert {row["url"] for row in printed["features"]["slash_commands"]} == {address}
    assert printed["settings"]["event_subscriptions"]["request_url"] == address
    assert printed["settings"]["interactivity"]["request_url"] == address
    assert printed["settings"]["socket_mode_enabled"] is False
    assert manifest_complaints(printed) == []


@pytest.mark.parametrize("url", ["http://plantao.example.com", "plantao.example.com", "https://", f"{URL}?a=b"])
def test_an_address_that_slack_would_not_take_is_refused(capsys: pytest.CaptureFixture[str], url: str) -> None:
    assert main(["check", "--manifest-http", url]) == 2

    told = capsys.readouterr()
    assert (told.out, "--manifest-http" in told.err) == ("", True)


def test_the_manifest_and_the_code_name_the_same() -> None:
    assert manifest_complaints(read_manifest()) == []


def lists(document: Mapping[str, Any]) -> dict[str, list[Any]]:
    """The lists of a manifest that the code has to match."""
    return {
        "command": document["features"]["slash_commands"],
        "shortcut": document["features"]["shortcuts"],
        "event": document["settings"]["event_subscriptions"]["bot_events"],
        "scope": document["oauth_config"]["scopes"]["bot"],
    }


@pytest.mark.parametrize("what", ["command", "shortcut", "event", "scope"])
def test_whatever_the_manifest_lacks_is_found(what: str) -> None:
    for index in range(len(lists(read_manifest())[what])):
        document = deepcopy(read_manifest())
        del lists(document)[what][index]

        assert [complaint.id for complaint in manifest_complaints(document)] == [f"manifest.{what}"]


@pytest.mark.parametrize(
    ("what", "extra"),
    [
        ("command", {"command": "/deploy"}),
        ("shortcut", {"callback_id": "page_me"}),
        ("event", "team_join"),
        ("scope", "channels:history"),
    ],
)
def test_whatever_the_manifest_has_too_much_is_found(what: str, extra: Any) -> None:
    document = read_manifest()
    lists(document)[what].append(extra)

    assert [complaint.id for complaint in manifest_complaints(document)] == [f"manifest.{what}"]


def test_what_is_named_twice_is_found() -> None:
    document = read_manifest()
    lists(document)["scope"].append("users:read")

    assert [complaint.message for complaint in manifest_complaints(document)] == ["manifest.yml names users:read twice"]


def test_every_call_to_slack_in_the_code_has_its_scopes_in_the_table() -> None:
    called = {name for path in (HERE / "bot").rglob("*.py") for name in web_api_calls(path)}

    uploads = {"files.getUploadURLExternal", "files.completeUploadExternal"}
    made_of = {"files.upload.v2": uploads}  # the one call of the SDK that is no method of Slack's
    assert {method for name in called for method in made_of.get(name, {name})} == scopes.METHODS.keys()


def test_the_scopes_of_each_method_are_those_that_slack_wants() -> None:
    wrong = {
        method: METHODS[method].scopes
        for method, named in scopes.METHODS.items()
        if bool(named) != bool(METHODS[method].scopes) or not set(named[:1]) <= set(METHODS[method].scopes)
    }

    assert wrong == {}


def web_api_calls(path: Path) -> Iterator[str]:
    """The Web API methods that a file names as attributes of a client: `client.chat_postMessage`."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Attribute) and "_" in node.attr.strip("_") and hasattr(AsyncWebClient, node.attr):
            owner = node.value.attr if isinstance(node.value, ast.Attribute) else getattr(node.value, "id", "")
            if owner.strip("_") == "client":
                yield node.attr.replace("_", ".")


def test_every_button_that_is_shown_is_bound_and_the_reverse() -> None:
    shown = {element["action_id"] for blocks in messages() for block in blocks for element in buttons(block)}

    assert shown == {*CLICKS, *FORMS, *ACTS}


def test_every_form_that_is_shown_is_bound_and_the_reverse() -> None:
    catalog = load(HERE / "catalog")
    views = [forms.declare(DeclareForm(), catalog, ENGLISH), handoff.form(draft(), ENGLISH)]
    views += [forms.words(callback, "INC-1", ENGLISH) for callback in forms.WORDS_FORMS]
    action = catalog.home.actions["rollback-agente-api"]
    views += [
        forms.run(RunForm(Request(action), ()), ENGLISH),
        forms.check(CheckForm(Wanted(catalog.home, "session", (catalog.home.checks["session"],)), ("key",)), ENGLISH),
        forms.typed(Run("RUN-1", proposal(), "U0ANA", NOW), ENGLISH),
    ]

    assert {view["callback_id"] for view in views} == SUBMISSIONS.keys()
    assert set(forms.WORDS_FORMS) <= set(FORMS)


def buttons(block: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """What of a block can be clicked."""
    elements = [*block.get("elements", []), block.get("accessory", {})]
    return [element for element in elements if "action_id" in element]


def messages() -> Iterator[tuple[dict[str, Any], ...]]:
    """Every headline in every phase that it can be seen in."""
    system = load(HERE / "catalog").home
    for phase in IncidentPhase:
        state = Incident("INC-1", Severity.P1, "slow", "U0ANA", NOW, phase, resolved_at=NOW)
        yield incident.headline(state, ENGLISH).blocks
    yield freeze.headline(Freeze("FRZ-1", "migration", "", "U0ANA", NOW), ENGLISH).blocks
    for special in ({"by_hand": True}, {"typed": "agente-api"}):
        yield run.card(Run("RUN-1", replace(proposal(), **special), "U0ANA", NOW), system, ENGLISH).blocks
    for run_phase in Phase:
        yield run.card(Run("RUN-1", proposal(), "U0ANA", NOW, run_phase, decided_at=NOW), system, ENGLISH).blocks
    yield watch.headline(Watch("WT-1", Begun("pods", say("Pods"), NOW), "U0ANA", NOW), ENGLISH).blocks
    yield report.report(diagnosis(), ENGLISH).blocks
    harven = load(HERE / "catalog").systems["harven"]
    yield runbook.opened(Opened(harven, harven.runbooks["slow-api"], ()), ENGLISH).blocks
    for accepted in (None, NOW):
        yield handoff.headline(Handoff("HO-1", note(), "U0ANA", NOW, accepted), ENGLISH).blocks


def proposal() -> Proposed:
    return Proposed(
        action="rollback-agente-api",
        title=say("Roll back"),
        target="cluster",
        preview=Preview((), {}, {}, (), {"to_revision": "3"}),
        incident="INC-1",
        approvers=("approver",),
        self_approval=False,
        expires_at=NOW + timedelta(minutes=15),
        risk="medium",
        undo=say("forward"),
        verify=("pods",),
        emergency=("P0",),
    )


def diagnosis() -> Report:
    advice = Advice("slow", (), {"rollback-agente-api": say("Roll back")})
    finding = Finding("pods", say("Pods"), Level.CRIT, say("gone"))
    return Report("pods", (finding,), NOW, 0.1, system="agente-ia", id="kept", advice={"pods": advice})


def note() -> Written:
    return Written("U0CLARA", Overall.STABLE.value, "", "", "", "", "", "")


def draft() -> Draft:
    return Draft(since=NOW, open=(), closed=(), runs=(), notes=())
