"""Which file, and on which machine."""

from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, field_validator

from bot.providers.host import address as host
from bot.providers.host.address import Path


class Address(host.Address):
    """The file; without `host` it is one on the bot's own machine.

    `timezone` is what times without an offset in the file mean.
    """

    path: Path
    host: str = Field("", pattern=r"^([A-Za-z0-9]([A-Za-z0-9.:-]{0,251}[A-Za-z0-9])?)?$")
    timezone: str = "UTC"

    @field_validator("timezone")
    @classmethod
    def _is_known(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError):
            raise ValueError("not a time zone such as America/Sao_Paulo") from None
        return name
