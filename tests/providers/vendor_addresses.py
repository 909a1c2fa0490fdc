"""The emulated vendors as the bot addresses them, and each check with parameters that suit it."""

from typing import Final

from readings import Settings

from sandbox.world.vendors import Vendors

CHECKS: Final[dict[str, dict[str, object]]] = {
    "app_api.answers": {"company": "acme", "question": "Are you there?"},
    "app_api.company": {"company": "acme"},
    "app_api.figures": {"path": "/api/metrics", "fields": {"messages": "today.messages"}},
    "app_api.keys": {},
    "app_api.pattern": {"path": "/api/tickets", "by": ["company_id"]},
    "crm.probe": {},
    "llm.probe": {},
    "llm.reach": {},
    "llm.usage": {},
    "llm.calls": {},
    "pipeline.vulnerabilities": {},
    "pipeline.workflow": {"name": "security.yml"},
    "sentry.issues": {},
    "statuspage.quiet": {},
    "statuspage.status": {},
    "supabase.advisors": {},
    "supabase.migrations": {},
    "supabase.auth_health": {},
    "supabase.connections": {},
    "supabase.rest": {"table": "messages"},
    "supabase.slow_queries": {},
    "telegram.me": {},
    "telegram.webhook": {},
}


def address_of(vendors: Vendors, provider: str) -> dict[str, object]:
    """The address of a target of this provider, with credentials that are accepted."""
    supabase, openai = vendors.supabase, vendors.openai
    found: dict[str, dict[str, object]] = {
        "app_api": {"url": vendors.app.url, "token": vendors.app.token},
        "crm": {"url": vendors.crm.url, "token": vendors.crm.token},
        "llm": {"url": openai.url, "key": openai.key, "admin_key": openai.admin_key},
        "pipeline": {"url": vendors.github.url, "token": vendors.github.token, "repo": vendors.github.repo},
        "sentry": {"url": vendors.sentry.url, "token": vendors.sentry.token, "organization": "acme"},
        "statuspage": {"url": f"{vendors.statuspages.url}/atlassian"},
        "supabase": {
            "url": supabase.url,
            "key": supabase.key,
            "access_token": supabase.access_token,
            "project": supabase.project,
            "management_url": supabase.url,
        },
        "telegram": {"url": vendors.telegram.url, "token": vendors.telegram.token},
    }
    return found[provider]


def moved(address: Settings, url: str) -> Settings:
    """The same target, behind another address."""
    return {**address, "url": url} | ({"management_url": url} if "management_url" in address else {})
