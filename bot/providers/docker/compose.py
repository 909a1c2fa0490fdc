"""A Compose project, service by service, from the labels that Compose leaves on its containers."""

from typing import Final

from pydantic import Field

from bot.core.findings import Measurement, Reading
from bot.core.operation import Parameters, Read
from bot.core.text import Text, say
from bot.providers.docker.address import NAME, Address
from bot.providers.docker.anatomy import ONE_OFF, PROJECT, SERVICE, Listed, listing
from bot.providers.docker.engine import LIMIT, opened

_SHOWN: Final = 30


class Project(Parameters):
    """Which project; `expects` names the services that must exist, since one without containers leaves no trace."""

    project: str = Field(pattern=NAME)
    expects: tuple[str, ...] = ()


async def _read(address: Address, wanted: Project) -> Reading:
    async with opened(address) as engine:
        containers = await listing(engine, f"{PROJECT}={wanted.project}")
    services: dict[str, list[Listed]] = {name: [] for name in wanted.expects}
    for container in containers:
        if container.labels.get(ONE_OFF, "").lower() != "true":
            services.setdefault(container.labels.get(SERVICE, container.name), []).append(container)
    down = sorted(name for name, its in services.items() if not any(one.is_running for one in its))
    unhealthy = sorted(name for name, its in services.items() if any(one.is_unhealthy for one in its))
    restarting = sum(one.state == "restarting" for its in services.values() for one in its)
    return Reading(
        _summary(len(services), down, unhealthy),
        (
            Measurement("services", len(services)),
            Measurement("down", len(down)),
            Measurement("unhealthy", len(unhealthy)),
            Measurement("restarting", restarting),
        ),
        tuple(_lines(services, down + unhealthy))[:_SHOWN],
    )


def _summary(count: int, down: list[str], unhealthy: list[str]) -> Text:
    if not count:
        return say("this project has no containers here")
    if not down and not unhealthy:
        return say("all {count} services are up", count=count)
    return say(
        "of {count} services down: {down}; unhealthy: {unhealthy}",
        count=count,
        down=", ".join(down) or "—",
        unhealthy=", ".join(unhealthy) or "—",
    )


def _lines(services: dict[str, list[Listed]], first: list[str]) -> list[str]:
    ordered = sorted(services, key=lambda name: (name not in first, name))
    return [str(one) for name in ordered for one in services[name]] + [
        f"{name}  —" for name in ordered if not services[name]
    ]


COMPOSE = Read("docker.compose", Address, Project, LIMIT, _read)
