"""The gettext catalogues: English is the language of the message ids, Brazilian Portuguese is complete."""

import gettext
import io
from functools import cache
from importlib.resources import files

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

ENGLISH = "en"
PORTUGUESE = "pt_BR"


def known(locale: str) -> str:
    """The catalogue for a Slack locale such as `pt-BR` or `en-GB`; English when there is none."""
    return PORTUGUESE if locale.lower().startswith("pt") else ENGLISH


@cache
def catalogue(language: str) -> gettext.NullTranslations:
    """The translations of one language. The .po files are read directly, so that no compiled file can be stale."""
    if language == ENGLISH:
        return gettext.NullTranslations()
    source = files("bot.locale").joinpath(f"{language}.po").read_bytes()
    compiled = io.BytesIO()
    write_mo(compiled, read_po(io.BytesIO(source)))
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)
