"""Where a PostgreSQL is and who we are there; the password never leaves the URL."""

from typing import Final, Self

from psycopg import ProgrammingError
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from pydantic import ConfigDict, SecretStr, field_validator

from bot.core.operation import Parameters

_SCHEMES: Final = ("postgresql://", "postgres://")
_REQUIRED: Final = ("host", "user", "dbname")


class Address(Parameters):
    """`postgresql://user:password@host:5432/database`, with `?sslmode=` and the like if it wants them."""

    # Without it pydantic quotes the whole URL in its error.
    model_config = ConfigDict(hide_input_in_errors=True)

    url: SecretStr

    @field_validator("url")
    @classmethod
    def _is_postgres_url(cls, url: SecretStr) -> SecretStr:
        text = url.get_secret_value()
        try:
            fields = conninfo_to_dict(text) if text.startswith(_SCHEMES) else {}
        except ProgrammingError:
            fields = {}  # the vendor's message can quote a part of the password
        if not all(fields.get(name) for name in _REQUIRED):
            raise ValueError(
                "not a PostgreSQL URL such as postgresql://user:password@host:5432/database (a password with / # ? "
                "or @ must be percent-encoded)"
            )
        return url

    def field(self, name: str) -> str:
        """One part of the URL by libpq's name for it, empty when it is not given."""
        return str(conninfo_to_dict(self.url.get_secret_value()).get(name) or "")

    def as_user_with(self, password: str) -> Self:
        """The same user with another password; in libpq's own words, which it takes as well as a URL."""
        text = make_conninfo(self.url.get_secret_value(), password=password)
        return self.model_copy(update={"url": SecretStr(text)})

    @property
    def where(self) -> str:
        """Host, port and database for messages."""
        return f"{self.field('host')}:{self.field('port') or 5432}/{self.field('dbname')}"

    @property
    def user(self) -> str:
        return self.field("user")
