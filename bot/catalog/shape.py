"""What all entries of a catalog share: they are frozen, refuse unknown keys, and speak both languages."""

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


class Entry(BaseModel):
    """The base of all catalog entries: frozen, unknown keys refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)
