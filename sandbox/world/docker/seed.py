"""The engines as they are found: one machine for each system that has containers, all of them well.

Their settings hold secrets, made up anew at each start, which nobody may ever be shown.
"""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from sandbox.world.docker.container import Container, Line
from sandbox.world.docker.engine import Docker
from sandbox.world.docker.image import Document, Image
from sandbox.world.docker.program import OUT, Course

POLICY: Final[Document] = {"Name": "on-failure", "MaximumRetryCount": 3}
_MB: Final = 1024 * 1024
_SERVES: Final = Course(
    (
        (OUT, "INFO:     Started server process [1]"),
        (OUT, "INFO:     Application startup complete."),
        (OUT, "INFO:     Uvicorn running on http://0.0.0.0:8000 (Press CTRL+C to quit)"),
    )
)
_PACKAGES: Final = {
    "fastapi": "0.115.6",
    "motor": "3.6.0",
    "pymongo": "4.9.2",
    "chromadb": "0.5.23",
    "openai": "1.58.1",
    "uvicorn": "0.34.0",
}


@dataclass(frozen=True)
class _Machine:
    """One engine with the containers of a Compose project."""

    engine: Docker
    project: str

    def run(self, service: str, name: str, image: Image, **more: Any) -> Container:
        """Start it, some hours ago."""
        hours, lines = more.pop("hours", 50), more.pop("lines", ())
        labels = {"project": self.project, "service": service, "container-number": "1", "oneoff": "False"}
        request = {
            "Image": image.tags[0],
            "Env": more.pop("env", []),
            "Labels": {f"com.docker.compose.{key}": value for key, value in labels.items()},
            "HostConfig": _host(f"{self.project}_default", **more),
            **_networking(f"{self.project}_default", service),
        }
        made = self.engine.create(name, request)
        made.created = made.image.created + timedelta(hours=1)
        made.start(datetime.now(UTC) - timedelta(hours=hours))
        made.lines += _spread(lines)
        made.written = ["/tmp", "/tmp/.cache"]  # noqa: S108 - a path inside the container
        return made

    def image(self, name: str, days: float, course: Course | None = _SERVES, **config: Any) -> Image:
        """An image that was made and named some days ago."""
        packages, at = config.pop("packages", {}), datetime.now(UTC) - timedelta(days=days)
        check = {"Test": ["CMD-SHELL", config.pop("check")], "Interval": max(1, int(self.engine.pace * 1e9))}
        told = {"Healthcheck": {**check, "Timeout": 5_000_000_000, "Retries": 3}, **config}
        made = Image([name], told, course, packages=packages, created=at, tagged=at)
        self.engine.images.append(made)
        return made


def _machine(project: str, pace: float) -> _Machine:
    engine = Docker(pace=pace)
    engine.networks.add(f"{project}_default")
    return _Machine(engine, project)


def support(pace: float) -> Docker:
    """The API of Customer Support with the release before it, and its bot."""
    here = _machine("customer-support", pace)
    check, command = "curl -fsS http://localhost:8000/health", ["uvicorn", "app.main:app", "--host", "0.0.0.0"]  # noqa: S104
    kept = datetime.now(UTC) - timedelta(days=9)
    shared: Document = {"check": check, "Cmd": command, "WorkingDir": "/app", "packages": _PACKAGES}
    here.image(f"customer-support:backup-{kept:%Y%m%d}", 9, **shared, Env=["APP_VERSION=1.8.1"])
    latest = here.image("customer-support:latest", 2.2, **shared, Env=["APP_VERSION=1.8.2"])
    mongo = f"MONGODB_URI=mongodb+srv://support:{secrets.token_hex(12)}@cluster0.example.mongodb.net/support"
    settings = ["ESCALATION_MIN_CONFIDENCE=0.6", "ESCALATION_MAX_INTERACTIONS=2", "MONGODB_MAX_POOL_SIZE=50"]
    here.run(
        "api",
        "customer-support-api",
        latest,
        env=[*settings, *_secret("OPENAI_API_KEY", "JWT_SECRET_KEY", "ENCRYPTION_KEY"), mongo],
        memory=1024,
        binds=["chroma_db:/app/chroma_db"],
        lines=("INFO [AgentPipeline] ticket 4711 answered by faq in 1.4s", "INFO POST /api/ingest-message 202"),
    )
    bot = here.image("telegram-bot:latest", 2.2, check="pgrep -f bot.py", Cmd=["python", "bot.py"])
    here.run("telegram", "telegram-bot", bot, env=_secret("TELEGRAM_BOT_TOKEN"), memory=256)
    return here.engine


