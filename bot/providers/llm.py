"""The vendors of language models: reachable, our key, our quota; three questions that look alike during an outage."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, Literal, TypeAlias

from pydantic import ConfigDict, Field, SecretStr

from bot.core.errors import TargetError
from bot.core.findings import Measurement, Reading
from bot.core.operation import Parameters, Read
from bot.core.text import Text, say
from bot.providers.web_answers import Answer, dug, number_of, records
from bot.providers.web_api import Api, BaseUrl, Credential, Request

LIMIT: Final = 6.0
_CALL_LIMIT: Final = 5.0
_ANTHROPIC_VERSION: Final = "2023-06-01"
_OUTPUT_TOKENS: Final = 16
_HOUR: Final = 3600
_HOURS: Final = 24
VendorName: TypeAlias = Literal["openai", "anthropic", "groq"]


@dataclass(frozen=True, slots=True)
class Vendor:
    """Where a vendor keeps what we ask for, and in which headers it tells its limits ({part} is limit or remaining)."""

    name: str
    url: str
    models: str
    completions: str
    limits: str


VENDORS: Final = {
    "openai": Vendor(
        "OpenAI", "https://api.openai.com", "/v1/models", "/v1/chat/completions", "x-ratelimit-{part}-{what}"
    ),
    "groq": Vendor(
        "Groq",
        "https://api.groq.com",
        "/openai/v1/models",
        "/openai/v1/chat/completions",
        "x-ratelimit-{part}-{what}",
    ),
    "anthropic": Vendor(
        "Anthropic", "https://api.anthropic.com", "/v1/models", "/v1/messages", "anthropic-ratelimit-{what}-{part}"
    ),
}


class Address(Parameters):
    """Which vendor; `url` only where a proxy stands in between. `admin_key` is read for costs alone."""

    model_config = ConfigDict(hide_input_in_errors=True)

    vendor: VendorName = "openai"
    url: BaseUrl | None = None
    key: Credential | None = None
    admin_key: Credential | None = None


class Reach(Parameters):
    """Any path will do: an answer of any kind means that the vendor is there."""

    path: str = Field("", pattern=r"^(/[\w./-]*)?$")


class Probe(Parameters):
    """With a `model`, one completion of at most 16 tokens is bought: only its answer tells limits and quota."""

    model: str = Field("", pattern=r"^[\w./:-]{0,100}$")


class Usage(Parameters):
    """The month's budget in USD to compare the costs with."""

    budget_usd: float | None = Field(None, gt=0)


async def _reach(address: Address, wanted: Reach) -> Reading:
    vendor = VENDORS[address.vendor]
    answer = await _api(address, None).ask(Request(wanted.path or vendor.models))
    return Reading(
        say(
            "{vendor} answers ({status}) in {latency} ms",
            vendor=vendor.name,
            status=answer.status,
            latency=answer.took_ms,
        ),
        (
            Measurement("reachable", True),
            Measurement("latency_ms", answer.took_ms, "ms"),
            Measurement("status", answer.status),
        ),
    )


async def _probe(address: Address, wanted: Probe) -> Reading:
    if address.key is None:
        raise TargetError("not configured: this target has no `key` to try.")
    api = _api(address, address.key)
    answer = await api.ask(_request(address.vendor, wanted.model))
    code = str(dug(answer.document(), "error.code") or dug(answer.document(), "error.type") or "")
    is_out_of_quota = code in {"insufficient_quota", "billing_hard_limit_reached", "billing_error"}
    return Reading(
        _probed(api, answer, is_out_of_quota),
        (
            Measurement("status", answer.status),
            Measurement("ok", answer.is_good),
            Measurement("latency_ms", answer.took_ms, "ms"),
            _quota(VENDORS[address.vendor], answer, is_out_of_quota),
            *_limits(VENDORS[address.vendor], answer, bool(wanted.model)),
        ),
        () if answer.is_good else (f"{answer.status}  {api.clean(code, 60)}  {api.message(answer)}",),
    )


def _quota(vendor: Vendor, answer: Answer, is_out: bool) -> Measurement:
    """Only an answer to our request tells of the quota; a refused key or an outage does not."""
    if is_out or answer.is_good or answer.status == 429:
        return Measurement("quota_exhausted", is_out)
    why = say(
        "{vendor} answered {status}, which tells nothing about our quota", vendor=vendor.name, status=answer.status
    )
    return Measurement("quota_exhausted", None, missing=why)


def _probed(api: Api, answer: Answer, is_out_of_quota: bool) -> Text:
    vendor, status = api.vendor, answer.status
    match status:
        case _ if answer.is_good:
            return say("{vendor} accepts our key, in {latency} ms", vendor=vendor, latency=answer.took_ms)
        case 401 | 403:
            return say(
                "{vendor} refuses our key ({status}): it is wrong, revoked or expired", vendor=vendor, status=status
            )
        case _ if is_out_of_quota:
            return say("our quota with {vendor} is used up ({status}): look at billing", vendor=vendor, status=status)
        case 429 if answer.retry_after is not None:
            return say(
                "{vendor} limits our rate (429), for {seconds} s more", vendor=vendor, seconds=answer.retry_after
            )
        case 429:
            return say("{vendor} limits our rate (429)", vendor=vendor)
        case _ if status >= 500:
            return say("{vendor} is in trouble ({status}); it is not our key", vendor=vendor, status=status)
    return say("{vendor} answered {status}: {message}", vendor=vendor, status=status, message=api.message(answer))


