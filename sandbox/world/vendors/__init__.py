"""Emulators of outside vendors on one loopback port, each under a path of its own; none of them is the real thing.

Each keeps state that a test or a person may change, so that a change made through its API is seen by its effect.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from aiohttp import web

from sandbox.world.listening import listen
from sandbox.world.vendors.app_api import AppApi
from sandbox.world.vendors.crm import Crm
from sandbox.world.vendors.github import GitHub
from sandbox.world.vendors.llm import Llm
from sandbox.world.vendors.sentry import Sentry
from sandbox.world.vendors.statuspages import StatusPages
from sandbox.world.vendors.supabase import Supabase
from sandbox.world.vendors.telegram import Telegram
from sandbox.world.vendors.trouble import Trouble

__all__ = [
    "AppApi",
    "Crm",
    "GitHub",
    "Llm",
    "Sentry",
    "StatusPages",
    "Supabase",
    "Telegram",
    "Trouble",
    "Vendors",
    "open_vendors",
]

_NAMES: Final = ("statuspages", "openai", "anthropic", "groq", "crm", "telegram", "sentry", "supabase", "app", "github")


class Vendors:
    """All emulated vendors; each has a `url`, state of its own and a `trouble` to suffer."""

    def __init__(self) -> None:
        self.statuspages = StatusPages()
        self.openai = Llm("openai")
        self.anthropic = Llm("anthropic")
        self.groq = Llm("groq")
        self.crm = Crm()
        self.telegram = Telegram()
        self.sentry = Sentry()
        self.supabase = Supabase()
        self.app = AppApi()
        self.github = GitHub()


@asynccontextmanager
async def open_vendors(port: int = 0) -> AsyncIterator[Vendors]:
    """Serves all vendors on 127.0.0.1; port 0 takes a free one."""
    vendors = Vendors()
    root = web.Application()
    for name in _NAMES:
        root.add_subapp(f"/{name}", getattr(vendors, name).application())
    async with listen(root, port) as url:
        for name in _NAMES:
            getattr(vendors, name).url = f"{url}/{name}"
        yield vendors
