"""Where the application's API is, and what may be asked of it."""

from typing import Annotated, Any, Final, TypeAlias

from pydantic import ConfigDict, Field, StringConstraints

from bot.core.operation import Parameters
from bot.core.text import say
from bot.providers.web_answers import dug
from bot.providers.web_api import Api, BaseUrl, Credential

LIMIT: Final = 6.0
_ITEMS: Final = 5000

Path: TypeAlias = Annotated[str, StringConstraints(pattern=r"^/[\w./-]{0,200}$")]
Id: TypeAlias = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][\w:@-]{0,99}$")]
"""An identifier as it may stand in an address: no slash, no dot, nothing that could lead elsewhere."""
FieldName: TypeAlias = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_]\w{0,63}$")]
FieldPath: TypeAlias = Annotated[str, StringConstraints(pattern=r"^[\w-]+(\.[\w-]+){0,7}$")]


class Address(Parameters):
    """The API and a key for it; with the header `Authorization` the key is sent as a bearer token."""

    model_config = ConfigDict(hide_input_in_errors=True)

    url: BaseUrl
    token: Credential
    header: str = Field("X-API-Key", pattern=r"^[A-Za-z][A-Za-z0-9-]{0,40}$")


def api_of(address: Address) -> Api:
    """The API with its key."""
    token = address.token.get_secret_value()
    return Api(
        vendor=say("the application"),
        base=address.url.get_secret_value(),
        grant=say("Its key was revoked, or lacks the permission for this path."),
        headers={address.header: f"Bearer {token}" if address.header.lower() == "authorization" else token},
        secrets=(token,),
    )


def listed(api: Api, document: object, items: str) -> list[dict[str, Any]]:
    """The records at `items`; without it the answer itself, or the only list in it."""
    found = dug(document, items)
    if not items and isinstance(found, dict):
        lists = [value for value in found.values() if isinstance(value, list)]
        found = lists[0] if len(lists) == 1 else None
    return api.records(found)[:_ITEMS]
