"""Everything one emulated Slack holds, built once by the server and passed to every room."""

from dataclasses import dataclass

from .app import App
from .clock import Clock
from .delivery.courier import Courier
from .delivery.events import Events
from .delivery.socket_hub import SocketHub
from .faults import Faults
from .ledger import Ledger
from .response_urls import ResponseUrls
from .triggers import Triggers
from .workspace import Workspace


@dataclass(frozen=True)
class Emulator:
    clock: Clock
    app: App
    workspace: Workspace
    ledger: Ledger
    faults: Faults
    triggers: Triggers
    response_urls: ResponseUrls
    hub: SocketHub
    courier: Courier
    events: Events

    async def close(self) -> None:
        """Let watchers, retries and sockets go, so that the server can stop at once."""
        self.workspace.changes.close()
        await self.events.close()
        await self.hub.close()
        await self.courier.close()


def assemble(clock: Clock, app: App, workspace: Workspace) -> Emulator:
    """Put the parts together."""
    ledger, faults, mint = Ledger(workspace.changes), Faults(), workspace.mint
    hub = SocketHub(app, mint, workspace.changes)
    courier = Courier(app, hub, ledger, faults, mint, clock)
    return Emulator(
        clock=clock,
        app=app,
        workspace=workspace,
        ledger=ledger,
        faults=faults,
        triggers=Triggers(clock, mint),
        response_urls=ResponseUrls(clock, mint, app.base_url),
        hub=hub,
        courier=courier,
        events=Events(app, workspace, courier, mint, clock),
    )
