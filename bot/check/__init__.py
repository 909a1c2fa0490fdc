"""`plantao check`: catalog, manifest, tables and record against each other, before anybody has to find out at night."""

import asyncio
import sys
from collections.abc import Sequence

import yaml

from bot.check.catalog import read_catalog, system_complaints
from bot.check.complaint import Complaint
from bot.check.manifest import http_manifest, manifest_complaints, read_manifest
from bot.check.place import record_of, settings_without_slack
from bot.check.record import Examined, RecordCheck
from bot.check.tables import table_complaints
from bot.core.errors import ConfigError
from bot.providers import names
from bot.settings import Settings


def main(store: bool = False, *, repair: bool = False) -> int:
    """Check, print what is wrong, and give back the exit code: 0 all well, 1 problems."""
    if repair and not store:
        raise ConfigError("--repair: only together with --store")
    settings = settings_without_slack()
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


async def _examine_record(settings: Settings, *, repair: bool) -> Examined:
    async with record_of(settings) as client:
        return await RecordCheck(client, settings.prefix, repair=repair).run()


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
