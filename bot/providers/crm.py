"""The customer's CRM (Salesforce) as our integration meets it: our key, its limit, or its outage."""

import re
from typing import Final

from pydantic import ConfigDict, Field

from bot.core.findings import Measurement, Reading
from bot.core.operation import Parameters, Read
from bot.core.text import Text, say
from bot.providers.web_answers import Answer, dug
from bot.providers.web_api import Api, BaseUrl, Credential, Request

LIMIT: Final = 6.0
_USAGE = re.compile(r"(?<![\w-])api-usage=(\d{1,12})/(\d{1,12})")


class Address(Parameters):
    """The organisation's own address (`https://<domain>.my.salesforce.com`) and an access token of the integration."""

    model_config = ConfigDict(hide_input_in_errors=True)

    url: BaseUrl
    token: Credential


class Probe(Parameters):
    """What to ask for: the list of the API's resources, which every API user may read."""

    path: str = Field("/services/data/v57.0/", pattern=r"^/[\w./-]*$")


async def _probe(address: Address, wanted: Probe) -> Reading:
    token = address.token.get_secret_value()
    api = Api(
        vendor=say("the CRM"),
        base=address.url.get_secret_value(),
        grant=say("Its user needs the permission “API Enabled”."),
        headers={"Authorization": f"Bearer {token}"},
        secrets=(token,),
    )
    answer = await api.ask(Request(wanted.path))
    code = api.clean(dug(answer.document(), "0.errorCode") or "", 60)
    is_limited = answer.status == 429 or code == "REQUEST_LIMIT_EXCEEDED"
    return Reading(
        _summary(api, answer, code, is_limited),
        (
            Measurement("status", answer.status),
            Measurement("ok", answer.is_good),
            Measurement("latency_ms", answer.took_ms, "ms"),
            Measurement("limited", is_limited),
            *_usage(answer),
        ),
        () if answer.is_good else (f"{answer.status}  {code or '-'}  {api.message(answer)}",),
    )


def _usage(answer: Answer) -> tuple[Measurement, ...]:
    """Calls of the last 24 hours against the organisation's limit, which Salesforce tells with its answers."""
    found = _USAGE.search(answer.headers.get("sforce-limit-info", ""))
    used, limit = (int(found[1]), int(found[2])) if found else (None, None)
    percent = round(100 * used / limit, 1) if used is not None and limit else None
    reason = say("this answer carries no `Sforce-Limit-Info`") if percent is None else None
    return (
        Measurement("used", used, missing=reason if used is None else None),
        Measurement("limit", limit, missing=reason if limit is None else None),
        Measurement("used_percent", percent, "%", reason),
    )


def _summary(api: Api, answer: Answer, code: str, is_limited: bool) -> Text:
    status = answer.status
    if answer.is_good:
        return say("the CRM accepts our token, in {latency} ms", latency=answer.took_ms)
    if is_limited:
        return say("the CRM refuses more calls ({status}): our limit for 24 hours is used up", status=status)
    match status:
        case 401:
            return say("the CRM refuses our token ({status}): it is wrong, revoked or expired", status=status)
        case 403:
            return say("the CRM forbids it ({code}): the user needs the permission “API Enabled”", code=code or status)
        case _ if status >= 500:
            return say("the CRM is in trouble ({status}); it is not our token", status=status)
    return say("the CRM answered {status}: {message}", status=status, message=api.message(answer))


PROBE = Read("crm.probe", Address, Probe, LIMIT, _probe)
