"""How an installation ends: the app hears of it, then its tokens are worth nothing."""

from .emulator import Emulator


def end_tokens(tenant: Emulator) -> None:
    """Revoke every token of the app; it hears `tokens_revoked`."""
    tokens = {"oauth": [], "bot": [tenant.app.bot_user_id]}
    stamp = tenant.workspace.mint.ts()
    tenant.events.publish("tokens_revoked", {"type": "tokens_revoked", "tokens": tokens, "event_ts": stamp})
    tenant.app.tokens.revoke_all()
    tenant.workspace.changes.note()


def end_installation(tenant: Emulator) -> None:
    """Uninstall the app: `app_uninstalled` and `tokens_revoked` are the last it hears, in no promised order."""
    stamp = tenant.workspace.mint.ts()
    tenant.events.publish("app_uninstalled", {"type": "app_uninstalled", "event_ts": stamp})
    end_tokens(tenant)
    tenant.app.is_installed = False
    for channel in tenant.workspace.channels.values():
        channel.members.pop(tenant.app.bot_user_id, None)
