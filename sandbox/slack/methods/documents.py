"""Files and canvases."""

from .row import row

ROWS = (
    row(
        "files.getUploadURLExternal",
        "4",
        "length filename",
        "alt_txt snippet_type",
        scopes="files:write",
        errors="missing_argument",
    ),
    row(
        "files.completeUploadExternal",
        "4",
        "files",
        "blocks channel_id channels initial_comment thread_ts",
        scopes="files:write",
        errors="channel_not_found channels_limit_exceeded file_not_found invalid_channel not_in_channel invalid_blocks",
    ),
    row(
        "files.info",
        "4",
        "file",
        "count cursor limit page",
        scopes="files:read",
        errors="file_not_found",
    ),
    row(
        "canvases.create",
        "2",
        optional="channel_id document_content title",
        scopes="canvases:write",
        errors="canvas_creation_failed free_team_canvas_tab_already_exists",
    ),
    row(
        "canvases.edit",
        "3",
        "canvas_id changes",
        scopes="canvases:write",
        errors="canvas_editing_failed canvas_editing_locked canvas_not_found canvas_too_large",
    ),
    row("canvases.delete", "3", "canvas_id", scopes="canvases:write", errors="canvas_not_found"),
    row(
        "canvases.sections.lookup",
        "3",
        "canvas_id criteria",
        scopes="canvases:read",
        errors="canvas_not_found",
    ),
)
