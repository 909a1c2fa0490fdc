"""What all entries of a catalog share: they are frozen, refuse unknown keys, speak both languages, write durations."""

import re
from datetime import timedelta
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, WithJsonSchema

from bot.core.text import Words


def _both_languages(raw: object) -> object:
    return Words(**raw) if isinstance(raw, dict) else raw


_SAID = {
    "type": "object",
    "properties": {"en": {"type": "string"}, "pt": {"type": "string"}},
    "required": ["en", "pt"],
    "additionalProperties": False,
}
Title = Annotated[Words, BeforeValidator(_both_languages), WithJsonSchema(_SAID)]
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def parse_duration(raw: object) -> object:
    """Read `90s`, `15m`, `2h` or `1d`; anything else is left to the validator to refuse."""
    found = re.fullmatch(r"(\d+)([smhd])", raw) if isinstance(raw, str) else None
    return timedelta(seconds=int(found[1]) * _UNITS[found[2]]) if found else raw


_WRITTEN = {"type": "string", "pattern": r"^\d+[smhd]$"}

Duration = Annotated[timedelta, BeforeValidator(parse_duration), WithJsonSchema(_WRITTEN)]


class Entry(BaseModel):
    """The base of all catalog entries: frozen, unknown keys refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)
