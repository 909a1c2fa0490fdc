"""People and user groups."""

from .row import row

_READ = "groups:read im:read mpim:read channels:read"
_POLICY = "permission_denied plan_upgrade_required"

ROWS = (
    row("users.info", "4", "user", "include_locale", scopes="users:read", errors="user_not_found"),
    row(
        "users.list",
        "2",
        optional="cursor include_locale limit team_id",
        scopes="users:read",
        errors="invalid_cursor missing_argument",
    ),
    row("users.lookupByEmail", "3", "email", scopes="users:read.email", errors="users_not_found"),
    row(
        "usergroups.list",
        "2",
        optional="include_count include_disabled include_users team_id",
        scopes="usergroups:read",
    ),
    row(
        "usergroups.users.list",
        "2",
        "usergroup",
        "include_disabled team_id",
        scopes="usergroups:read",
        errors="no_such_subteam",
    ),
    row("users.getPresence", "3", optional="user", scopes="users:read"),
    row(
        "users.profile.get",
        "4",
        optional="include_labels user",
        scopes="users.profile:read",
        errors="user_not_found",
    ),
    row(
        "users.conversations",
        "3",
        optional="cursor exclude_archived exclude_muted limit team_id types user",
        scopes=_READ,
        errors="invalid_cursor invalid_types missing_argument",
    ),
    row("dnd.info", "3", optional="team_id user", scopes="dnd:read", errors="user_not_found"),
    row(
        "usergroups.create",
        "2",
        "name",
        "additional_channels channels description enable_section handle include_count team_id",
        scopes="usergroups:write",
        errors=f"handle_already_exists missing_argument missing_subteam_name name_already_exists {_POLICY}",
    ),
    row(
        "usergroups.update",
        "2",
        "usergroup",
        "additional_channels channels description enable_section handle include_count name team_id",
        scopes="usergroups:write",
        errors="missing_argument permission_denied",
    ),
    row(
        "usergroups.users.update",
        "2",
        "usergroup users",
        "additional_channels include_count is_shared team_id",
        scopes="usergroups:write",
        errors=f"invalid_users missing_argument no_users_provided {_POLICY}",
    ),
)
