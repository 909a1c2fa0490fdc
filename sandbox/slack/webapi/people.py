"""users.* and dnd.*"""

from datetime import datetime
from zoneinfo import ZoneInfo

from ..refusal import SlackRefusal
from ..workspace import User
from .call import Answer, Call
from .pages import one_page


def user_info(call: Call) -> Answer:
    return {"user": _told(call, call.person())}


def list_users(call: Call) -> Answer:
    page, metadata = one_page(call, list(call.emulator.workspace.users.values()))
    return {"members": [_told(call, user) for user in page], "cache_ts": int(call.emulator.clock.now()), **metadata}


def lookup_by_email(call: Call) -> Answer:
    email = call.args.text("email").lower()
    for user in call.emulator.workspace.users.values():
        if user.email.lower() == email:
            return {"user": _told(call, user)}
    raise SlackRefusal("users_not_found")


def presence(call: Call) -> Answer:
    """Everybody is here."""
    user = call.emulator.workspace.users.get(call.args.text("user") or call.bot_user)
    return {"presence": "active" if user else "away"}


def profile(call: Call) -> Answer:
    user = call.person() if call.args.has("user") else call.emulator.workspace.users[call.bot_user]
    return {"profile": _told(call, user)["profile"]}


def rest(call: Call) -> Answer:
    """Nobody has do-not-disturb on."""
    if call.args.has("user"):
        call.person()
    return {"dnd_enabled": False, "next_dnd_start_ts": 1, "next_dnd_end_ts": 1, "snooze_enabled": False}


def _told(call: Call, user: User) -> Answer:
    """The user object; the locale only when asked for, the address only with the scope for it."""
    profile = {"title": user.title, "real_name": user.real_name, "display_name": user.name}
    if "users:read.email" in call.emulator.app.scopes and user.email:
        profile["email"] = user.email
    offset = datetime.fromtimestamp(call.emulator.clock.now(), ZoneInfo(user.tz)).utcoffset()
    told: Answer = {
        "id": user.id,
        "team_id": call.emulator.workspace.team.id,
        "name": user.name,
        "deleted": False,
        "real_name": user.real_name,
        "tz": user.tz,
        "tz_offset": int(offset.total_seconds()) if offset else 0,
        "profile": profile,
        "is_bot": user.is_bot,
        "is_app_user": False,
        "is_admin": False,
        "is_restricted": False,
    }
    return told | ({"locale": user.locale} if call.args.flag("include_locale") else {})
