"""From a preview back to parameters: what is executed is what was approved."""

from typing import TypeVar

from bot.core.operation import Parameters
from bot.core.preview import Preview

P = TypeVar("P", bound=Parameters)


def as_approved(wanted: P, preview: Preview) -> P:
    """The parameters with every argument of the preview in the place of what was given."""
    return type(wanted).model_validate({**wanted.model_dump(), **preview.arguments})
