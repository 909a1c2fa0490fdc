"""The vocabulary of changes that a person or a test may make to the world, as JSON."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from sandbox.world.docker.ills import DockerIll
from sandbox.world.kubernetes.images import Fate

Share = Annotated[float, Field(ge=0, le=100)]
Milliseconds = Annotated[int, Field(ge=0, le=600_000)]
Switch = Literal["down", "up"]
VendorName = Literal["openai", "anthropic", "groq", "crm", "telegram", "sentry", "supabase", "github"]
Ill = Literal["down", "slow", "hung", "rate_limited", "refused", "well"]
Project = Literal["railway-chroma", "etp-express"]
RailwayIll = Literal["crashed", "failed", "leaking", "down", "well"]
Verb = Literal["get", "list", "watch", "create", "update", "patch", "delete"]


class ControlError(Exception):
    """A change that the world cannot make; the message is a sentence for the person who asked."""


class _Wish(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Drift(_Wish):
    """Somebody sets an image by hand; the change-cause stays what it was, as it does in a real cluster."""

    deployment: str
    image: Annotated[str, Field(min_length=1)]
    fate: Fate | None = None


class Deploy(Drift):
    by: str = "ci"
    cause: str = ""


class Fill(_Wish):
    fill: Share


class ServiceWish(_Wish):
    latency_ms: Milliseconds | None = None
    status: Annotated[int, Field(ge=200, le=599)] | None = None
    db: Switch | None = None
    llm: Switch | None = None
    version: str | None = None


class KubernetesWish(_Wish):
    latency_ms: Milliseconds | None = None
    forbid: frozenset[Verb] | None = None
    lose_answer: Annotated[int, Field(ge=0)] | None = None
    metrics: bool | None = None
    nodes: Share | None = None


class Change(_Wish):
    """Exactly one verb with what it needs."""

    deploy: Deploy | None = Field(
        None, description="deployment and image, optionally by, cause and fate (healthy, slow, bad, broken, missing)"
    )
    drift: Drift | None = Field(None, description="deployment and image, optionally fate")
    redis: Literal["kill", "start", "pause", "resume", "empty"] | Fill | None = Field(
        None, description='"kill", "start", "pause", "resume", "empty" or {"fill": percent from 0 to 100}'
    )
    service: Literal["hang", "normal"] | ServiceWish | None = Field(
        None,
        description='"hang", "normal" or an object with latency_ms, status, version (what it says that it is, whatever '
        'its image is called), db or llm ("down" or "up")',
    )
    kubernetes: Literal["down", "up", "normal"] | KubernetesWish | None = Field(
        None,
        description='"down", "up", "normal" or an object with latency_ms, forbid (a list of verbs), lose_answer '
        "(a number), metrics (true or false) or nodes (percent of each that other teams' pods ask for)",
    )
    vendors: dict[VendorName, Ill] | None = Field(
        None,
        description="an object from vendor (openai, anthropic, groq, crm, telegram, sentry, supabase, github) to "
        '"down", "slow", "hung", "rate_limited", "refused" or "well"',
    )
    applications: dict[str, Ill] | None = Field(
        None,
        description="an object from application (harven, railway-chroma, customer-support, etp-express, ...) to "
        '"down", "slow", "hung", "rate_limited", "refused" or "well"',
    )
    railway: dict[Project, RailwayIll] | None = Field(
        None,
        description="an object from project (railway-chroma, etp-express) to "
        '"crashed", "failed", "leaking", "down" or "well"',
    )
    coolify: Literal["wrong_secret", "well"] | None = Field(None, description='"wrong_secret" or "well"')
    mongodb: Literal["full", "hung", "well"] | None = Field(None, description='"full", "hung" or "well"')
    docker: dict[str, DockerIll] | None = Field(
        None,
        description="an object from container (customer-support-api, telegram-bot, harven-backend, ...) to "
        '"killed", "restarting", "unhealthy", "stopped", "leaking", "noisy" or "well"',
    )
    figures: dict[str, dict[str, float]] | None = Field(
        None, description="an object from system to an object from check to the figure that Prometheus shall answer"
    )
    logs: dict[str, list[str]] | None = Field(
        None,
        description="an object from who writes (agente-api, another app or pod, railway-chroma, etp-express, "
        "customer-support, a container) to a list of lines",
    )
    reset: Literal[True] | None = Field(None, description="true")

    @classmethod
    def parse(cls, change: Mapping[str, Any]) -> "Change":
        verbs = list(cls.model_fields)
        if len(change) != 1 or (verb := next(iter(change))) not in verbs or change[verb] is None:
            raise ControlError(f"A change has exactly one of these verbs: {', '.join(verbs)}.")
        try:
            return cls.model_validate(dict(change))
        except ValidationError as error:
            raise ControlError(f"The verb {verb} expects {cls.model_fields[verb].description}.") from error
