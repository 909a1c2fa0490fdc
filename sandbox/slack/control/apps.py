"""The life of the installed apps: installing, transport, probes, consent, tokens, uninstalling."""

from typing import Any

from aiohttp import web
from pydantic import ValidationError

from ..app import Identity, install
from ..delivery.parcel import Parcel
from ..emulator import Emulator, Premises, assemble
from ..installation import end_installation, end_tokens
from ..manifest import Manifest, read_manifest
from ..membership import join_channel
from ..refusal import ControlRefusal
from ..tokens import CODE_LIFETIME, Grant
from ..workspace import User
from .acts import Told, told
from .naming import tenant_named
from .requests import AppBody, AppsBody, AuthorizeBody, WhichAppBody, read_body
from .snapshot import app_json


async def install_app(emulator: Emulator, request: web.Request) -> Told:
    """One more app beside those there are, with tokens and secrets of its own."""
    body = await read_body(request, AppsBody)
    manifest = _manifest(body.manifest)
    channels = [emulator.workspace.channel(ref) for ref in body.channels]
    mint = emulator.workspace.mint
    who = Identity(mint.object_id("A"), mint.object_id("U"), mint.object_id("B"))
    app = install(who, manifest, mint, emulator.app.base_url)
    app.request_url = body.request_url
    name = _free_name(emulator, manifest.bot_name)
    emulator.workspace.add_user(User(app.bot_user_id, name, manifest.name, "en-US", "UTC", is_bot=True))
    premises = Premises(
        emulator.clock, emulator.workspace, emulator.ledger, emulator.faults, base_url=emulator.app.base_url
    )
    tenant = assemble(premises, app, emulator.tenants)
    for channel in channels:
        join_channel(tenant, channel, app.bot_user_id)
    emulator.workspace.changes.note()
    return {"ok": True, "app": app_json(tenant)}


async def set_request_url(emulator: Emulator, request: web.Request) -> Told:
    """Deliver to this URL from now on, or over Socket Mode when it is null; open sockets hear `link_disabled`."""
    body = await read_body(request, AppBody)
    tenant = tenant_named(emulator, body.app)
    tenant.app.request_url = body.request_url
    if body.request_url is not None:
        await tenant.hub.disable()
    emulator.workspace.changes.note()
    return {"ok": True, "transport": tenant.app.transport, "request_url": body.request_url}


async def verify_url(emulator: Emulator, request: web.Request) -> Told:
    """Send Slack's url_verification and see whether the challenge comes back."""
    tenant = await _over_http(emulator, request)
    challenge = emulator.workspace.mint.secret()
    payload: dict[str, Any] = {"type": "url_verification", "token": "", "challenge": challenge}
    delivery = await tenant.courier.deliver(Parcel("url_verification", payload))
    echoed = delivery.ack.get("challenge") if isinstance(delivery.ack, dict) else delivery.ack
    return told(delivery) | {"is_verified": delivery.error is None and echoed == challenge}


async def check_ssl(emulator: Emulator, request: web.Request) -> Told:
    """Send the probe with which Slack looks at a certificate; any 200 will do."""
    tenant = await _over_http(emulator, request)
    return told(await tenant.courier.deliver(Parcel("ssl_check", {"token": "", "ssl_check": "1"})))


async def authorize(emulator: Emulator, request: web.Request) -> Told:
    """A person agrees to an installation, but for the optional scopes they decline; the code is for oauth.v2.access."""
    body = await read_body(request, AuthorizeBody)
    emulator.workspace.person(body.user)
    tenant = tenant_named(emulator, body.app)
    manifest = tenant.app.manifest
    if body.org and not manifest.is_org_ready:
        raise ControlRefusal("the manifest does not set org_deploy_enabled", status=400)
    needed = sorted(set(body.declined) - manifest.optional_scopes)
    if needed:
        raise ControlRefusal(f"only optional scopes can be declined, not {', '.join(needed)}", status=400)
    scopes = (manifest.scopes | manifest.optional_scopes) - set(body.declined)
    code = emulator.workspace.mint.secret()
    expires = emulator.clock.now() + CODE_LIFETIME
    tenant.app.tokens.offer(code, Grant(scopes, body.org, body.redirect_uri, expires))
    return {"ok": True, "code": code}


async def uninstall(emulator: Emulator, request: web.Request) -> Told:
    """Somebody removes the app: it hears of it, and its tokens end."""
    body = await read_body(request, WhichAppBody)
    end_installation(tenant_named(emulator, body.app))
    return {"ok": True}


async def revoke(emulator: Emulator, request: web.Request) -> Told:
    """Somebody revokes the app's tokens; it stays installed, without them."""
    body = await read_body(request, WhichAppBody)
    end_tokens(tenant_named(emulator, body.app))
    return {"ok": True}


async def deactivate(emulator: Emulator, request: web.Request) -> Told:
    """Somebody deactivates the bot's account: its tokens answer `account_inactive`."""
    body = await read_body(request, WhichAppBody)
    tenant_named(emulator, body.app).app.tokens.is_deactivated = True
    emulator.workspace.changes.note()
    return {"ok": True}


def _manifest(document: dict[str, Any]) -> Manifest:
    try:
        return read_manifest(document)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise ControlRefusal(f"manifest.{place}: {first['msg']}", status=400) from error


def _free_name(emulator: Emulator, name: str) -> str:
    taken, number = emulator.workspace.user_ids, 2
    free = name
    while free in taken:
        free, number = f"{name}{number}", number + 1
    return free


async def _over_http(emulator: Emulator, request: web.Request) -> Emulator:
    body = await read_body(request, WhichAppBody)
    tenant = tenant_named(emulator, body.app)
    if tenant.app.request_url is None:
        raise ControlRefusal("there is no request URL to verify: deliveries go over Socket Mode")
    return tenant
