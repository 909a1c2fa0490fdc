"""users.* and usergroups.*"""

from datetime import datetime
from zoneinfo import ZoneInfo

from ..refusal import SlackRefusal
from ..roster import UserGroup
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


def list_groups(call: Call) -> Answer:
    with_users, with_count = call.args.flag("include_users"), call.args.flag("include_count")
    groups = [_group(call, group) for group in call.emulator.workspace.usergroups.values()]
    hidden = {"users": not with_users, "user_count": not with_count}
    return {"usergroups": [{key: one[key] for key in one if not hidden.get(key)} for one in groups]}


def group_users(call: Call) -> Answer:
    group_id = call.args.text("usergroup")
    if group_id not in call.emulator.workspace.usergroups:
        raise SlackRefusal("no_such_subteam")
    return {"users": call.emulator.workspace.group_members(group_id)}


def _group(call: Call, group: UserGroup) -> Answer:
    users = call.emulator.workspace.group_members(group.id)
    return {
        "id": group.id,
        "team_id": call.emulator.workspace.team.id,
        "is_usergroup": True,
        "name": group.name,
        "handle": group.handle,
        "description": "",
        "date_delete": 0,
        "users": users,
        "user_count": len(users),
    }


def _told(call: Call, user: User) -> Answer:
    """The user object; the locale only when asked for, the address only with the scope for it."""
    profile = {"title": user.title, "real_name": user.real_name, "display_name": user.name}
    if "users:read.email" in call.emulator.app.manifest.scopes and user.email:
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
