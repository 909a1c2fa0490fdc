"""What a container asks for and may use, and how that changes."""

from copy import deepcopy
from typing import Annotated, Final, Literal

from pydantic import Field

from bot.providers.kubernetes.address import NAME
from bot.providers.kubernetes.cluster import Document
from bot.providers.kubernetes.deployment import Named

NONE: Final = "none"
FIELDS: Final = ("requests_cpu", "requests_memory", "limits_cpu", "limits_memory")
Given = Annotated[str, Field(pattern=r"^(none|\d{1,12}(\.\d{1,9})?(m|k|M|G|Ki|Mi|Gi)?)$")]
Amount = Given | Literal[""]


class Sizes(Named):
    """Of a container (none means the only one); empty stays as it is, `none` takes it away."""

    container: str = Field("", pattern=f"{NAME}|^$")
    requests_cpu: Amount = ""
    requests_memory: Amount = ""
    limits_cpu: Amount = ""
    limits_memory: Amount = ""


def resized(container: Document, wanted: Sizes) -> Document:
    """The container's resources as they would be."""
    resources: Document = deepcopy(container.get("resources") or {})
    for field in FIELDS:
        value, (part, kind) = getattr(wanted, field), field.split("_")
        if value == NONE:
            (resources.get(part) or {}).pop(kind, None)
        elif value:
            resources.setdefault(part, {})[kind] = value
    return {part: held for part, held in resources.items() if held}
