"""The emulated project of the Railway tests, and how the bot addresses it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from time import monotonic

import changes
import pytest
from changes import change, execute, lines
from readings import Settings, rendered

from bot.core.errors import TargetError
from bot.core.preview import Preview
from sandbox.world.railway import Deployment, Railway, Service, open_railway

__all__ = ["SECRET", "Project", "change", "execute", "lines", "preview", "project", "refused", "until", "warnings"]

SECRET = "s3same-9f2c1b"


@dataclass
class Project:
    """A backend with three good deployments behind it, and a frontend with one."""

    railway: Railway
    backend: Service
    frontend: Service

    @property
    def address(self) -> Settings:
        platform = self.railway.platform
        return {
            "url": self.railway.url,
            "token": self.railway.token,
            "project": platform.project,
            "environment": "production",
        }

    @property
    def workspace_address(self) -> Settings:
        return {**self.address, "token": self.railway.workspace_token, "kind": "account"}

    @property
    def writes(self) -> dict[str, int]:
        wanted = ("deploymentRollback", "deploymentRedeploy", "deploymentRestart", "variableCollectionUpsert")
        return {name: count for name, count in self.railway.calls.items() if name in wanted}

    def deploy(self, commit: str, message: str, *, hours: float = 0.1, status: str = "SUCCESS") -> Deployment:
        return self.railway.platform.deployed(self.backend, commit, message, hours=hours, status=status)


@asynccontextmanager
async def project() -> AsyncIterator[Project]:
    async with open_railway(pace=0.02) as railway:
        platform = railway.platform
        backend = platform.add_service(
            "backend", JWT_SECRET=SECRET, DATABASE_URL=f"postgres://app:{SECRET}@db:5432/etp", LOG_LEVEL="info"
        )
        frontend = platform.add_service("frontend", VITE_API_URL="https://api.example.com")
        made = Project(railway, backend, frontend)
        made.deploy("aaaa111", "first release", hours=72)
        made.deploy("bbbb222", "faster search", hours=48)
        made.deploy("cccc333", "new login", hours=5)
        platform.deployed(frontend, "ffff111", "first page", hours=60)
        yield made


async def preview(name: str, address: Settings, /, **parameters: object) -> Preview:
    shown = await changes.preview(name, address, **parameters)
    assert SECRET not in repr(shown)
    return shown


async def refused(doing: Awaitable[object]) -> TargetError:
    with pytest.raises(TargetError) as caught:
        await doing
    assert SECRET not in repr(caught.value) + rendered(caught.value.text)
    return caught.value


def warnings(shown: Preview) -> list[str]:
    return [rendered(warning) for warning in shown.warnings]


async def until(holds: Callable[[], bool]) -> None:
    deadline = monotonic() + 40
    while not holds():
        assert monotonic() < deadline
        await asyncio.sleep(0.005)