def harven(pace: float) -> Docker:
    """The backend of Harven.AI and its Redis."""
    here = _machine("harven", pace)
    check, command = "curl -fsS http://localhost:8000/", ["uvicorn", "main:app", "--workers", "4"]
    backend = here.image("harven-backend:1f2e3d4", 0.3, check=check, Cmd=command)
    env = [*_secret("OPENAI_API_KEY", "JWT_SECRET", "SUPABASE_SERVICE_KEY"), "OPENAI_MODEL=gpt-4", "AI_CACHE_TTL=3600"]
    lines = ("INFO POST /lessons/812/chat 200 412ms", "INFO cache hit ai:7f3c", "INFO GET /lessons 200 38ms")
    here.run("backend", "harven-backend", backend, env=env, memory=2048, hours=6, lines=lines)
    here.run("redis", "harven-redis", _redis(here), memory=512, binds=["harven_redis:/data"], hours=400)
    return here.engine


def chroma(pace: float) -> Docker:
    """The vector store on its machine, and the backend where it runs in a container."""
    here = _machine("rag", pace)
    command, check = ["uvicorn", "main:app", "--port", "8000"], "curl -fsS http://localhost:8000/health"
    backend = here.image("rag-backend:e4f5a6b", 0.9, check=check, Cmd=command)
    lines = ("INFO POST /rag/query 200 830ms", "INFO retrieved 4 chunks from documents")
    env = [*_secret("GROQ_API_KEY", "JWT_SECRET"), "LLM_PROVIDER=groq"]
    here.run("backend", "backend", backend, env=env, memory=1024, hours=20, lines=lines)
    check = "curl -fsS http://localhost:8000/api/v1/heartbeat"
    store = here.image("chromadb/chroma:0.5.23", 40, check=check, Cmd=["run", "--path", "/data"])
    here.run("chromadb", "chromadb", store, memory=2048, binds=["chroma-data:/data"], hours=700)
    return here.engine


def agente(pace: float) -> Docker:
    """The machine of the Compose variant of Agente de IA."""
    here = _machine("agente", pace)
    check, command = "curl -fsS http://localhost:8000/health", ["uvicorn", "src.main:app", "--port", "8000"]
    image = here.image("agente-api:2.4.1", 1.1, check=check, Cmd=command)
    env = [*_secret("OPENAI_API_KEY", "ANTHROPIC_API_KEY", "DB_PASSWORD"), "LOG_LEVEL=INFO"]
    here.run("api", "agente-api", image, env=env, memory=1536, hours=26, lines=("INFO POST /chat 200 1.2s",))
    return here.engine


def _redis(here: _Machine) -> Image:
    ready = Course(((OUT, "* Ready to accept connections tcp"),))
    return here.image("redis:7-alpine", 60, ready, check="redis-cli ping", Cmd=["redis-server"])


def _host(network: str, memory: int, binds: Sequence[str] = ()) -> Document:
    return {"NetworkMode": network, "Memory": memory * _MB, "RestartPolicy": POLICY, "Binds": list(binds) or None}


def _networking(network: str, service: str) -> Mapping[str, Any]:
    return {"NetworkingConfig": {"EndpointsConfig": {network: {"Aliases": [service]}}}}


def _secret(*names: str) -> list[str]:
    """Settings with values that nobody may see."""
    return [f"{name}={secrets.token_hex(20)}" for name in names]


def _spread(texts: Sequence[str]) -> list[Line]:
    """Lines of the last hour, each said a few times."""
    now, said = datetime.now(UTC), [*texts] * 8
    return [Line(now - timedelta(minutes=7 * (len(said) - number)), OUT, text) for number, text in enumerate(said)]
