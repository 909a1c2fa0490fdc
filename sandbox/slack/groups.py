"""User groups: who is in one, and the event when that changes."""

from .emulator import Emulator
from .workspace import UserGroup


def replace_members(emulator: Emulator, group: UserGroup, names: list[str]) -> None:
    """The whole list at once, as on Slack; what is not in it is gone."""
    workspace, before = emulator.workspace, group.users
    group.users = list(dict.fromkeys(names))
    now, earlier = int(emulator.clock.now()), group.updated
    group.updated = now
    workspace.changes.note()
    added = [workspace.user_ids[name] for name in group.users if name not in before]
    removed = [workspace.user_ids[name] for name in before if name not in group.users]
    event = {
        "type": "subteam_members_changed",
        "subteam_id": group.id,
        "team_id": workspace.team.id,
        "date_previous_update": earlier,
        "date_update": now,
        "added_users": added,
        "added_users_count": len(added),
        "removed_users": removed,
        "removed_users_count": len(removed),
        "event_ts": workspace.mint.ts(),
    }
    emulator.announce("subteam_members_changed", event)
