"""`plantao check`: catalog, manifest, tables and record against each other, before anybody has to find out at night."""

import asyncio
import sys
from collections.abc import Sequence

import yaml
from pydantic import SecretStr, ValidationError
from redis.exceptions import RedisError

from bot.check.catalog import read_catalog, system_complaints
from bot.check.complaint import Complaint
from bot.check.manifest import http_manifest, manifest_complaints, read_manifest
from bot.check.record import Examined, RecordCheck
from bot.check.tables import table_complaints
from bot.core.errors import ConfigError
from bot.logs import configure
from bot.providers import names
from bot.settings import Settings
from bot.store.connect import connect
from bot.store.visit import visited

READ_LIMIT = 10.0  # seconds for one answer; a long stream may take a moment


def main(store: bool = False, *, repair: bool = False) -> int:
    """Check, print what is wrong, and give back the exit code: 0 all well, 1 problems."""
    if repair and not store:
        raise ConfigError("--repair: only together with --store")
    settings = _settings()
    if store:
        return _report_record(asyncio.run(_examine_record(settings, repair=repair)))
    systems, complaints = read_catalog(settings.plantao_catalog)
    for system in systems:
        complaints += system_complaints(system, settings.plantao_catalog / system.id)
    complaints += manifest_complaints(read_manifest())
    complaints += table_complaints()
    checks, actions = sum(len(system.checks) for system in systems), sum(len(system.actions) for system in systems)
    counted = f"systems {len(systems)}, checks {checks}, actions {actions}, operations {len(names())}"
    return _report(complaints, f"{counted}; catalog, manifest and tables fit each other")


def print_http_manifest(url: str) -> int:
    """Print the manifest for HTTP at this address; raises ConfigError on one that Slack would not take."""
    document = http_manifest(read_manifest(), url)
    sys.stdout.write(yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=120))
    return 0


def _settings() -> Settings:
    """The settings without those for Slack, which a check never calls."""
    try:
        return Settings(slack_bot_token=SecretStr("never used"))
    except ValidationError as error:
        wrong = [f"{str(detail['loc'][0]).upper()}: {detail['msg']}" for detail in error.errors(include_input=False)]
        raise ConfigError("\n".join(wrong)) from error


async def _examine_record(settings: Settings, *, repair: bool) -> Examined:
    configure("error")
    url = settings.redis_url.get_secret_value() if settings.redis_url else None
    if url is None and not settings.plantao_data.is_dir():
        raise ConfigError(f"PLANTAO_DATA: there is no folder {settings.plantao_data}, and REDIS_URL is not set")
    async with visited(url, settings.plantao_data) as address:
        client = connect(address, timeout=READ_LIMIT)
        try:
            return await RecordCheck(client, settings.prefix, repair=repair).run()
        except (RedisError, OSError) as error:
            raise ConfigError(
                f"the record cannot be read: {type(error).__name__}; `plantao doctor` says more"
            ) from error
        finally:
            await client.aclose()


def _report_record(examined: Examined) -> int:
    for complaint in examined.repaired:
        sys.stdout.write(f"repaired  {complaint.id}  {complaint.message}\n")
    seen = f"streams {examined.streams}, events {examined.events}; every chain is whole, every listing agrees"
    return _report(examined.complaints, seen)


def _report(complaints: Sequence[Complaint], seen: str) -> int:
    for complaint in complaints:
        sys.stdout.write(f"{complaint}\n")
    if complaints:
        sys.stdout.write(f"\n{len(complaints)} {'problem' if len(complaints) == 1 else 'problems'}.\n")
        return 1
    sys.stdout.write(f"All well: {seen}.\n")
    return 0
