"""The Web API methods this emulator knows, one literal row each: arguments, scopes, tier, errors it may answer."""

from .method_row import Method

_READ = "groups:read im:read mpim:read channels:read"
_HISTORY = "groups:history im:history mpim:history channels:history"
_MANAGE = "groups:write im:write mpim:write channels:manage"
_BLOCK_ERRORS = "invalid_blocks invalid_blocks_format no_text markdown_text_conflict too_many_attachments"
_TRIGGER_ERRORS = "expired_trigger_id exchanged_trigger_id invalid_trigger_id duplicate_external_id view_too_large"


def _row(name: str, tier: str, required: str = "", optional: str = "", *, scopes: str = "", errors: str = "") -> Method:
    return Method(
        name=name,
        required=tuple(required.split()),
        optional=tuple(optional.split()),
        scopes=tuple(scopes.split()),
        tier=tier,
        errors=frozenset(errors.split()),
    )


_ROWS = (
    _row("api.test", "4", optional="error"),
    _row("auth.test", "special"),
    _row("apps.connections.open", "3"),
    _row("bots.info", "3", optional="bot team_id", scopes="users:read", errors="bot_not_found"),
    _row("team.info", "3", optional="domain team", scopes="team:read", errors="team_not_found"),
    _row(
        "chat.postMessage",
        "special",
        "channel",
        "as_user attachments blocks icon_emoji icon_url link_names markdown_text metadata mrkdwn parse reply_broadcast"
        " text thread_ts unfurl_links unfurl_media username",
        scopes="chat:write",
        errors="channel_not_found not_in_channel is_archived cannot_reply_to_message invalid_metadata_format"
        f" {_BLOCK_ERRORS}",
    ),
    _row(
        "chat.update",
        "3",
        "channel ts",
        "as_user attachments blocks file_ids link_names markdown_text metadata parse reply_broadcast text",
        scopes="chat:write",
        errors="channel_not_found message_not_found cant_update_message is_inactive msg_too_long"
        f" invalid_metadata_format {_BLOCK_ERRORS}",
    ),
    _row(
        "chat.delete",
        "3",
        "channel ts",
        "as_user",
        scopes="chat:write",
        errors="channel_not_found message_not_found cant_delete_message",
    ),
    _row(
        "chat.postEphemeral",
        "4",
        "channel user",
        "as_user attachments blocks icon_emoji icon_url link_names markdown_text metadata parse text thread_ts"
        " username",
        scopes="chat:write",
        errors="channel_not_found not_in_channel user_not_in_channel is_archived msg_too_long cannot_reply_to_message"
        f" {_BLOCK_ERRORS}",
    ),
    _row("chat.getPermalink", "special", "channel message_ts", errors="channel_not_found message_not_found"),
    _row(
        "conversations.list",
        "2",
        optional="cursor exclude_archived limit team_id types",
        scopes=_READ,
        errors="invalid_cursor invalid_limit invalid_types",
    ),
    _row(
        "conversations.info",
        "3",
        "channel",
        "include_locale include_num_members",
        scopes=_READ,
        errors="channel_not_found",
    ),
    _row(
        "conversations.history",
        "3",
        "channel",
        "cursor include_all_metadata inclusive latest limit oldest",
        scopes=_HISTORY,
        errors="channel_not_found not_in_channel invalid_cursor invalid_ts_latest invalid_ts_oldest",
    ),
    _row(
        "conversations.replies",
        "3",
        "channel ts",
        "cursor include_all_metadata inclusive latest limit oldest",
        scopes=_HISTORY,
        errors="channel_not_found thread_not_found invalid_cursor invalid_ts_latest invalid_ts_oldest",
    ),
    _row(
        "conversations.members",
        "4",
        "channel",
        "cursor limit",
        scopes=_READ,
        errors="channel_not_found invalid_cursor invalid_limit",
    ),
    _row(
        "conversations.join",
        "3",
        "channel",
        scopes="channels:join",
        errors="channel_not_found is_archived method_not_supported_for_channel_type",
    ),
    _row(
        "conversations.open",
        "3",
        optional="channel prevent_creation return_im users",
        scopes=_MANAGE,
        errors="channel_not_found user_not_found users_list_not_supplied not_enough_users too_many_users",
    ),
    _row(
        "conversations.create",
        "2",
        "name",
        "is_private team_id",
        scopes=f"{_MANAGE} channels:write",
        errors="invalid_name invalid_name_maxlength invalid_name_punctuation invalid_name_required"
        " invalid_name_specials name_taken",
    ),
    _row(
        "conversations.invite",
        "3",
        "channel users",
        "force",
        scopes=f"{_MANAGE} channels:write.invites groups:write.invites",
        errors="already_in_channel cant_invite_self channel_not_found is_archived not_in_channel no_user user_not_found"
        " method_not_supported_for_channel_type",
    ),
    _row(
        "conversations.setTopic",
        "2",
        "channel topic",
        scopes=f"{_MANAGE} channels:write.topic groups:write.topic mpim:write.topic im:write.topic",
        errors="channel_not_found is_archived method_not_supported_for_channel_type not_in_channel too_long",
    ),
    _row(
        "conversations.archive",
        "2",
        "channel",
        scopes=f"{_MANAGE} channels:write",
        errors="already_archived cant_archive_general channel_not_found method_not_supported_for_channel_type"
        " not_in_channel",
    ),
    _row("views.open", "4", "view", "interactivity_pointer trigger_id", errors=_TRIGGER_ERRORS),
    _row(
        "views.push",
        "4",
        "view",
        "interactivity_pointer trigger_id",
        errors=f"not_found push_limit_reached {_TRIGGER_ERRORS}",
    ),
    _row(
        "views.update",
        "4",
        "view",
        "external_id hash view_id",
        errors="duplicate_external_id hash_conflict not_found view_too_large",
    ),
    _row(
        "views.publish",
        "4",
        "user_id view",
        "hash interactivity_pointer",
        errors="duplicate_external_id hash_conflict missing_profile_id not_enabled view_too_large",
    ),
    _row("users.info", "4", "user", "include_locale", scopes="users:read", errors="user_not_found"),
    _row(
        "users.list", "2", optional="cursor include_locale limit team_id", scopes="users:read", errors="invalid_cursor"
    ),
    _row("users.lookupByEmail", "3", "email", scopes="users:read.email", errors="users_not_found"),
    _row(
        "usergroups.list",
        "2",
        optional="include_count include_disabled include_users team_id",
        scopes="usergroups:read",
    ),
    _row(
        "usergroups.users.list",
        "2",
        "usergroup",
        "include_disabled team_id",
        scopes="usergroups:read",
        errors="no_such_subteam",
    ),
    _row(
        "reactions.add",
        "3",
        "channel name timestamp",
        scopes="reactions:write",
        errors="already_reacted bad_timestamp channel_not_found invalid_name is_archived message_not_found"
        " no_item_specified",
    ),
    _row(
        "pins.add",
        "2",
        "channel",
        "timestamp",
        scopes="pins:write",
        errors="already_pinned channel_not_found message_not_found no_item_specified not_in_channel",
    ),
    _row(
        "bookmarks.add",
        "2",
        "title type",
        "access_level channel_id emoji entity_id link parent_id",
        scopes="bookmarks:write",
        errors="channel_not_found invalid_bookmark_type invalid_link",
    ),
    _row(
        "files.getUploadURLExternal",
        "4",
        "length filename",
        "alt_txt snippet_type",
        scopes="files:write",
        errors="missing_argument",
    ),
    _row(
        "files.completeUploadExternal",
        "4",
        "files",
        "blocks channel_id channels initial_comment thread_ts",
        scopes="files:write",
        errors="channel_not_found channels_limit_exceeded file_not_found invalid_channel not_in_channel invalid_blocks",
    ),
)

METHODS = {row.name: row for row in _ROWS}
