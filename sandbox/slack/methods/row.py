"""What one row of the method table says."""

from dataclasses import dataclass
from typing import Literal

Caller = Literal["bot", "app", "anyone"]

_OTHER_CALLERS: dict[str, Caller] = {
    "apps.connections.open": "app",
    "api.test": "anyone",
    "oauth.v2.access": "anyone",
}

# Slack reads no JSON bodies for these: what is sent so is not seen.
_FORM_ONLY = frozenset(
    {
        "apps.uninstall",
        "auth.revoke",
        "bots.info",
        "chat.getPermalink",
        "conversations.info",
        "conversations.list",
        "conversations.members",
        "conversations.replies",
        "dnd.info",
        "files.info",
        "files.getUploadURLExternal",
        "oauth.v2.access",
        "pins.list",
        "reactions.get",
        "usergroups.list",
        "usergroups.users.list",
        "users.conversations",
        "users.getPresence",
        "users.info",
        "users.list",
        "users.lookupByEmail",
        "users.profile.get",
    }
)

# Any method may answer these: they concern the token or the shape of the request, not the method.
COMMON_ERRORS = frozenset(
    {
        "account_inactive",
        "internal_error",
        "invalid_arg_name",
        "invalid_arguments",
        "invalid_array_arg",
        "invalid_auth",
        "invalid_form_data",
        "invalid_post_type",
        "missing_post_type",
        "missing_scope",
        "not_allowed_token_type",
        "not_authed",
        "ratelimited",
        "token_expired",
        "token_revoked",
        "unknown_method",
    }
)

# What a missing argument is called where the method documents a name for it; else it is `invalid_arguments`.
NAMES_OF_ABSENCE = {
    "channel": "channel_not_found",
    "channel_id": "channel_not_found",
    "ts": "message_not_found",
    "message_ts": "message_not_found",
    "user": "user_not_found",
    "users": "no_user no_users_provided",
    "email": "users_not_found",
    "name": "invalid_name_required",
    "timestamp": "no_item_specified",
    "usergroup": "no_such_subteam",
    "filename": "missing_argument",
    "length": "missing_argument",
    "canvas_id": "canvas_not_found",
    "file": "file_not_found",
    "scheduled_message_id": "invalid_scheduled_message_id",
    "post_at": "invalid_time",
}


@dataclass(frozen=True)
class Method:
    """One row; `scopes` are alternatives, any one of them is enough."""

    name: str
    required: tuple[str, ...]
    optional: tuple[str, ...]
    scopes: tuple[str, ...]
    tier: str
    errors: frozenset[str]

    @property
    def caller(self) -> Caller:
        """Whose token the method takes."""
        return _OTHER_CALLERS.get(self.name, "bot")

    @property
    def arguments(self) -> frozenset[str]:
        return frozenset(self.required).union(self.optional)

    @property
    def takes_json(self) -> bool:
        return self.name not in _FORM_ONLY

    def absence_of(self, argument: str) -> str:
        names = NAMES_OF_ABSENCE.get(argument, "").split()
        return next((name for name in names if name in self.errors), "invalid_arguments")

    def may_answer(self, error: str) -> bool:
        return error in self.errors or error in COMMON_ERRORS


def row(name: str, tier: str, required: str = "", optional: str = "", *, scopes: str = "", errors: str = "") -> Method:
    """A row written as it reads: lists are words with spaces between."""
    return Method(
        name=name,
        required=tuple(required.split()),
        optional=tuple(optional.split()),
        scopes=tuple(scopes.split()),
        tier=tier,
        errors=frozenset(errors.split()),
    )
