"""The emulated Slack by itself, with its browser page: a tool for people who write other bots."""

import asyncio
import sys
from pathlib import Path
from typing import Any

import yaml

from bot.core.errors import ConfigError
from bot.settings import HERE
from sandbox import slack

PAGE = Path(__file__).parent / "page"
LOOPBACK_NAMES = ("127.0.0.1", "localhost")

WELCOME = """
A Slack workspace of your own: {url}

  Web API        {url}/api/
  bot token      {bot}
  app token      {app}
  signing secret {secret}
  everything     {url}/control/state   (tokens under "app" and "apps")

Deliveries go over Socket Mode until you POST {{"request_url": "http://127.0.0.1:PORT/..."}} to {url}/control/app.
Install another app: POST {{"manifest": {{...}}, "request_url": null}} to {url}/control/apps.
Stop with Ctrl-C. Nothing is kept.
"""


async def serve(port: int, host: str, workspace: Path | None, manifest: Path | None) -> None:
    """Serve until cancelled; what is wrong with a file or the port is told in a sentence."""
    if host not in LOOPBACK_NAMES:
        raise ConfigError(f"the sandbox listens on 127.0.0.1 only, not on {host}: it has no passwords")
    document = read_manifest(manifest or HERE / "manifest.yml")
    try:
        async with slack.serve(workspace, manifest=document, port=port, page=PAGE) as opened:
            app = opened.app
            secrets = {"bot": app.bot_token, "app": app.app_token, "secret": app.signing_secret}
            sys.stdout.write(WELCOME.format(url=opened.url, **secrets))
            sys.stdout.flush()
            await asyncio.Event().wait()
    except OSError as error:
        raise ConfigError(f"port {port} cannot be used: {error.strerror}; choose another with --port") from error
    except ValueError as error:
        raise ConfigError(str(error)) from error


def read_manifest(file: Path) -> dict[str, Any]:
    """A manifest in YAML or JSON (which YAML includes)."""
    try:
        document = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as error:
        raise ConfigError(f"{file} cannot be read as a manifest: {error}") from error
    if not isinstance(document, dict):
        raise ConfigError(f"{file} holds no manifest: a mapping is expected")
    return document
