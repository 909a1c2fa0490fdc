"""Modals, Home tabs, and the check of blocks."""

from .row import row

_TRIGGER_ERRORS = "expired_trigger_id exchanged_trigger_id invalid_trigger_id duplicate_external_id view_too_large"

ROWS = (
    row("views.open", "4", "view", "interactivity_pointer trigger_id", errors=_TRIGGER_ERRORS),
    row(
        "views.push",
        "4",
        "view",
        "interactivity_pointer trigger_id",
        errors=f"not_found push_limit_reached {_TRIGGER_ERRORS}",
    ),
    row(
        "views.update",
        "4",
        "view",
        "external_id hash view_id",
        errors="duplicate_external_id hash_conflict not_found view_too_large",
    ),
    row(
        "views.publish",
        "4",
        "user_id view",
        "hash interactivity_pointer",
        errors="duplicate_external_id hash_conflict missing_profile_id not_enabled view_too_large",
    ),
    row(
        "blocks.validate",
        "not stated",
        optional="blocks message view",
        errors="invalid_arguments invalid_blocks invalid_message invalid_view",
    ),
)
