"""Which scopes the bot needs, as literal tables by what needs them; `plantao check` holds manifest.yml against them."""

from collections.abc import Mapping

METHODS: Mapping[str, tuple[str, ...]] = {
    "apps.connections.open": (),  # called with the app token, whose scope connections:write is no scope of the bot
    "auth.test": (),
    "chat.postEphemeral": ("chat:write",),
    "chat.postMessage": ("chat:write", "chat:write.public"),  # public: also where nobody has invited the bot
    "chat.update": ("chat:write",),
    "conversations.info": ("channels:read",),
    "conversations.list": ("channels:read",),
    "files.completeUploadExternal": ("files:write",),
    "files.getUploadURLExternal": ("files:write",),
    "usergroups.list": ("usergroups:read",),
    "users.info": ("users:read",),
    "users.list": ("users:read",),
    "views.open": (),
    "views.publish": (),
    "views.update": (),
}
EVENTS: Mapping[str, tuple[str, ...]] = {
    "app_home_opened": (),
    "app_mention": ("app_mentions:read",),
    "user_change": ("users:read",),
}
COMMANDS = "commands"  # slash commands and shortcuts


def needed() -> frozenset[str]:
    """Every scope that something in the tables needs."""
    rows = (*METHODS.values(), *EVENTS.values())
    return frozenset({COMMANDS}.union(*rows))
