"""oauth.v2.access, auth.revoke, apps.uninstall: how an app comes by its tokens and loses them."""

from ..emulator import Emulator
from ..installation import end_installation, end_tokens
from ..refusal import SlackRefusal
from ..tokens import ACCESS_LIFETIME, Issued
from .call import Answer, Call


def exchange(call: Call) -> Answer:
    """A code for a token, or a refresh token for the next one."""
    tenant = _client(call)
    grant_type = call.args.text("grant_type") or "authorization_code"
    if grant_type == "refresh_token":
        return _refresh(call, tenant)
    if grant_type != "authorization_code":
        raise SlackRefusal("invalid_grant_type")
    clock, app = call.emulator.clock, tenant.app
    grant = app.tokens.redeem(call.args.text("code"), call.args.text("redirect_uri"), clock)
    app.scopes, app.is_installed, app.tokens.is_deactivated = grant.scopes, True, False
    rotates = app.manifest.tokens_rotate
    issued = app.tokens.issue(call.emulator.workspace.mint, clock, rotates=rotates, is_org_wide=grant.is_org_wide)
    call.emulator.workspace.changes.note()
    return _told(tenant, issued, is_org_wide=grant.is_org_wide)


def revoke(call: Call) -> Answer:
    """With `test` nothing is revoked."""
    if call.args.flag("test"):
        return {"revoked": False}
    end_tokens(call.emulator)
    return {"revoked": True}


def uninstall(call: Call) -> Answer:
    tenant = _client(call)
    if tenant is not call.emulator:
        raise SlackRefusal("client_id_token_mismatch")
    end_installation(tenant)
    return {}


def _client(call: Call) -> Emulator:
    client_id, secret = call.args.text("client_id"), call.args.text("client_secret")
    tenant = next((one for one in call.emulator.tenants if one.app.client_id == client_id), None)
    if tenant is None:
        raise SlackRefusal("invalid_client_id")
    if secret != tenant.app.client_secret:
        raise SlackRefusal("bad_client_secret")
    return tenant


def _refresh(call: Call, tenant: Emulator) -> Answer:
    mint, clock = call.emulator.workspace.mint, call.emulator.clock
    issued = tenant.app.tokens.refresh(call.args.text("refresh_token"), mint, clock)
    token = tenant.app.tokens.find(issued.access)
    return _told(tenant, issued, is_org_wide=token is not None and token.is_org_wide)


def _told(tenant: Emulator, issued: Issued, *, is_org_wide: bool) -> Answer:
    app, team = tenant.app, tenant.workspace.team
    told: Answer = {
        "app_id": app.app_id,
        "scope": ",".join(sorted(app.scopes)),
        "token_type": "bot",
        "access_token": issued.access,
        "bot_user_id": app.bot_user_id,
        "team": None if is_org_wide else {"id": team.id, "name": team.name},
        "enterprise": {"id": f"E{team.id[1:]}", "name": team.name} if is_org_wide else None,
        "is_enterprise_install": is_org_wide,
    }
    if issued.refresh is not None:
        told |= {"refresh_token": issued.refresh, "expires_in": ACCESS_LIFETIME}
    return told
