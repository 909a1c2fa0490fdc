"""The place for evidence as a target names it, and what every place can do."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import ClassVar, Final, Protocol, Self

from pydantic import Field, SecretStr, model_validator

from bot.core.operation import Parameters
from bot.providers.evidence.folder import Folder
from bot.providers.evidence.sight import Sight

UNSET: Final = frozenset({"folder", "bucket", "prefix", "region", "endpoint", "access_key", "secret_key"})


class Place(Parameters):
    """A folder where the bot runs, or a bucket in S3 with its region and, unless the bot has a role, its keys."""

    may_be_unset: ClassVar[frozenset[str]] = UNSET

    folder: str = Field("", max_length=300, pattern=r"^((/\w[\w.-]*)+/?)?$")
    bucket: str = Field("", pattern=r"^([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])?$")
    prefix: str = Field("", max_length=100, pattern=r"^(\w[\w.-]*/)*$")
    region: str = ""
    endpoint: str = ""
    access_key: SecretStr = SecretStr("")
    secret_key: SecretStr = SecretStr("")

    @model_validator(mode="after")
    def _is_one_place(self) -> Self:
        if bool(self.folder) == bool(self.bucket):
            raise ValueError("give either folder or bucket")
        return self


class Shelf(Protocol):
    """Takes files one by one, each once and for good."""

    @property
    def where(self) -> str:
        """The place of this capture, for people."""

    async def look(self) -> Sight:
        """The place as it is; raises TargetError where evidence must not be put."""

    async def put(self, name: str, data: bytes) -> None:
        """Keep a file that is not there yet; returns once it is there with the right checksum."""


@asynccontextmanager
async def opened_shelf(place: Place, title: str) -> AsyncIterator[Shelf]:
    """The shelf of one capture, named by title and time; nothing is made before the first file."""
    if place.folder:
        yield Folder(place.folder, title)
        return
    from bot.providers.evidence.bucket import opened_bucket  # noqa: PLC0415 - boto3 is heavy

    async with opened_bucket(place, title) as bucket:
        yield bucket
