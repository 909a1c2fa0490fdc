"""Everything one emulated Slack holds, as one of its apps meets it; built by the server and passed to every room."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from .app import App
from .clock import Clock
from .conversations import Channel
from .delivery.courier import Courier
from .delivery.events import Events
from .delivery.socket_hub import SocketHub
from .faults import Faults
from .ledger import Ledger
from .limits import Limits
from .response_urls import ResponseUrls
from .schedule import Schedule
from .triggers import Triggers
from .workspace import Workspace


@dataclass(frozen=True)
class Premises:
    """What all apps share."""

    clock: Clock
    workspace: Workspace
    ledger: Ledger
    faults: Faults
    base_url: str


@dataclass(frozen=True)
class Emulator:
    """The workspace and one app in it; `tenants` are all the apps, this one among them."""

    clock: Clock
    workspace: Workspace
    ledger: Ledger
    faults: Faults
    app: App
    triggers: Triggers
    response_urls: ResponseUrls
    hub: SocketHub
    courier: Courier
    events: Events
    limits: Limits
    schedule: Schedule
    tenants: "Tenants"

    def announce(self, subscription: str, event: Mapping[str, Any], channel: Channel | None = None) -> None:
        """Tell every app that subscribes; of what happens in a channel only those whose bot is in it."""
        for tenant in self.tenants:
            if channel is None or tenant.app.bot_user_id in channel.members:
                tenant.events.publish(subscription, event)

    async def close(self) -> None:
        """Let retries, scheduled messages and sockets go, so that the server can stop at once."""
        await self.schedule.close()
        await self.events.close()
        await self.hub.close()
        await self.courier.close()


@dataclass
class Tenants:
    """The apps of the workspace, in the order of their installation."""

    _all: dict[str, Emulator] = field(default_factory=dict)

    def __iter__(self) -> Iterator[Emulator]:
        return iter(tuple(self._all.values()))

    @property
    def first(self) -> Emulator:
        return next(iter(self))

    def add(self, tenant: Emulator) -> None:
        self._all[tenant.app.app_id] = tenant

    def of_app(self, app_id: str) -> Emulator | None:
        return self._all.get(app_id)

    def of_bot(self, bot_id: str | None) -> Emulator | None:
        return next((one for one in self if one.app.bot_id == bot_id), None)

    def latest(self) -> list[Emulator]:
        """Those installed now, the last one first: it wins where two claim the same name."""
        return [one for one in self if one.app.is_installed][::-1]


def assemble(premises: Premises, app: App, tenants: Tenants) -> Emulator:
    """Put the parts of one app together and let it move in."""
    clock, workspace, faults, mint = premises.clock, premises.workspace, premises.faults, premises.workspace.mint
    hub = SocketHub(app, mint, workspace.changes, clock)
    courier = Courier(app, hub, premises.ledger, faults, mint, clock)
    tenant = Emulator(
        clock=clock,
        workspace=workspace,
        ledger=premises.ledger,
        faults=faults,
        app=app,
        triggers=Triggers(clock, mint),
        response_urls=ResponseUrls(clock, mint, f"{premises.base_url}/response/{app.app_id}"),
        hub=hub,
        courier=courier,
        events=Events(app, workspace, courier, faults, clock),
        limits=Limits(clock, faults),
        schedule=Schedule(clock),
        tenants=tenants,
    )
    tenants.add(tenant)
    return tenant
