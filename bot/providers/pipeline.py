"""The pipeline on GitHub: did the weekly report run, what did it find, which known holes are open."""

from datetime import UTC, datetime
from typing import Any, Final

from pydantic import ConfigDict, Field, SecretStr

from bot.core.findings import Link, Measurement, Reading
from bot.core.operation import Parameters, Read
from bot.core.text import Text, say
from bot.providers.web_answers import dug
from bot.providers.web_api import Api, BaseUrl, Credential, Request

LIMIT: Final = 6.0
_CALL_LIMIT: Final = 5.0
_FAILED: Final = frozenset({"failure", "timed_out", "startup_failure", "action_required"})
_SEVERITIES: Final = ("critical", "high", "medium", "low")
_SHOWN: Final = 10


class Address(Parameters):
    """A repository; a private one needs a token. `url` only for GitHub Enterprise (`https://<host>/api/v3`)."""

    model_config = ConfigDict(hide_input_in_errors=True)

    repo: str = Field(pattern=r"^[\w.-]{1,100}/[\w.-]{1,100}$")
    token: Credential | None = None
    url: BaseUrl = SecretStr("https://api.github.com")


class Workflow(Parameters):
    """A workflow by its file's name (`security.yml`), on one branch or all."""

    name: str = Field(pattern=r"^[\w][\w.-]{0,99}$")
    branch: str = Field("", pattern=r"^[\w./-]{0,100}$")


async def _workflow(address: Address, wanted: Workflow) -> Reading:
    """Newest first: the state of the newest run, and the outcome of the newest that has ended."""
    api = api_of(address, say("Its token needs the repository permission “Actions: read”."))
    query = {"per_page": "10"} | ({"branch": wanted.branch} if wanted.branch else {})
    path = f"/repos/{address.repo}/actions/workflows/{wanted.name}/runs"
    runs = api.records(dug(await api.read(path, **query), "workflow_runs"))
    ended = [run for run in runs if run.get("status") == "completed"]
    outcomes = [api.clean(run.get("conclusion"), 40) for run in ended]
    outcome = outcomes[0] if outcomes else None
    age = _age_hours(ended[0]) if ended else None
    never = say("no run has ended yet") if not ended else None
    streak = next((place for place, one in enumerate(outcomes) if one not in _FAILED), len(outcomes))
    return Reading(
        _summary(wanted.name, outcome, age, streak),
        (
            Measurement("status", api.clean(runs[0].get("status"), 40) if runs else None, missing=never),
            Measurement("conclusion", outcome, missing=never),
            Measurement("ok", outcome == "success" if ended else None, missing=never),
            Measurement("age_h", age, "h", never if age is None else None),
            Measurement("failed_streak", streak),
        ),
        tuple(_line(api, run) for run in runs[:_SHOWN]),
        links=_links(runs),
    )


async def _vulnerabilities(address: Address, _: Parameters) -> Reading:
    """Dependabot's open alerts, at most a hundred."""
    api = api_of(address, say("Its token needs the repository permission “Dependabot alerts: read”."))
    path = f"/repos/{address.repo}/dependabot/alerts"
    answer = await api.ask(Request(path, query={"state": "open", "per_page": "100"}))
    if answer.status == 403 and "disabled" in api.message(answer):
        reason = say("Dependabot alerts are switched off in this repository (Settings, Advanced Security)")
        return Reading(
            say("known vulnerabilities unknown"),
            tuple(Measurement(name, None, missing=reason) for name in ("open", *_SEVERITIES)),
        )
    alerts = api.records(api.good(answer))
    by_severity = {name: sum(_severity(alert) == name for alert in alerts) for name in _SEVERITIES}
    alerts.sort(key=lambda alert: _SEVERITIES.index(_severity(alert)))
    return Reading(
        say(
            "{count} known vulnerabilities open, {critical} critical",
            count=len(alerts),
            critical=by_severity["critical"],
        ),
        (Measurement("open", len(alerts)), *(Measurement(name, count) for name, count in by_severity.items())),
        tuple(
            api.clean(
                f"{_severity(alert)}  {dug(alert, 'dependency.package.name')}  "
                f"{_patched(alert)}{dug(alert, 'security_advisory.ghsa_id')}  "
                f"{dug(alert, 'security_advisory.summary')}"
            )
            for alert in alerts[:_SHOWN]
        ),
    )


def api_of(address: Address, grant: Text) -> Api:
    """GitHub for this repository; `grant` says what its token may lack."""
    token = address.token.get_secret_value() if address.token else ""
    return Api(
        vendor="GitHub",
        base=address.url.get_secret_value(),
        grant=grant,
        headers={"X-GitHub-Api-Version": "2022-11-28"} | ({"Authorization": f"Bearer {token}"} if token else {}),
        secrets=(token,),
        limit=_CALL_LIMIT,
    )


def _summary(name: str, outcome: str | None, age: float | None, streak: int) -> Text:
    if outcome is None or age is None:
        return say("{name} has not ended a single run", name=name)
    if outcome in _FAILED:
        return say("{name} failed {hours} h ago ({streak} in a row)", name=name, hours=age, streak=streak)
    return say("{name} ended {hours} h ago: {outcome}", name=name, hours=age, outcome=outcome)


def _age_hours(run: dict[str, Any]) -> float | None:
    try:
        at = datetime.fromisoformat(str(run.get("updated_at")))
    except ValueError:
        return None
    return round((datetime.now(UTC) - (at if at.tzinfo else at.replace(tzinfo=UTC))).total_seconds() / 3600, 1)


def _line(api: Api, run: dict[str, Any]) -> str:
    state = run.get("conclusion") or run.get("status")
    what = f"{run.get('head_branch')}  {str(run.get('head_sha'))[:8]}"
    return api.clean(f"#{run.get('run_number')}  {state}  {run.get('updated_at')}  {what}  {run.get('event')}")


def _links(runs: list[dict[str, Any]]) -> tuple[Link, ...]:
    url = str(runs[0].get("html_url")) if runs else ""
    return (Link(say("newest run"), url),) if url.startswith("https://github.com/") and len(url) < 300 else ()


def _patched(alert: dict[str, Any]) -> str:
    """The first version without it, where there is one."""
    version = dug(alert, "security_vulnerability.first_patched_version.identifier")
    return f"≥ {version}  " if version else ""


def _severity(alert: dict[str, Any]) -> str:
    found = str(dug(alert, "security_advisory.severity"))
    return found if found in _SEVERITIES else "low"


WORKFLOW = Read("pipeline.workflow", Address, Workflow, LIMIT, _workflow)
VULNERABILITIES = Read("pipeline.vulnerabilities", Address, Parameters, LIMIT, _vulnerabilities)
