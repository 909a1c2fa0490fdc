"""`plantao check`: catalog, manifest and tables against each other, before anybody has to find out at night."""

import sys

import yaml

from bot.check.catalog import read_catalog, system_complaints
from bot.check.complaint import report
from bot.check.manifest import http_manifest, manifest_complaints, read_manifest
from bot.check.place import settings_without_slack
from bot.check.tables import table_complaints
from bot.providers import names


def check() -> int:
    """Check, print what is wrong, and give back the exit code: 0 all well, 1 problems."""
    settings = settings_without_slack()
    systems, complaints = read_catalog(settings.plantao_catalog)
    for system in systems:
        complaints += system_complaints(system, settings.plantao_catalog / system.id)
    complaints += manifest_complaints(read_manifest())
    complaints += table_complaints()
    checks, actions = sum(len(system.checks) for system in systems), sum(len(system.actions) for system in systems)
    counted = f"systems {len(systems)}, checks {checks}, actions {actions}, operations {len(names())}"
    return report(complaints, f"{counted}; catalog, manifest and tables fit each other")


def print_http_manifest(url: str) -> int:
    """Print the manifest for HTTP at this address; raises ConfigError on one that Slack would not take."""
    document = http_manifest(read_manifest(), url)
    sys.stdout.write(yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=120))
    return 0
