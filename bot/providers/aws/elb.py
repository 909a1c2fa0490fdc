"""Load balancers: which targets they send traffic to, and how that traffic fares."""

from collections import Counter
from statistics import fmean
from typing import Final

from pydantic import Field

from bot.core.errors import TargetError
from bot.core.findings import Measurement, Reading
from bot.core.operation import Parameters, Read
from bot.core.redaction import mask
from bot.core.text import say
from bot.providers.aws.account import LIMIT, Account, Address, Document, opened
from bot.providers.aws.cloudwatch import added, share
from bot.providers.aws.metrics import Series, Wanted, Window, series_of
from bot.providers.aws.refusals import NoSuch

_SHOWN: Final = 20
_NAMESPACE: Final = "AWS/ApplicationELB"


class TargetGroup(Parameters):
    """A target group by its name or ARN."""

    target_group: str = Field(
        pattern=r"^(arn:aws[a-z-]*:elasticloadbalancing:[A-Za-z0-9_:/-]{1,200}|[A-Za-z0-9-]{1,32})$"
    )


class Traffic(Window):
    """An application load balancer, as its metrics name it: `app/prod/50dc6c495c0c9188`."""

    load_balancer: str = Field(pattern=r"^app/[A-Za-z0-9_-]{1,64}/[0-9a-f]{16}$")


async def _read_targets(address: Address, wanted: TargetGroup) -> Reading:
    async with opened(address) as account:
        arn = await _arn(account, wanted.target_group)
        answer = await account.ask("elbv2", "describe_target_health", TargetGroupArn=arn)
    targets: list[Document] = answer.get("TargetHealthDescriptions", [])
    states = Counter(_state(target) for target in targets)
    healthy, unhealthy = states["healthy"], states["unhealthy"] + states["unavailable"]
    no_target = None if targets else say("no target is registered")
    return Reading(
        say(
            "{healthy} of {total} targets are healthy, {unhealthy} are not",
            healthy=healthy,
            total=len(targets),
            unhealthy=unhealthy,
        ),
        (
            Measurement("total", len(targets)),
            Measurement("healthy", healthy),
            Measurement("unhealthy", unhealthy),
            Measurement("draining", states["draining"]),
            Measurement("healthy_percent", share(healthy, len(targets)) if targets else None, "%", no_target),
        ),
        tuple(sorted(map(_shown, targets), key=lambda line: line.startswith("healthy"))[:_SHOWN]),
    )


async def _arn(account: Account, name: str) -> str:
    if name.startswith("arn:"):
        return name
    try:
        answer = await account.ask("elbv2", "describe_target_groups", Names=[name])
    except NoSuch as error:
        raise TargetError("There is no target group {name} in {region}.", name=name, region=account.region) from error
    return str(answer["TargetGroups"][0]["TargetGroupArn"])


def _state(target: Document) -> str:
    return str(target.get("TargetHealth", {}).get("State", "unknown"))


def _shown(target: Document) -> str:
    health, where = target.get("TargetHealth", {}), target.get("Target", {})
    words = " ".join(str(health[name]) for name in ("Reason", "Description") if health.get(name))
    return mask(f"{_state(target)}  {where.get('Id', '?')}:{where.get('Port', '?')}  {words}".rstrip())[:200]


async def _read_traffic(address: Address, wanted: Traffic) -> Reading:
    async with opened(address) as account:
        counts, mean, p95, by_target, by_balancer = await series_of(
            account,
            [
                _metric(wanted, "RequestCount", "Sum"),
                _metric(wanted, "TargetResponseTime", "Average"),
                _metric(wanted, "TargetResponseTime", "p95"),
                _metric(wanted, "HTTPCode_Target_5XX_Count", "Sum"),
                _metric(wanted, "HTTPCode_ELB_5XX_Count", "Sum"),
            ],
            wanted,
        )
    # RequestCount leaves out what never reached a target, so that the balancer's own errors join the whole.
    requests = sum(counts.values()) + sum(by_balancer.values())
    errors = sum(added([by_target, by_balancer]).values())
    percent = share(errors, requests) if requests else None
    no_traffic = None if requests else say("there was no request in the last {minutes} min", minutes=wanted.minutes)
    return Reading(
        no_traffic
        or say(
            "{per_minute} requests a minute, {percent}% of them answered with 5xx, {mean} ms on average",
            per_minute=round(requests / wanted.minutes, 1),
            percent=percent or 0.0,
            mean=_milliseconds(mean) or "?",
        ),
        (
            Measurement("requests", requests),
            Measurement("per_minute", round(requests / wanted.minutes, 1), "1/min"),
            Measurement("errors", errors),
            Measurement("errors_percent", percent, "%", no_traffic),
            _response("response_ms", mean),
            _response("response_p95_ms", p95),
        ),
        trend=tuple(counts.values()),
    )


def _metric(wanted: Traffic, name: str, statistic: str) -> Wanted:
    return Wanted(_NAMESPACE, name, (("LoadBalancer", wanted.load_balancer),), statistic)


def _milliseconds(series: Series) -> float | None:
    return round(1000 * fmean(series.values()), 1) if series else None


def _response(name: str, series: Series) -> Measurement:
    return Measurement(name, _milliseconds(series), "ms", None if series else say("no target answered in this window"))


TARGETS = Read("elb.targets", Address, TargetGroup, LIMIT, _read_targets)
TRAFFIC = Read("elb.traffic", Address, Traffic, LIMIT, _read_traffic)
