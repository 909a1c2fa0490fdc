"""A container out of a create request and its image, with everything filled in that the engine fills in."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from sandbox.world.docker.container import Container
from sandbox.world.docker.documents import endpoint
from sandbox.world.docker.image import Document, Image, digits
from sandbox.world.docker.refusals import bad_name, no_command

_NAME: Final = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_.-]+")
_CONFIG: Final[Document] = {
    "Domainname": "",
    "User": "",
    "Tty": False,
    "Env": None,
    "Cmd": None,
    "Volumes": None,
    "WorkingDir": "",
    "Entrypoint": None,
    "Labels": {},
}
_HOST: Final[Document] = {
    "Binds": None,
    "LogConfig": {"Type": "json-file", "Config": {}},
    "NetworkMode": "default",
    "PortBindings": None,
    "RestartPolicy": {"Name": "no", "MaximumRetryCount": 0},
    "AutoRemove": False,
    "VolumesFrom": None,
    "Privileged": False,
    "ReadonlyRootfs": False,
    "Memory": 0,
    "NanoCpus": 0,
}
_OF_IMAGE: Final = ("User", "WorkingDir", "Healthcheck", "StopSignal", "Shell", "OnBuild")


def container_of(name: str, request: Mapping[str, Any], image: Image, now: datetime) -> Container:
    """What a create request makes; raises the engine's refusals of a bad one."""
    given = {key: value for key, value in request.items() if key not in {"HostConfig", "NetworkingConfig"}}
    config = _merged({**_CONFIG, **given}, image.config)
    if not [*(config["Entrypoint"] or ()), *(config["Cmd"] or ())]:
        raise no_command()
    if not _NAME.fullmatch(name):
        raise bad_name(name)
    host = {**_HOST, **(request.get("HostConfig") or {})}
    made = Container(name, image, config, host, now)
    config.setdefault("Hostname", made.id[:12])
    mode = "bridge" if host["NetworkMode"] == "default" else str(host["NetworkMode"])
    asked = (request.get("NetworkingConfig") or {}).get("EndpointsConfig") or {}
    if not asked and not mode.startswith("container:"):
        asked = {mode: {}}
    made.endpoints = {network: endpoint(network, wanted, made.id[:12]) for network, wanted in asked.items()}
    made.mounts = [*_bound(host), *_nameless(config, host)]
    return made


def _merged(config: Document, image: Document) -> Document:
    """The image's settings where the container has none of its own."""
    merged = config | {key: image[key] for key in _OF_IMAGE if key in image and not config.get(key)}
    for key in ("Labels", "Volumes", "ExposedPorts"):
        if image.get(key):
            merged[key] = {**image[key], **(config.get(key) or {})}
    known = {str(row).partition("=")[0] for row in config["Env"] or ()}
    rest = [row for row in image.get("Env") or () if row.partition("=")[0] not in known]
    merged["Env"] = [*(config["Env"] or ()), *rest]
    if not config["Entrypoint"]:
        merged["Entrypoint"] = image.get("Entrypoint")
        merged["Cmd"] = config["Cmd"] or image.get("Cmd")
    return merged


def _bound(host: Document) -> list[Document]:
    rows = (str(bind).split(":") for bind in host["Binds"] or ())
    return [_mount(source, place, is_writable="ro" not in mode) for source, place, *mode in rows]


def _nameless(config: Document, host: Document) -> list[Document]:
    """A volume for each place that the image or the request wants one at, and no bind provides."""
    taken = {str(bind).split(":")[1] for bind in host["Binds"] or ()}
    return [_mount(digits(), place) for place in config["Volumes"] or {} if place not in taken]


def _mount(source: str, place: str, *, is_writable: bool = True) -> Document:
    common = {"Destination": place, "Mode": "" if is_writable else "ro", "RW": is_writable, "Propagation": ""}
    if source.startswith("/"):
        return {"Type": "bind", "Source": source, **common}
    return {"Type": "volume", "Name": source, "Source": "", "Driver": "local", **common}
