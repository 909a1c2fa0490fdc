"""The paths of the control interface, and how a refusal is told."""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial

from aiohttp import web

from ..emulator import Emulator
from ..refusal import ControlRefusal
from . import acts, apps, machine, talk
from .acts import Told
from .snapshot import LATEST, snapshot

Act = Callable[[Emulator, web.Request], Awaitable[Told]]


async def state(emulator: Emulator, request: web.Request) -> Told:
    """`?calls=N` shows more (or fewer) of the latest calls and deliveries."""
    asked = request.query.get("calls", str(LATEST))
    if not asked.isdecimal():
        raise ControlRefusal(f"calls: {asked!r} is not a number", status=400)
    return snapshot(emulator, int(asked))


ACTS: tuple[tuple[str, str, Act], ...] = (
    ("POST", "/control/command", acts.command),
    ("POST", "/control/click", acts.click),
    ("POST", "/control/submit", acts.submit_view),
    ("POST", "/control/close", acts.close_view),
    ("POST", "/control/message", talk.message),
    ("POST", "/control/reaction", talk.reaction),
    ("POST", "/control/join", talk.join),
    ("POST", "/control/edit", talk.edit),
    ("POST", "/control/delete", talk.delete),
    ("POST", "/control/unreact", talk.take_back_reaction),
    ("POST", "/control/leave", talk.leave),
    ("POST", "/control/invite", talk.invite),
    ("POST", "/control/kick", talk.kick),
    ("POST", "/control/usergroup", talk.change_group),
    ("POST", "/control/suggest", acts.suggest),
    ("POST", "/control/shortcut", acts.shortcut),
    ("POST", "/control/home", acts.home),
    ("POST", "/control/faults", machine.plan_fault),
    ("GET", "/control/clock", machine.read_clock),
    ("POST", "/control/clock", machine.advance_clock),
    ("POST", "/control/app", apps.set_request_url),
    ("POST", "/control/apps", apps.install_app),
    ("POST", "/control/authorize", apps.authorize),
    ("POST", "/control/uninstall", apps.uninstall),
    ("POST", "/control/revoke", apps.revoke),
    ("POST", "/control/deactivate", apps.deactivate),
    ("POST", "/control/ssl_check", apps.check_ssl),
    ("POST", "/control/verify", apps.verify_url),
    ("POST", "/control/deliver", machine.deliver_again),
    ("GET", "/control/state", state),
)


def control_routes(emulator: Emulator) -> list[web.RouteDef]:
    acting = [web.route(verb, path, _answering(emulator, act)) for verb, path, act in ACTS]
    return [*acting, web.get("/control/stream", partial(stream, emulator))]


async def stream(emulator: Emulator, request: web.Request) -> web.StreamResponse:
    """Server-sent events: one line with the version after each change, several changes in one where they come fast."""
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-cache"})
    await response.prepare(request)
    changes = emulator.workspace.changes
    version = changes.version
    with suppress(ConnectionResetError):  # the window was closed
        while not changes.is_closed:
            await response.write(b'data: {"version": %d}\n\n' % version)
            version = await changes.after(version)
    return response


def _answering(emulator: Emulator, act: Act) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    async def answer(request: web.Request) -> web.StreamResponse:
        try:
            return web.json_response(await act(emulator, request))
        except ControlRefusal as refusal:
            told = {"ok": False, "error": refusal.sentence, **refusal.details}
            return web.json_response(told, status=refusal.status)

    return answer
