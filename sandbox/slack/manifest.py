"""What the app manifest promises: commands, shortcuts, scopes, events."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import BaseModel, Field


class SlashCommand(BaseModel, frozen=True):
    command: str
    description: str = ""
    usage_hint: str = ""
    should_escape: bool = False


class Shortcut(BaseModel, frozen=True):
    name: str
    type: Literal["message", "global"]
    callback_id: str
    description: str = ""


class _BotUser(BaseModel):
    display_name: str | None = None


class _AppHome(BaseModel):
    home_tab_enabled: bool = False


class _Features(BaseModel):
    app_home: _AppHome = _AppHome()
    bot_user: _BotUser = _BotUser()
    slash_commands: list[SlashCommand] = Field(default_factory=list)
    shortcuts: list[Shortcut] = Field(default_factory=list)


class _Scopes(BaseModel):
    bot: list[str] = Field(default_factory=list)
    bot_optional: list[str] = Field(default_factory=list)


class _Oauth(BaseModel):
    scopes: _Scopes = _Scopes()


class _Subscriptions(BaseModel):
    bot_events: list[str] = Field(default_factory=list)


class _Settings(BaseModel):
    event_subscriptions: _Subscriptions = _Subscriptions()
    token_rotation_enabled: bool = False
    org_deploy_enabled: bool = False


class _Display(BaseModel):
    name: str = "plantao"


class _Document(BaseModel):
    display_information: _Display = _Display()
    features: _Features = _Features()
    oauth_config: _Oauth = _Oauth()
    settings: _Settings = _Settings()


@dataclass(frozen=True)
class Manifest:
    """The parts of an app manifest that the emulator acts on."""

    name: str
    bot_name: str
    commands: Mapping[str, SlashCommand]
    shortcuts: Mapping[str, Shortcut]
    scopes: frozenset[str]
    optional_scopes: frozenset[str]
    events: frozenset[str]
    home_is_enabled: bool
    tokens_rotate: bool
    is_org_ready: bool


def read_manifest(document: Mapping[str, Any]) -> Manifest:
    """Keep what the emulator needs of a manifest; a wrong shape is pydantic's ValidationError (a ValueError)."""
    read = _Document.model_validate(document)
    features = read.features
    return Manifest(
        name=read.display_information.name,
        bot_name=(features.bot_user.display_name or read.display_information.name).lower(),
        commands={row.command: row for row in features.slash_commands},
        shortcuts={row.callback_id: row for row in features.shortcuts},
        scopes=frozenset(read.oauth_config.scopes.bot),
        optional_scopes=frozenset(read.oauth_config.scopes.bot_optional),
        events=frozenset(read.settings.event_subscriptions.bot_events),
        home_is_enabled=features.app_home.home_tab_enabled,
        tokens_rotate=read.settings.token_rotation_enabled,
        is_org_ready=read.settings.org_deploy_enabled,
    )
