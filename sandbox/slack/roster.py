"""The workspace file: who is there, in which groups and channels."""

from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from .refusal import RosterError

DEFAULT_FILE = Path(__file__).parent.parent / "workspace.yml"


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Team(_Strict):
    id: str = Field(pattern=r"^T[A-Z0-9]+$")
    name: str
    domain: str


class AppIds(_Strict):
    id: str = Field(pattern=r"^A[A-Z0-9]+$")
    bot_user_id: str = Field(pattern=r"^U[A-Z0-9]+$")
    bot_id: str = Field(pattern=r"^B[A-Z0-9]+$")


class Person(_Strict):
    id: str = Field(pattern=r"^[UW][A-Z0-9]+$")
    name: str = Field(pattern=r"^[a-z0-9._-]+$")
    real_name: str
    email: str
    title: str = ""
    locale: str = "en-US"
    tz: str = "UTC"

    @model_validator(mode="after")
    def _zone_exists(self) -> "Person":
        try:
            ZoneInfo(self.tz)
        except ZoneInfoNotFoundError as error:
            raise ValueError(f"{self.name}: there is no time zone {self.tz!r}") from error
        return self


class UserGroup(_Strict):
    id: str = Field(pattern=r"^S[A-Z0-9]+$")
    handle: str = Field(pattern=r"^[a-z0-9._-]+$")
    name: str
    users: list[str]


class SeedChannel(_Strict):
    id: str = Field(pattern=r"^[CG][A-Z0-9]+$")
    name: str = Field(pattern=r"^[a-z0-9_-]{1,80}$")
    is_private: bool = False
    members: list[str] | Literal["all"] = "all"
    bot_is_member: bool = False


class Roster(_Strict):
    """Everything the file says; names are checked against each other."""

    team: Team
    app: AppIds
    people: list[Person] = Field(min_length=1)
    usergroups: list[UserGroup] = Field(default_factory=list)
    channels: list[SeedChannel] = Field(min_length=1)

    @model_validator(mode="after")
    def _names_fit(self) -> "Roster":
        people, groups, channels = self.people, self.usergroups, self.channels
        ids = [[row.id for row in people], [row.id for row in groups], [row.id for row in channels]]
        _refuse_doubles("id", [one for some in ids for one in some])
        _refuse_doubles("name", [row.name for row in self.people])
        _refuse_doubles("channel name", [row.name for row in self.channels])
        for group in self.usergroups:
            self._refuse_strangers(f"user group {group.handle}", group.users)
        for channel in self.channels:
            self._refuse_strangers(f"channel {channel.name}", () if channel.members == "all" else channel.members)
        return self

    def _refuse_strangers(self, place: str, names: Iterable[str]) -> None:
        known = {person.name for person in self.people}
        for name in names:
            if name not in known:
                raise ValueError(f"{place} names {name!r}, who is not among the people ({', '.join(sorted(known))})")


def read_roster(path: Path) -> Roster:
    """Read and check a workspace file, or say in one sentence what is wrong with it."""
    try:
        return Roster.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except (OSError, yaml.YAMLError) as error:
        raise RosterError(f"{path} cannot be read as YAML: {error}") from error
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or "the file"
        raise RosterError(f"{path.name}: {place}: {first['msg']}") from error


def _refuse_doubles(what: str, values: list[str]) -> None:
    doubled = [value for value, times in Counter(values).items() if times > 1]
    if doubled:
        raise ValueError(f"the {what} {doubled[0]!r} is given twice")
