"""Channels and direct messages."""

from .row import row

_READ = "groups:read im:read mpim:read channels:read"
_HISTORY = "groups:history im:history mpim:history channels:history"
_MANAGE = "groups:write im:write mpim:write channels:manage"

ROWS = (
    row(
        "conversations.list",
        "2",
        optional="cursor exclude_archived limit team_id types",
        scopes=_READ,
        errors="invalid_cursor invalid_limit invalid_types missing_argument",
    ),
    row(
        "conversations.info",
        "3",
        "channel",
        "include_locale include_num_members",
        scopes=_READ,
        errors="channel_not_found",
    ),
    row(
        "conversations.history",
        "3",
        "channel",
        "cursor include_all_metadata inclusive latest limit oldest",
        scopes=_HISTORY,
        errors="channel_not_found not_in_channel invalid_cursor invalid_ts_latest invalid_ts_oldest",
    ),
    row(
        "conversations.replies",
        "3",
        "channel ts",
        "cursor include_all_metadata inclusive latest limit oldest",
        scopes=_HISTORY,
        errors="channel_not_found thread_not_found invalid_cursor invalid_ts_latest invalid_ts_oldest",
    ),
    row(
        "conversations.members",
        "4",
        "channel",
        "cursor limit",
        scopes=_READ,
        errors="channel_not_found invalid_cursor invalid_limit",
    ),
    row(
        "conversations.join",
        "3",
        "channel",
        scopes="channels:join",
        errors="channel_not_found is_archived method_not_supported_for_channel_type",
    ),
    row(
        "conversations.open",
        "3",
        optional="channel prevent_creation return_im users",
        scopes=_MANAGE,
        errors="channel_not_found user_not_found users_list_not_supplied not_enough_users too_many_users",
    ),
    row(
        "conversations.create",
        "2",
        "name",
        "is_private team_id",
        scopes=f"{_MANAGE} channels:write",
        errors="invalid_name invalid_name_maxlength invalid_name_punctuation invalid_name_required"
        " invalid_name_specials name_taken missing_argument",
    ),
    row(
        "conversations.invite",
        "3",
        "channel users",
        "force",
        scopes=f"{_MANAGE} channels:write.invites groups:write.invites",
        errors="already_in_channel cant_invite_self channel_not_found is_archived not_in_channel no_user user_not_found"
        " method_not_supported_for_channel_type",
    ),
    row(
        "conversations.setTopic",
        "2",
        "channel topic",
        scopes=f"{_MANAGE} channels:write.topic groups:write.topic mpim:write.topic im:write.topic",
        errors="channel_not_found is_archived method_not_supported_for_channel_type not_in_channel too_long",
    ),
    row(
        "conversations.archive",
        "2",
        "channel",
        scopes=f"{_MANAGE} channels:write",
        errors="already_archived cant_archive_general channel_not_found method_not_supported_for_channel_type"
        " not_in_channel",
    ),
    row(
        "conversations.rename",
        "2",
        "channel name",
        scopes=f"{_MANAGE} channels:write",
        errors="channel_not_found invalid_name invalid_name_maxlength invalid_name_punctuation invalid_name_required"
        " invalid_name_specials is_archived method_not_supported_for_channel_type name_taken not_authorized"
        " not_in_channel",
    ),
    row(
        "conversations.kick",
        "3",
        "channel",
        "user",
        scopes="groups:write channels:manage",
        errors="cant_kick_from_general cant_kick_self channel_not_found method_not_supported_for_channel_type"
        " not_in_channel user_not_found",
    ),
    row(
        "conversations.leave",
        "3",
        "channel",
        scopes=f"{_MANAGE} channels:write",
        errors="cant_leave_general channel_not_found is_archived last_member method_not_supported_for_channel_type",
    ),
    row(
        "conversations.unarchive",
        "2",
        "channel",
        scopes=f"{_MANAGE} channels:write",
        errors="channel_not_found method_not_supported_for_channel_type not_archived",
    ),
    row(
        "conversations.setPurpose",
        "2",
        "channel purpose",
        scopes=f"{_MANAGE} channels:write.topic groups:write.topic mpim:write.topic im:write.topic",
        errors="channel_not_found is_archived method_not_supported_for_channel_type not_in_channel too_long",
    ),
    row(
        "conversations.close",
        "2",
        "channel",
        scopes=f"{_MANAGE} channels:write",
        errors="channel_not_found method_not_supported_for_channel_type",
    ),
    row(
        "conversations.canvases.create",
        "2",
        "channel_id",
        "document_content title",
        scopes="canvases:write",
        errors="canvas_creation_failed channel_canvas_already_exists",
    ),
)
