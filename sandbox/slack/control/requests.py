"""The bodies of the control interface, checked before anything happens."""

from typing import Any, Literal, TypeVar

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ..faults import Kind
from ..refusal import ControlRefusal


class Body(BaseModel):
    """Unknown fields are refused: a typo must not pass as an omission."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class CommandBody(Body):
    user: str
    channel: str
    text: str = Field(pattern=r"^\s*/\S")


class ClickBody(Body):
    user: str
    action_id: str
    channel: str | None = None
    ts: str | None = None
    view_id: str | None = None
    block_id: str | None = None
    value: Any = None
    stale: bool = False


class SubmitBody(Body):
    user: str
    view_id: str
    values: dict[str, Any] = Field(default_factory=dict)


class CloseBody(Body):
    user: str
    view_id: str
    all: bool = False


class MessageBody(Body):
    user: str
    channel: str
    text: str = Field(min_length=1)
    thread_ts: str | None = None


class ReactionBody(Body):
    user: str
    channel: str
    ts: str
    name: str = Field(pattern=r"^[a-z0-9_+'-]+$")


class JoinBody(Body):
    user: str
    channel: str


class ShortcutBody(Body):
    user: str
    callback_id: str
    channel: str | None = None
    ts: str | None = None


class HomeBody(Body):
    user: str


class FaultBody(Body):
    """Either `clear`, or a `method` with its `kind`, or a `delivery` trouble."""

    clear: bool = False
    method: str | None = None
    kind: Kind | None = None
    times: int | None = Field(default=None, ge=1)
    retry_after: int = Field(default=1, ge=0)
    seconds: float = Field(default=0.0, ge=0)
    error: str = "internal_error"
    delivery: Literal["duplicate"] | None = None


class ClockBody(Body):
    advance: float = Field(ge=0)


class AppBody(Body):
    request_url: str | None = Field(pattern=r"^http://(127\.0\.0\.1|localhost)[:/]")


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
