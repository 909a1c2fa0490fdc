"""The settings: one frozen object, the only reader of the environment; a start with wrong ones names the variable."""

from pathlib import Path

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from bot.core.errors import ConfigError

HERE = Path(__file__).parent.parent


class Settings(BaseSettings):
    """Everything that differs between one installation and another."""

    model_config = SettingsConfigDict(frozen=True, env_ignore_empty=True, extra="ignore", populate_by_name=True)

    slack_bot_token: SecretStr = Field(description="Bot token (xoxb-...) of the installed app.")
    slack_app_token: SecretStr | None = Field(
        default=None, description="App token (xapp-...): Socket Mode, no public URL needed."
    )
    slack_signing_secret: SecretStr | None = Field(
        default=None, description="Signing secret: HTTP mode, Slack posts to /slack/events."
    )
    slack_api_url: str = Field(
        default="https://slack.com/api/", description="Where Slack's Web API is; the sandbox has its own."
    )
    redis_url: SecretStr | None = Field(default=None, description="The record; unset, a private Redis starts.")
    plantao_data: Path = Field(default=Path("data"), description="Folder of the private Redis.")
    plantao_catalog: Path = Field(default=HERE / "catalog", description="Folder with the systems' profiles.")
    plantao_prefix: str = Field(default="plantao", pattern="^[a-z0-9_-]+$", description="Prefix of all keys in Redis.")
    host: str = Field(default="127.0.0.1", description="Address of the HTTP server; 0.0.0.0 behind a router.")
    port: int = Field(default=3000, ge=0, le=65535, description="Port of the HTTP server.")
    log_level: str = Field(default="info", pattern="^(debug|info|warning|error)$", description="How much is logged.")

    @property
    def prefix(self) -> str:
        """The prefix as one hash tag, so that Redis Cluster keeps all keys together."""
        return f"{{{self.plantao_prefix}}}"


def read_settings() -> Settings:
    """Read the environment; raises ConfigError naming each variable that is missing or wrong."""
    try:
        settings = Settings()  # type: ignore[call-arg]  # the fields come from the environment
    except ValidationError as error:
        complaints = [f"{str(detail['loc'][0]).upper()}: {detail['msg']}" for detail in error.errors()]
        raise ConfigError("\n".join(complaints)) from error
    if settings.slack_app_token is None and settings.slack_signing_secret is None:
        raise ConfigError("Set SLACK_APP_TOKEN (Socket Mode) or SLACK_SIGNING_SECRET (HTTP); see .env.example.")
    return settings
