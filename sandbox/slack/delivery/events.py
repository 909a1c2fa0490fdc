"""The Events API: what the app subscribed to, wrapped, delivered, and retried on Slack's schedule."""

import asyncio
from collections.abc import Mapping
from typing import Any

from ..app import App
from ..clock import Clock
from ..faults import Faults
from ..ledger import Delivery
from ..workspace import Workspace
from .courier import Courier
from .parcel import Parcel, Retry

RETRY_AFTER = (0.0, 60.0, 300.0)


class Events:
    """Delivers each event in a task of its own: no order is promised, as on Slack."""

    def __init__(self, app: App, workspace: Workspace, courier: Courier, faults: Faults, clock: Clock) -> None:
        self._app = app
        self._workspace = workspace
        self._courier = courier
        self._mint = workspace.mint
        self._faults = faults
        self._clock = clock
        self._under_way: set[asyncio.Task[None]] = set()

    def publish(self, subscription: str, event: Mapping[str, Any]) -> None:
        """Send the event if the manifest subscribes to it."""
        if subscription not in self._app.manifest.events or not self._app.is_installed:
            return
        task = asyncio.get_running_loop().create_task(self._deliver(self._wrap(event), event.get("user")))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    async def close(self) -> None:
        """Give up what is still waiting for a retry."""
        tasks = tuple(self._under_way)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _deliver(self, envelope: dict[str, Any], user: str | None) -> None:
        delivery = await self._courier.deliver(Parcel("event", envelope, user))
        for number, pause in enumerate(RETRY_AFTER, start=1):
            if delivery.error is None or delivery.no_retry or self._is_lost(delivery):
                break
            await self._clock.wait_until(delivery.ended_at + pause)
            retry = Retry(number, _reason(delivery))
            delivery = await self._courier.deliver(Parcel("event", envelope, user, retry))

    def _is_lost(self, delivery: Delivery) -> bool:
        return delivery.had_nobody and self._faults.gap_loses_events

    def _wrap(self, event: Mapping[str, Any]) -> dict[str, Any]:
        team = self._workspace.team.id
        authorization = {
            "enterprise_id": None,
            "team_id": team,
            "user_id": self._app.bot_user_id,
            "is_bot": True,
            "is_enterprise_install": False,
        }
        return {
            "token": "",
            "team_id": team,
            "context_team_id": team,
            "context_enterprise_id": None,
            "api_app_id": self._app.app_id,
            "event": dict(event),
            "type": "event_callback",
            "event_id": self._mint.object_id("Ev"),
            "event_time": int(self._clock.now()),
            "authorizations": [authorization],
            "is_ext_shared_channel": False,
            "event_context": f"4-{self._mint.secret()}",
        }


def _reason(delivery: Delivery) -> str:
    if delivery.error == "operation_timeout":
        return "http_timeout"
    return "connection_failed" if delivery.status is None else "http_error"
