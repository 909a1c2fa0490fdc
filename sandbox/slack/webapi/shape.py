"""The shape of a call's arguments: required ones there, names and types sound. Unknown ones pass, as on Slack."""

import re

from ..methods import Method
from ..refusal import SlackRefusal
from .arguments import Arguments

_SOUND_NAME = re.compile(r"[A-Za-z0-9_]{1,100}")
_NUMBERS = frozenset({"count", "length", "limit", "page", "post_at"})
_FLAGS = frozenset(
    {
        "enable_section",
        "exclude_archived",
        "exclude_muted",
        "force",
        "full",
        "include_all_metadata",
        "include_count",
        "include_disabled",
        "include_labels",
        "include_locale",
        "include_num_members",
        "include_users",
        "inclusive",
        "is_private",
        "link_names",
        "mrkdwn",
        "prevent_creation",
        "reply_broadcast",
        "return_im",
        "test",
        "unfurl_links",
        "unfurl_media",
    }
)
_FLAG_WORDS = frozenset({"", "0", "1", "false", "true"})


def check_arguments(method: Method, args: Arguments) -> None:
    """Refuse what Slack refuses before the method itself looks."""
    for name in args.given:
        if "[" in name:
            raise SlackRefusal("invalid_array_arg")
        if not _SOUND_NAME.fullmatch(name):
            raise SlackRefusal("invalid_arg_name")
    missing = [name for name in method.required if not args.has(name)]
    if missing:
        problem = f"missing required field: {missing[0]} [json-pointer:/{missing[0]}]"
        raise SlackRefusal.with_messages(method.absence_of(missing[0]), [problem])
    problems = [problem for name in args.given if name in method.arguments and (problem := _type_problem(name, args))]
    if problems:
        raise SlackRefusal.with_messages("invalid_arguments", problems)


def _type_problem(name: str, args: Arguments) -> str:
    if name in _NUMBERS and args.has(name) and not re.fullmatch(r"-?\d+", args.text(name)):
        return f"must be an integer [json-pointer:/{name}]"
    if name in _FLAGS and args.text(name).lower() not in _FLAG_WORDS:
        return f"must be a boolean [json-pointer:/{name}]"
    return ""
