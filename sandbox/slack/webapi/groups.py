"""usergroups.*"""

import re

from ..groups import replace_members
from ..refusal import SlackRefusal
from ..workspace import UserGroup
from .call import Answer, Call


def list_groups(call: Call) -> Answer:
    with_users, with_count = call.args.flag("include_users"), call.args.flag("include_count")
    groups = [_told(call, group) for group in call.emulator.workspace.usergroups.values()]
    hidden = {"users": not with_users, "user_count": not with_count}
    return {"usergroups": [{key: one[key] for key in one if not hidden.get(key)} for one in groups]}


def list_members(call: Call) -> Answer:
    return {"users": call.emulator.workspace.group_members(_group(call, "no_such_subteam").id)}


def create(call: Call) -> Answer:
    workspace, name = call.emulator.workspace, call.args.text("name").strip()
    if not name:
        raise SlackRefusal("missing_subteam_name")
    handle = call.args.text("handle") or re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
    if any(group.name == name for group in workspace.usergroups.values()):
        raise SlackRefusal("name_already_exists")
    if any(group.handle == handle for group in workspace.usergroups.values()):
        raise SlackRefusal("handle_already_exists")
    group = UserGroup(workspace.mint.object_id("S"), handle, name, [], call.args.text("description"))
    workspace.usergroups[group.id] = group
    workspace.changes.note()
    return {"usergroup": _told(call, group)}


def update(call: Call) -> Answer:
    group = _group(call, "missing_argument")
    group.name = call.args.text("name") or group.name
    group.handle = call.args.text("handle") or group.handle
    group.description = call.args.text("description") or group.description
    call.emulator.workspace.changes.note()
    return {"usergroup": _told(call, group)}


def update_members(call: Call) -> Answer:
    """The list given is the whole list from now on; an empty one is refused."""
    group, workspace = _group(call, "missing_argument"), call.emulator.workspace
    users = call.args.words("users")
    if not users:
        raise SlackRefusal("no_users_provided")
    people = [workspace.users.get(user) for user in users]
    names = [user.name for user in people if user is not None and not user.is_bot]
    if len(names) < len(users):
        raise SlackRefusal("invalid_users")
    replace_members(call.emulator, group, names)
    return {"usergroup": _told(call, group)}


def _group(call: Call, error: str) -> UserGroup:
    group = call.emulator.workspace.usergroups.get(call.args.text("usergroup"))
    if group is None:
        raise SlackRefusal(error)
    return group


def _told(call: Call, group: UserGroup) -> Answer:
    users = call.emulator.workspace.group_members(group.id)
    return {
        "id": group.id,
        "team_id": call.emulator.workspace.team.id,
        "is_usergroup": True,
        "name": group.name,
        "handle": group.handle,
        "description": group.description,
        "date_update": group.updated,
        "date_delete": 0,
        "users": users,
        "user_count": len(users),
    }
