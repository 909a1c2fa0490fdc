"""Which alerts are active now, and which nobody hears because of a silence."""

from bot.core.findings import Measurement, Reading
from bot.core.operation import Parameters, Read
from bot.core.text import Text, say
from bot.providers.alertmanager.matchers import Matchers, parsed
from bot.providers.alertmanager.server import LIMIT, Address, Alert, alerts_of, reached

_SHOWN = 20


class Wanted(Parameters):
    """Which alerts: those with these labels (none means all); with `silenced` the evidence lists silenced ones too."""

    matchers: Matchers = ""
    silenced: bool = False


async def _read(address: Address, wanted: Wanted) -> Reading:
    async with reached(address) as api:
        found = await alerts_of(api, parsed(wanted.matchers))
    active = [alert for alert in found if alert.status.state != "suppressed"]
    silenced = [alert for alert in found if alert.status.silencedBy]
    inhibited = [alert for alert in found if alert.status.inhibitedBy]
    critical = [alert for alert in active if alert.is_critical]
    shown = sorted(active, key=lambda alert: (not alert.is_critical, alert.startsAt))
    evidence = [_line(alert, "active") for alert in shown]
    if wanted.silenced:
        evidence += [_line(alert, "silenced") for alert in silenced]
    return Reading(
        _summary(shown, len(critical), len(silenced)),
        (
            Measurement("active", len(active)),
            Measurement("critical", len(critical)),
            Measurement("silenced", len(silenced)),
            Measurement("inhibited", len(inhibited)),
        ),
        tuple(evidence[:_SHOWN]),
    )


def _line(alert: Alert, state: str) -> str:
    return f"{state}: {alert.name} since {alert.startsAt:%Y-%m-%d %H:%M}Z"


def _summary(active: list[Alert], critical: int, silenced: int) -> Text:
    if not active:
        return say("no alert is active, {silenced} silenced", silenced=silenced)
    names = list(dict.fromkeys(alert.name for alert in active))
    return say(
        "active {active} (critical {critical}), silenced {silenced}: {names}",
        active=len(active),
        critical=critical,
        silenced=silenced,
        names=", ".join(names[:3]),
    )


ALERTS = Read("alertmanager.alerts", Address, Wanted, LIMIT, _read)
