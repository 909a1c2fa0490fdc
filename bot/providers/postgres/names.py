"""Names of tables and columns: only plain identifiers get in, and they leave quoted."""

from typing import Annotated, Final, TypeAlias

from psycopg import sql
from pydantic import BeforeValidator, Field

_PLAIN: Final = r"[A-Za-z_][A-Za-z0-9_]{0,62}"

Name: TypeAlias = Annotated[str, Field(pattern=rf"^{_PLAIN}$")]
Table: TypeAlias = Annotated[str, Field(pattern=rf"^({_PLAIN}\.)?{_PLAIN}$")]


def _split(value: object) -> object:
    """A preview carries lists as one string, with commas."""
    return tuple(value.split(",")) if isinstance(value, str) and value else value or ()


Names: TypeAlias = Annotated[tuple[Name, ...], BeforeValidator(_split)]
Tables: TypeAlias = Annotated[tuple[Table, ...], BeforeValidator(_split)]


def quoted(name: str) -> sql.Identifier:
    """A column or a table, with its schema if it has one; upper case survives."""
    return sql.Identifier(*name.split("."))


def spelled(name: str) -> str:
    """The same as a string, for functions that take a name as text (`to_regclass`) and for commands shown."""
    return ".".join(f'"{part}"' for part in name.split("."))
