"""The bodies of the control interface, checked before anything happens."""

from typing import Any, Literal, TypeVar

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ..delivery.parcel import Kind as ParcelKind
from ..faults import Kind, Unruly
from ..refusal import ControlRefusal

LOOPBACK_URL = r"^http://(127\.0\.0\.1|localhost)[:/]"


class Body(BaseModel):
    """Unknown fields are refused: a typo must not pass as an omission."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class NoBody(Body):
    pass


class PlaceBody(Body):
    """Who, and in which channel."""

    user: str
    channel: str


class MessagePlaceBody(PlaceBody):
    ts: str


class MemberBody(PlaceBody):
    member: str


class CommandBody(PlaceBody):
    text: str = Field(pattern=r"^\s*/\S")


class ClickBody(Body):
    user: str
    action_id: str
    channel: str | None = None
    ts: str | None = None
    view_id: str | None = None
    block_id: str | None = None
    value: Any = None
    values: dict[str, Any] = Field(default_factory=dict)
    stale: bool = False


class SuggestBody(Body):
    user: str
    action_id: str
    value: str
    channel: str | None = None
    ts: str | None = None
    view_id: str | None = None
    block_id: str | None = None


class SubmitBody(Body):
    user: str
    view_id: str
    values: dict[str, Any] = Field(default_factory=dict)


class CloseBody(Body):
    user: str
    view_id: str
    all: bool = False


class MessageBody(PlaceBody):
    text: str = Field(min_length=1)
    thread_ts: str | None = None


class EditBody(MessagePlaceBody):
    text: str = Field(min_length=1)


class ReactionBody(MessagePlaceBody):
    name: str = Field(pattern=r"^[a-z0-9_+'-]+$")


class ShortcutBody(Body):
    user: str
    callback_id: str
    channel: str | None = None
    ts: str | None = None


class GroupBody(Body):
    user: str
    usergroup: str
    users: list[str] = Field(min_length=1)


class HomeBody(Body):
    user: str
    tab: Literal["home", "messages"] = "home"
    app: str | None = None


class FaultBody(Body):
    """`clear`, a `method` with its `kind`, a `delivery` trouble, `socket`, or switches."""

    clear: bool = False
    method: str | None = None
    kind: Kind | None = None
    times: int | None = Field(default=None, ge=1)
    retry_after: int = Field(default=1, ge=0)
    seconds: float = Field(default=0.0, ge=0)
    error: str = Field(default="internal_error", pattern=r"^[a-z][a-z_]*$")
    delivery: Unruly | None = None
    of: ParcelKind | None = None
    socket: Literal["kill"] | None = None
    gap: Literal["lost", "retried"] | None = None
    strict_rates: bool | None = None
    limited_history: bool | None = None


class ClockBody(Body):
    advance: float = Field(ge=0, allow_inf_nan=False)


class WhichAppBody(Body):
    """An app by its id or its name; none means the first."""

    app: str | None = None


class AppBody(WhichAppBody):
    request_url: str | None = Field(pattern=LOOPBACK_URL)


class AppsBody(Body):
    manifest: dict[str, Any]
    request_url: str | None = Field(default=None, pattern=LOOPBACK_URL)
    channels: list[str] = Field(default_factory=list)


class AuthorizeBody(WhichAppBody):
    user: str
    declined: list[str] = Field(default_factory=list)
    org: bool = False
    redirect_uri: str = ""


class AgainBody(Body):
    kind: str | None = None
    again: str


B = TypeVar("B", bound=Body)


async def read_body(request: web.Request, shape: type[B]) -> B:
    """The body in its shape, or a sentence about the first thing that is wrong with it."""
    if request.content_type != "application/json":
        raise ControlRefusal("send the body as application/json", status=415)
    try:
        return shape.model_validate_json(await request.read())
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise ControlRefusal(f"{place or 'the body'}: {first['msg']}", status=400) from error
