"""What becomes of a container image once a pod runs it."""

from collections.abc import Mapping
from enum import StrEnum


class Fate(StrEnum):
    """How an image turns out; the plan of a scenario, unknown to whoever deploys it."""

    HEALTHY = "healthy"
    SLOW = "slow"
    """Starts and serves, too slowly; a job of it does not end."""
    BAD = "bad"
    """Starts and passes its probes, then answers with errors."""
    BROKEN = "broken"
    """Ends right after its start: CrashLoopBackOff."""
    MISSING = "missing"
    """Cannot be pulled: ImagePullBackOff."""


_TOLD_BY_TAG = (Fate.BROKEN, Fate.MISSING, Fate.SLOW, Fate.BAD)


class Images:
    """Knows the fate of every image: told beforehand, or read from a word in its tag."""

    def __init__(self, fates: Mapping[str, Fate] | None = None) -> None:
        self._fates = dict(fates or {})

    def tell(self, image: str, fate: Fate) -> None:
        self._fates[image] = fate

    def forget(self) -> None:
        self._fates.clear()

    def fate(self, image: str) -> Fate:
        told = next((fate for fate in _TOLD_BY_TAG if fate.value in tag_of(image)), Fate.HEALTHY)
        return self._fates.get(image, told)


def tag_of(image: str) -> str:
    """The tag, also of an image whose registry has a port or that is pinned by a digest."""
    name = image.partition("@")[0].rpartition("/")[2]
    return name.partition(":")[2] or "latest"
