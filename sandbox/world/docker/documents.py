"""What the engine tells of a container: inspected, listed, measured."""

from datetime import datetime, timedelta
from typing import Any, Final

from sandbox.world.docker.container import Container
from sandbox.world.docker.image import Document, digits, stamp

_MACHINE_BYTES: Final = 8 * 1024**3
_CPUS: Final = 2
_SECOND_NS: Final = 1_000_000_000
_CPU_SHARE: Final = 0.07


def inspected(one: Container, now: datetime) -> Document:
    """All of it, as `docker inspect`."""
    path, *arguments = one.command
    return {
        "Id": one.id,
        "Created": stamp(one.created),
        "Path": path,
        "Args": arguments,
        "State": _state(one, now),
        "Image": one.image.id,
        "Name": f"/{one.name}",
        "RestartCount": one.restarts,
        "Driver": "overlay2",
        "Platform": "linux",
        "HostConfig": one.host,
        "Mounts": one.mounts,
        "Config": one.config,
        "NetworkSettings": {"Ports": {}, "Networks": one.endpoints},
    }


def _state(one: Container, now: datetime) -> Document:
    waits = one.status == "restarting"
    state: Document = {
        "Status": one.status,
        "Running": one.is_running or waits,
        "Paused": False,
        "Restarting": waits,
        "OOMKilled": one.is_oom,
        "Dead": False,
        "Pid": 4242 if one.is_running else 0,
        "ExitCode": one.code,
        "Error": "",
        "StartedAt": stamp(one.started),
        "FinishedAt": stamp(one.finished),
    }
    health = one.health(now)
    if not health or one.status == "created":
        return state
    failed = int(health == "unhealthy")
    look = {"Start": stamp(now), "End": stamp(now), "ExitCode": failed, "Output": one.check_words() if failed else ""}
    looks = [] if health == "starting" else [look]
    return {**state, "Health": {"Status": health, "FailingStreak": 3 * failed, "Log": looks}}


def listed(one: Container, now: datetime) -> Document:
    """A line of `docker ps --all`."""
    return {
        "Id": one.id,
        "Names": [f"/{one.name}"],
        "Image": one.config["Image"],
        "ImageID": one.image.id,
        "Command": " ".join(one.command),
        "Created": int(one.created.timestamp()),
        "Ports": [],
        "Labels": one.config.get("Labels") or {},
        "State": one.status,
        "Status": _words(one, now),
        "HostConfig": {"NetworkMode": one.host.get("NetworkMode", "default")},
        "NetworkSettings": {"Networks": one.endpoints},
        "Mounts": one.mounts,
    }


def _words(one: Container, now: datetime) -> str:
    if one.is_running:
        health = one.health(now)
        told = {"": "", "starting": " (health: starting)"}.get(health, f" ({health})")
        return f"Up {_lapse(now, one.started)}{told}"
    if one.status == "created":
        return "Created"
    word = "Restarting" if one.status == "restarting" else "Exited"
    return f"{word} ({one.code}) {_lapse(now, one.finished)} ago"


def _lapse(now: datetime, since: datetime | None) -> str:
    """How long, in Docker's words."""
    seconds = int((now - since).total_seconds()) if since else 0
    minutes, hours, days = seconds // 60, round(seconds / 3600), round(seconds / 86400)
    if seconds < 1:
        return "Less than a second"
    if seconds < 60:
        return "1 second" if seconds == 1 else f"{seconds} seconds"
    if minutes < 60:
        return "About a minute" if minutes == 1 else f"{minutes} minutes"
    if hours < 48:
        return "About an hour" if hours == 1 else f"{hours} hours"
    return f"{days} days" if days < 14 else f"{days // 7} weeks"


def measured(one: Container, now: datetime) -> Document:
    """Two looks a second apart, as `docker stats` takes them; nothing of one that does not run."""
    told: Document = {"id": one.id, "name": f"/{one.name}"}
    if not one.is_running or not one.started:
        return {**told, "read": stamp(None), "preread": stamp(None), "memory_stats": {}, **_cpu(None), "pids_stats": {}}
    limit = one.memory_limit or _MACHINE_BYTES
    cache = limit // 50
    return {
        **told,
        "read": stamp(now),
        "preread": stamp(now - timedelta(seconds=1)),
        "pids_stats": {"current": 9},
        "memory_stats": {"usage": int(one.used * limit) + cache, "stats": {"inactive_file": cache}, "limit": limit},
        **_cpu((now - one.started).total_seconds()),
    }


def _cpu(seconds: float | None) -> dict[str, Any]:
    if seconds is None:
        nothing = {"cpu_usage": {"total_usage": 0}}
        return {"cpu_stats": nothing, "precpu_stats": nothing}
    return {"cpu_stats": _cpu_at(seconds + 1), "precpu_stats": _cpu_at(seconds)}


def _cpu_at(seconds: float) -> Document:
    return {
        "cpu_usage": {"total_usage": int(_CPU_SHARE * seconds * _SECOND_NS)},
        "system_cpu_usage": int(_CPUS * (seconds + 86400) * _SECOND_NS),
        "online_cpus": _CPUS,
    }


def endpoint(name: str, given: Document, container: str) -> Document:
    """A container's place in a network; in one that somebody made it is known by its short id too."""
    own = name in {"none", "host", "bridge"}
    aliases = [
        *(given.get("Aliases") or ()),
        *([] if own or container in (given.get("Aliases") or ()) else [container]),
    ]
    return {
        "IPAMConfig": given.get("IPAMConfig"),
        "Links": given.get("Links"),
        "Aliases": aliases or None,
        "NetworkID": digits(),
        "EndpointID": digits(),
        "DriverOpts": given.get("DriverOpts"),
    }
