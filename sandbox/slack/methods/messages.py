"""Messages, and what is put on them."""

from .row import row

_BLOCK_ERRORS = "invalid_blocks invalid_blocks_format no_text markdown_text_conflict too_many_attachments"

ROWS = (
    row(
        "chat.postMessage",
        "special",
        "channel",
        "as_user attachments blocks icon_emoji icon_url link_names markdown_text metadata mrkdwn parse reply_broadcast"
        " text thread_ts unfurl_links unfurl_media username",
        scopes="chat:write",
        errors="channel_not_found not_in_channel is_archived cannot_reply_to_message invalid_metadata_format"
        f" {_BLOCK_ERRORS}",
    ),
    row(
        "chat.update",
        "3",
        "channel ts",
        "as_user attachments blocks file_ids link_names markdown_text metadata parse reply_broadcast text",
        scopes="chat:write",
        errors="channel_not_found message_not_found cant_update_message is_inactive msg_too_long"
        f" invalid_metadata_format {_BLOCK_ERRORS}",
    ),
    row(
        "chat.delete",
        "3",
        "channel ts",
        "as_user",
        scopes="chat:write",
        errors="channel_not_found message_not_found cant_delete_message",
    ),
    row(
        "chat.postEphemeral",
        "4",
        "channel user",
        "as_user attachments blocks icon_emoji icon_url link_names markdown_text metadata parse text thread_ts"
        " username",
        scopes="chat:write",
        errors="channel_not_found not_in_channel user_not_in_channel is_archived msg_too_long cannot_reply_to_message"
        f" {_BLOCK_ERRORS}",
    ),
    row("chat.getPermalink", "special", "channel message_ts", errors="channel_not_found message_not_found"),
    row(
        "reactions.add",
        "3",
        "channel name timestamp",
        scopes="reactions:write",
        errors="already_reacted bad_timestamp channel_not_found invalid_name is_archived message_not_found"
        " no_item_specified",
    ),
    row(
        "pins.add",
        "2",
        "channel",
        "timestamp",
        scopes="pins:write",
        errors="already_pinned channel_not_found message_not_found no_item_specified not_in_channel",
    ),
    row(
        "bookmarks.add",
        "2",
        "title type",
        "access_level channel_id emoji entity_id link parent_id",
        scopes="bookmarks:write",
        errors="channel_not_found invalid_bookmark_type invalid_link",
    ),
    row(
        "chat.scheduleMessage",
        "3",
        "channel post_at",
        "as_user attachments blocks link_names markdown_text metadata parse reply_broadcast text thread_ts unfurl_links"
        " unfurl_media",
        scopes="chat:write",
        errors="channel_not_found not_in_channel is_archived msg_too_long invalid_metadata_format invalid_time"
        " time_in_past time_too_far restricted_too_many invalid_blocks invalid_blocks_format no_text"
        " markdown_text_conflict too_many_attachments",
    ),
    row(
        "chat.deleteScheduledMessage",
        "3",
        "channel scheduled_message_id",
        "as_user",
        scopes="chat:write",
        errors="channel_not_found invalid_scheduled_message_id",
    ),
    row(
        "chat.scheduledMessages.list",
        "3",
        optional="channel cursor latest limit oldest team_id",
        errors="invalid_channel invalid_cursor",
    ),
    row(
        "reactions.remove",
        "2",
        "name",
        "channel file file_comment timestamp",
        scopes="reactions:write",
        errors="channel_not_found invalid_name message_not_found no_item_specified no_reaction",
    ),
    row(
        "reactions.get",
        "3",
        optional="channel file file_comment full timestamp",
        scopes="reactions:read",
        errors="channel_not_found message_not_found no_item_specified",
    ),
    row("pins.list", "2", "channel", scopes="pins:read", errors="channel_not_found"),
    row(
        "pins.remove",
        "2",
        "channel",
        "timestamp",
        scopes="pins:write",
        errors="channel_not_found message_not_found no_item_specified no_pin",
    ),
    row(
        "bookmarks.edit",
        "2",
        optional="bookmark_id channel_id emoji link title",
        scopes="bookmarks:write",
        errors="channel_not_found invalid_link not_found",
    ),
    row("bookmarks.list", "3", optional="channel_id", scopes="bookmarks:read", errors="channel_not_found"),
    row(
        "bookmarks.remove",
        "2",
        optional="bookmark_id channel_id quip_section_id",
        scopes="bookmarks:write",
        errors="channel_not_found not_found",
    ),
)
