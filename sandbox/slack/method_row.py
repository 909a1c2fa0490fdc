"""What one row of the method table says."""

from dataclasses import dataclass
from typing import Literal

Caller = Literal["bot", "app", "anyone"]

_OTHER_CALLERS: dict[str, Caller] = {"apps.connections.open": "app", "api.test": "anyone"}

# Slack reads no JSON bodies for these: what is sent so is not seen.
_FORM_ONLY = frozenset(
    {
        "bots.info",
        "chat.getPermalink",
        "conversations.info",
        "conversations.list",
        "conversations.members",
        "conversations.replies",
        "files.getUploadURLExternal",
        "usergroups.list",
        "usergroups.users.list",
        "users.info",
        "users.list",
        "users.lookupByEmail",
    }
)

# Any method may answer these: they concern the token or the shape of the request, not the method.
COMMON_ERRORS = frozenset(
    {
        "not_authed",
        "invalid_auth",
        "not_allowed_token_type",
        "missing_scope",
        "unknown_method",
        "ratelimited",
        "invalid_arguments",
        "invalid_form_data",
        "internal_error",
    }
)

# What a missing argument is called where the method documents a name for it; else it is `invalid_arguments`.
NAMES_OF_ABSENCE = {
    "channel": "channel_not_found",
    "channel_id": "channel_not_found",
    "ts": "message_not_found",
    "message_ts": "message_not_found",
    "user": "user_not_found",
    "users": "no_user",
    "email": "users_not_found",
    "name": "invalid_name_required",
    "timestamp": "no_item_specified",
    "usergroup": "no_such_subteam",
    "filename": "missing_argument",
    "length": "missing_argument",
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
    def takes_json(self) -> bool:
        return self.name not in _FORM_ONLY

    def absence_of(self, argument: str) -> str:
        name = NAMES_OF_ABSENCE.get(argument, "invalid_arguments")
        return name if name in self.errors else "invalid_arguments"

    def may_answer(self, error: str) -> bool:
        return error in self.errors or error in COMMON_ERRORS
