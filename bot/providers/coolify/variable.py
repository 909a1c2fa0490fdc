"""One variable of an application; its value is there only for tokens that may read sensitive data."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Variable:
    """`value` is None when Coolify hides it; it is never printed."""

    name: str
    updated: str
    value: str | None = field(repr=False)


def variable_of(row: dict[str, Any]) -> Variable:
    value = row.get("value")
    return Variable(str(row["key"]), str(row.get("updated_at") or ""), None if value is None else str(value))
