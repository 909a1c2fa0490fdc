"""The request that makes a container again as it is: same image, settings, mounts and networks."""

import hashlib
import json
import re
from collections.abc import Iterator
from typing import Final
from urllib.parse import quote

from bot.core.errors import TargetError
from bot.core.text import Text, say
from bot.providers.docker.anatomy import Container
from bot.providers.docker.engine import Document, Engine, Missing

_ANONYMOUS: Final = re.compile(r"[0-9a-f]{64}")


def request_of(container: Container) -> Document:
    """The body of a create request; what the engine derived from the old id is left out, so that it is derived anew."""
    config = dict(container.config)
    if config.get("Hostname") == container.id[:12]:
        config.pop("Hostname")
    first = next(iter(networks_of(container).items()), None)
    return {
        **config,
        "HostConfig": dict(container.host_config),
        "NetworkingConfig": {"EndpointsConfig": dict([first] if first else [])},
    }


def networks_of(container: Container) -> dict[str, Document]:
    """What was configured of each network; a create request takes one, the others are joined before the start."""
    mode = str(container.host_config.get("NetworkMode", ""))
    ordered = sorted(container.networks.items(), key=lambda pair: pair[0] != mode)
    return {name: _endpoint(found, container) for name, found in ordered if name not in {"none", "host"}}


def _endpoint(found: Document, container: Container) -> Document:
    kept = {key: found[key] for key in ("IPAMConfig", "Links", "DriverOpts") if found.get(key)}
    aliases = [alias for alias in found.get("Aliases") or () if alias != container.id[:12]]
    return kept | ({"Aliases": aliases} if aliases else {})


def has_fixed_address(container: Container) -> bool:
    """Whether a network gives it an address of its own, which no second container can have."""
    return any((found.get("IPAMConfig") or {}).get("IPv4Address") for found in container.networks.values())


def anonymous_volumes(container: Container) -> list[tuple[str, str]]:
    """Name and place of volumes that nothing but this container remembers."""
    return [
        (str(mount["Name"]), str(mount["Destination"]))
        for mount in container.document.get("Mounts") or ()
        if mount.get("Type") == "volume" and _ANONYMOUS.fullmatch(str(mount.get("Name", "")))
    ]


def with_volumes_kept(request: Document, container: Container) -> Document:
    """The request with the anonymous volumes mounted by name: a new container would begin with empty ones."""
    host = request["HostConfig"]
    known = {str(bind).split(":")[0] for bind in host.get("Binds") or ()}
    binds = [f"{name}:{place}" for name, place in anonymous_volumes(container) if name not in known]
    return {**request, "HostConfig": {**host, "Binds": [*(host.get("Binds") or ()), *binds]}}


def digest(container: Container) -> str:
    """Twelve hexadecimal digits that change with any setting; one-way, since settings hold secrets."""
    canon = json.dumps([request_of(container), networks_of(container)], sort_keys=True)
    return hashlib.sha256(canon.encode()).hexdigest()[:12]


async def require_same_image(engine: Engine, container: Container) -> None:
    """Refuse when the image's name now means another image: making the container again would be a deployment."""
    name = str(container.config.get("Image", ""))
    try:
        found = (await engine.get(f"/images/{quote(name, safe='/:@')}/json"))["Id"]
    except Missing:
        found = ""
    if found != container.document["Image"]:
        raise TargetError(
            "The name {image} no longer means the image that {name} runs: this would deploy another. Use the pipeline.",
            image=name,
            name=container.name,
        )


def require_own(container: Container) -> None:
    """Refuse what somebody else manages, or what others lean on."""
    for reason in _foreign(container):
        raise TargetError("{name} cannot be made again here: {reason}.", name=container.name, reason=reason)


def _foreign(container: Container) -> Iterator[Text]:
    host = container.host_config
    if "com.docker.swarm.service.id" in container.labels:
        yield say("Swarm manages it")
    if host.get("AutoRemove"):
        yield say("it removes itself when it stops")
    if str(host.get("NetworkMode", "")).startswith("container:"):
        yield say("it lives in another container's network")
    if host.get("VolumesFrom"):
        yield say("it takes its volumes from another container")
