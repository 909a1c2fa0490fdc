"""`app_api.company`: a customer's settings, masked."""

import re
from collections.abc import Iterator
from typing import Any, Final

from pydantic import Field

from bot.core.errors import TargetError
from bot.core.findings import Measurement, Reading
from bot.core.operation import Parameters, Read
from bot.core.redaction import MASKED
from bot.core.text import say
from bot.providers.app_api.address import LIMIT, Address, FieldPath, Id, Path, api_of
from bot.providers.web_answers import dug
from bot.providers.web_api import Api

_LINES: Final = 40
_DEPTH: Final = 4
_SENSITIVE: Final = re.compile(r"(?i)key|token|secret|passw|senha|credential|webhook|dsn|connection|_url$|uri$")
"""Names whose values are not shown, whatever they look like."""


class Company(Parameters):
    """Which customer; `expects` names settings that have to be there and not empty."""

    company: Id
    path: Path = "/api/companies"
    expects: tuple[FieldPath, ...] = Field((), max_length=20)


async def settings_of(api: Api, path: str, company: str) -> dict[str, Any]:
    """Everything the application tells of one customer."""
    document = await api.read(f"{path}/{company}")
    if not isinstance(document, dict):
        raise TargetError("The application did not tell the settings of {company}.", company=company)
    return document


def is_sensitive(name: str) -> bool:
    """Whether a setting of this name holds a secret or the address of one."""
    return _SENSITIVE.search(name) is not None


async def _company(address: Address, wanted: Company) -> Reading:
    api = api_of(address)
    document = await settings_of(api, wanted.path, wanted.company)
    lines = list(_flat(api, document, ""))
    absent = [path for path in wanted.expects if dug(document, path) in (None, "", [], {})]
    summary = say("{count} settings of {company}", count=len(lines), company=wanted.company)
    if absent:
        summary = say("{company} lacks {names}", company=wanted.company, names=", ".join(absent))
    return Reading(
        summary,
        (Measurement("settings", len(lines)), Measurement("missing_settings", len(absent))),
        tuple(lines[:_LINES]),
    )


def _flat(api: Api, value: Any, name: str, depth: int = 0) -> Iterator[str]:
    if name and is_sensitive(name.rpartition(".")[2]):
        yield f"{api.clean(name, 100)}: {MASKED if value else '-'}"
    elif isinstance(value, dict) and depth < _DEPTH:
        for key, inner in value.items():
            yield from _flat(api, inner, f"{name}.{key}" if name else str(key), depth + 1)
    elif isinstance(value, list | dict):
        yield f"{api.clean(name, 100)}: ({len(value)})"
    else:
        yield f"{api.clean(name, 100)}: {api.clean('-' if value is None else value, 200)}"


COMPANY = Read("app_api.company", Address, Company, LIMIT, _company)
