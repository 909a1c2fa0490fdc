"""Makes neighbours ill, and well again."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from sandbox.world.changes import ControlError, Ill, RailwayIll
from sandbox.world.docker.container import Line
from sandbox.world.docker.ills import DockerIll, sicken
from sandbox.world.docker.program import ERR
from sandbox.world.neighbours.figures import names, show
from sandbox.world.railway import LogEntry, Railway, Service
from sandbox.world.vendors.trouble import Vendor

if TYPE_CHECKING:
    from sandbox.world.neighbours import Neighbours

_SLOW_SECONDS: Final = 1.5
_WAIT_SECONDS: Final = 20
_IN_THE_CLUSTER_TOO: Final = "agente-api"
_PAGE_OF: Final = {"crm": "salesforce"}


def sicken_vendor(near: "Neighbours", name: str, ill: Ill) -> None:
    """A vendor that is down says so on its status page; a slow one or one that refuses us does not."""
    page = near.pages.get(_PAGE_OF.get(name, name))
    near.heal(*_parts(getattr(near.vendors, name)), *(_parts(page) if page else ()))
    _trouble(getattr(near.vendors, name), ill)
    if page and ill == "down":
        page.break_down("API", "Elevated error rates")
        page.salesforce_status = "MAJOR_INCIDENT_CORE"
    near.note(f"vendors.{name}", ill)


def sicken_application(near: "Neighbours", name: str, ill: Ill) -> None:
    """The application of a system, or its frontend."""
    applications: Mapping[str, Vendor] = {**near.sites, "customer-support": near.vendors.app}
    if name not in applications:
        raise ControlError(f"There is no application {name}; there are {', '.join(sorted(applications))}.")
    near.heal(*_parts(applications[name]))
    _trouble(applications[name], ill)
    near.note(f"applications.{name}", ill)


def sicken_railway(near: "Neighbours", system: str, ill: RailwayIll) -> None:
    """The backend of a project on Railway, or Railway itself."""
    railway = near.railway[system]
    near.heal(railway.platform, railway.faults)
    near.postgres.reset()
    _RAILWAY[ill](railway, _backend(railway))
    near.note(f"railway.{system}", ill)


def sicken_coolify(near: "Neighbours", ill: str) -> None:
    """Harven's backend runs with an earlier signing secret than the one that its tokens are signed with."""
    near.heal(near.coolify, near.coolify.faults)
    if ill == "wrong_secret":
        near.coolify.set("JWT_SECRET", near.coolify.earlier_secret)
        near.coolify.running_with = dict(near.coolify.variables)
    near.note("coolify", ill)


def sicken_mongodb(near: "Neighbours", ill: str) -> None:
    near.heal(near.mongo.load)
    near.mongo.recover()
    if ill == "full":
        near.mongo.load.connections = round(0.96 * near.mongo.load.connection_limit)
    elif ill == "hung":
        near.mongo.hang()
    near.note("mongodb", ill)


def sicken_container(near: "Neighbours", name: str, ill: DockerIll) -> None:
    one = near.container(name)
    if one is None:
        present = sorted(each.name for engine in near.docker.values() for each in engine.containers)
        raise ControlError(f"There is no container {name}; there are {', '.join(present)}.")
    sicken(one, ill, datetime.now(UTC))
    near.note(f"docker.{name}", ill)


def set_figures(near: "Neighbours", system: str, figures: Mapping[str, float]) -> None:
    """What Prometheus answers to the queries of these checks."""
    if system not in near.prometheus:
        raise ControlError(f"{system} has no Prometheus; there are those of {', '.join(near.prometheus)}.")
    for name, figure in figures.items():
        if not show(near.prometheus[system], system, name, figure):
            raise ControlError(f"{system} asks Prometheus nothing for {name}, only for {', '.join(names(system))}.")
        near.note(f"figures.{system}.{name}", f"{figure:g}")


def write_log(near: "Neighbours", who: str, lines: Sequence[str]) -> bool:
    """Lines in the log of a neighbour's application, and in the store of them all; whether it keeps one here."""
    now = datetime.now(UTC)
    near.log_store.write(*lines, index=f"logs-{who}")
    if one := near.container(who):
        one.lines += [Line(now, ERR, line) for line in lines]
        return who != _IN_THE_CLUSTER_TOO
    if who in near.railway:
        live = _backend(near.railway[who]).live
        if live is None:
            raise ControlError(f"The backend of {who} does not run.")
        live.logs += [LogEntry(now, line, "error") for line in lines]
        return True
    if who != "customer-support":
        return False
    with near.log.open("a", encoding="utf-8") as log:
        log.writelines(f"{now:%Y-%m-%d %H:%M:%S} {line}\n" for line in lines)
    return True


def _backend(railway: Railway) -> Service:
    return railway.platform.named("backend")


def _parts(vendor: Vendor) -> tuple[object, ...]:
    return vendor, vendor.trouble


def _trouble(vendor: Vendor, ill: Ill) -> None:
    trouble = vendor.trouble
    trouble.hangs = ill == "hung"
    trouble.latency_seconds = _SLOW_SECONDS if ill == "slow" else 0.0
    trouble.status = {"down": 503, "rate_limited": 429, "refused": 401}.get(ill)
    trouble.retry_after = _WAIT_SECONDS if ill == "rate_limited" else None


def _crash(_railway: Railway, backend: Service) -> None:
    if live := backend.live:
        now = datetime.now(UTC)
        live.logs.append(LogEntry(now, "FATAL ERROR: Reached heap limit, JavaScript heap out of memory", "error"))
        live.become("CRASHED", now)


def _fail(railway: Railway, backend: Service) -> None:
    made = railway.platform.deployed(backend, "bad0005", "feat: a migration", hours=0.1, status="FAILED")
    made.builds.append(LogEntry(made.updated, "npm ERR! migration 1712 failed: column already exists", "error"))


def _leak(_railway: Railway, backend: Service) -> None:
    most = backend.memory_limit_mb
    backend.memory_mb = [most * share for share in (0.45, 0.6, 0.78, 0.96)]


def _go_down(railway: Railway, _backend: Service) -> None:
    railway.faults.status = 503


_RAILWAY: Final[Mapping[str, Callable[[Railway, Service], None]]] = {
    "crashed": _crash,
    "failed": _fail,
    "leaking": _leak,
    "down": _go_down,
    "well": lambda _railway, _backend: None,
}