def _request(vendor: VendorName, model: str) -> Request:
    if not model:
        return Request(VENDORS[vendor].models)
    limit = "max_tokens" if vendor == "anthropic" else "max_completion_tokens"
    body = {"model": model, "messages": [{"role": "user", "content": "ping"}], limit: _OUTPUT_TOKENS}
    return Request(VENDORS[vendor].completions, "POST", body=body)


def _limits(vendor: Vendor, answer: Answer, is_completion: bool) -> Iterator[Measurement]:
    for what in ("requests", "tokens"):
        limit, remaining = (
            number_of(answer.headers.get(vendor.limits.format(part=part, what=what))) for part in ("limit", "remaining")
        )
        reason = None
        if limit is None or remaining is None:
            reason = _untold(vendor, is_completion)
        used = None if reason or not limit or remaining is None else round(100 * (limit - remaining) / limit, 1)
        yield Measurement(f"limit_{what}", limit, missing=reason if limit is None else None)
        yield Measurement(f"remaining_{what}", remaining, missing=reason if remaining is None else None)
        yield Measurement(f"used_{what}_percent", used, "%", _untold(vendor, is_completion) if used is None else None)
    wait = answer.retry_after
    yield Measurement("retry_after_s", wait, "s", say("nobody asks us to wait") if wait is None else None)


def _untold(vendor: Vendor, is_completion: bool) -> Text:
    if is_completion:
        return say("{vendor} told no limit with this answer", vendor=vendor.name)
    return say("{vendor} tells its limits only with a completion: give this check a `model`", vendor=vendor.name)


async def _usage(address: Address, wanted: Usage) -> Reading:
    """The costs of the calendar month (UTC) so far."""
    reason = _unreadable(address)
    if reason is not None:
        return Reading(
            say("{vendor}: costs unknown", vendor=VENDORS[address.vendor].name),
            (Measurement("spend_usd", None, "USD", reason), Measurement("used_percent", None, "%", reason)),
        )
    api = _api(address, address.admin_key)
    days = await (_anthropic_days(api) if address.vendor == "anthropic" else _openai_days(api))
    spent = round(sum(days), 2)
    without = say("this check has no `budget_usd`")
    percent = round(100 * spent / wanted.budget_usd, 1) if wanted.budget_usd else None
    return Reading(
        say("{spent} USD with {vendor} since the month began", spent=spent, vendor=api.vendor),
        (
            Measurement("spend_usd", spent, "USD"),
            Measurement("used_percent", percent, "%", without if percent is None else None),
        ),
        trend=tuple(days),
    )


async def _calls(address: Address, _: Parameters) -> Reading:
    """The calls of the hour that ended last; those under way are not counted yet."""
    unread = _unreadable(address)
    if unread is None and address.vendor != "openai":
        unread = say("{vendor} does not tell how many calls there were", vendor=VENDORS[address.vendor].name)
    if unread is not None:
        return Reading(say("calls unknown"), (Measurement("calls", None, missing=unread),))
    api = _api(address, address.admin_key)
    start = int(datetime.now(UTC).timestamp()) // _HOUR * _HOUR - _HOURS * _HOUR
    document = await api.read(
        "/v1/organization/usage/completions", start_time=str(start), bucket_width="1h", limit=str(_HOURS)
    )
    hours = [_sum(bucket, "num_model_requests") for bucket in api.records(dug(document, "data"))]
    calls = int(hours[-1]) if hours else 0
    return Reading(
        say("{calls} calls to {vendor} in the last whole hour", calls=calls, vendor=api.vendor),
        (Measurement("calls", calls),),
        trend=tuple(hours),
    )


def _unreadable(address: Address) -> Text | None:
    if address.vendor == "groq":
        return say("Groq has no API for costs; look at console.groq.com, Usage")
    if address.admin_key is None:
        return say(
            "an ordinary key may not read costs; add an `admin_key` of {vendor} to this target",
            vendor=VENDORS[address.vendor].name,
        )
    return None


async def _openai_days(api: Api) -> list[float]:
    start = str(int(_month().timestamp()))
    document = await api.read("/v1/organization/costs", start_time=start, bucket_width="1d", limit="31")
    return [_sum(bucket, "amount.value") for bucket in api.records(dug(document, "data"))]


async def _anthropic_days(api: Api) -> list[float]:
    start = _month().strftime("%Y-%m-%dT%H:%M:%SZ")
    document = await api.read("/v1/organizations/cost_report", starting_at=start, limit="31")
    # In cents, as decimal text.
    return [round(_sum(bucket, "amount") / 100, 4) for bucket in api.records(dug(document, "data"))]


def _sum(bucket: dict[str, Any], path: str) -> float:
    return round(sum(number_of(dug(result, path)) or 0 for result in records(bucket.get("results"))), 4)


def _month() -> datetime:
    return datetime.now(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)


def _api(address: Address, key: SecretStr | None) -> Api:
    vendor = VENDORS[address.vendor]
    secret = key.get_secret_value() if key else ""
    headers = {"Authorization": f"Bearer {secret}"} if secret else {}
    if address.vendor == "anthropic":
        headers = {"anthropic-version": _ANTHROPIC_VERSION} | ({"x-api-key": secret} if secret else {})
    return Api(
        vendor=vendor.name,
        base=address.url.get_secret_value() if address.url else vendor.url,
        grant=say("Costs need an admin key of the organisation that may read usage."),
        headers=headers,
        secrets=(secret,),
        limit=_CALL_LIMIT,
    )


REACH = Read("llm.reach", Address, Reach, LIMIT, _reach)
PROBE = Read("llm.probe", Address, Probe, LIMIT, _probe)
USAGE = Read("llm.usage", Address, Usage, LIMIT, _usage)
CALLS = Read("llm.calls", Address, Parameters, LIMIT, _calls)
