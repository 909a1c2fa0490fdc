"""Which project and environment on Railway, and which service in it; every operation names all three."""

from typing import Final, Literal

from pydantic import Field, SecretStr

from bot.core.operation import Parameters
from bot.providers.http.address import ApiAddress, HeaderSecret, WebAddress

URL: Final = "https://backboard.railway.com/graphql/v2"


class Address(ApiAddress):
    """`project` is its id, `environment` its id or name.

    A token made in the project's settings is of kind `project`; those of an account or a workspace are of kind
    `account` and are sent in another header. Only the latter read the audit log.
    """

    url: WebAddress = SecretStr(URL)
    token: HeaderSecret
    kind: Literal["project", "account"] = "project"
    project: str = Field(pattern=r"^[0-9a-f-]{36}$")
    environment: str = Field(pattern=r"^[^\s]{1,100}$")

    def credentials(self) -> dict[str, str]:
        """The header that this kind of token belongs in."""
        token = self.token.get_secret_value()
        if self.kind == "project":
            return {"Project-Access-Token": token}
        return {"Authorization": f"Bearer {token}"}


class OfService(Parameters):
    """Which service, by name or id."""

    service: str = Field(pattern=r"^[^\x00-\x1f]{1,100}$")
