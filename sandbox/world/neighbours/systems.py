"""How the five systems are found: in good health, with the names that their catalogs ask for."""

import secrets
from datetime import UTC, datetime, timedelta
from time import time
from typing import TYPE_CHECKING, Any, Final

from sandbox.world.docker import seed
from sandbox.world.neighbours.figures import show_health
from sandbox.world.neighbours.site import Answer
from sandbox.world.observability.grafana import Dashboard
from sandbox.world.observability.pagerduty import Oncall
from sandbox.world.observability.tempo import Span, Trace

if TYPE_CHECKING:
    from sandbox.world.neighbours import Neighbours

AGENTE, CHROMA, HARVEN, SUPPORT, ETP = "agente-ia", "railway-chroma", "harven", "customer-support", "etp-express"
WATCHED: Final = (AGENTE, CHROMA, HARVEN, ETP)
PROJECTS: Final = (CHROMA, ETP)
ENGINES: Final = {AGENTE: seed.agente, CHROMA: seed.chroma, HARVEN: seed.harven, SUPPORT: seed.support}
ETP_PASSWORD: Final = secrets.token_hex(20)
PAGES: Final = ("openai", "anthropic", "groq", "supabase", "salesforce", "mongodb", "aws", "railway", "github")

_PAGE: Final = '<!doctype html><html><body><div id="root">Bem-vindo</div></body></html>'
_TITLE: Final = "Licitação de teste: ação, coração, pão"
_TOKEN: Final = {"access_token": "emulated-login", "token_type": "bearer"}
SITES: Final[dict[str, dict[str, Answer]]] = {
    "agente-gateway": {
        "GET /": Answer({"status": "ok"}),
        "GET /health": Answer({"status": "healthy"}),
    },
    CHROMA: {
        "GET /health": Answer({"status": "ok"}),
        "GET /rag/collections": Answer({"collections": ["documents", "faq"]}),
        "POST /rag/query": Answer({"results": [{"document": "faq-12", "distance": 0.21}]}),
        "POST /auth/login": Answer(_TOKEN, is_login=True),
    },
    "railway-chroma-frontend": {"GET /": Answer(_PAGE)},
    HARVEN: {"GET /": Answer({"name": "Harven API", "status": "ok"})},
    ETP: {
        "GET /api/health": Answer({"status": "ok", "database": "healthy"}),
        "GET /api/etps": Answer([{"id": 999999, "title": _TITLE}], is_private=True),
        "GET /api/etps/999999": Answer({"id": 999999, "title": _TITLE}, is_private=True),
        "POST /api/sections/999999/generate": Answer({"id": 999999}, status=201, is_private=True),
        "POST /api/auth/login": Answer(_TOKEN, status=201, is_login=True),
    },
    "etp-express-frontend": {"GET /": Answer(_PAGE)},
}
_LOG: Final = (
    "INFO [AgentPipeline] ticket 4711 answered by faq in 1.4s",
    "INFO OpenAI chat completion finished duration=0.82",
    "INFO POST /api/ingest-message 202",
    "INFO [EscalatorAgent] ticket 4698 escalated: customer asked for a person",
    "INFO [AgentPipeline] ticket 4712 answered by orders in 2.1s",
)


def settle(found: "Neighbours") -> None:
    """Fill every emulator with a healthy state."""
    for system in WATCHED:
        show_health(found.prometheus[system], system)
    _settle_agente(found)
    _settle_chroma(found)
    _settle_harven(found)
    _settle_support(found)
    _settle_etp(found)
    _host(found)
    for llm in (found.vendors.openai, found.vendors.groq, found.vendors.anthropic):
        llm.models |= {"gpt-4", "gpt-3.5-turbo", "gpt-4o-mini", "llama-3.1-8b-instant", "claude-3-5-haiku-latest"}


def _settle_agente(found: "Neighbours") -> None:
    panels = {1: "Requests", 2: "Latency p95", 3: "Errors"}
    for name in ("overview", "business", "llm", "resources"):
        found.grafana.dashboards[f"agent-{name}"] = Dashboard(f"Agent {name.title()}", panels)
    found.tempo.traces.append(Trace("agente-api", "POST /chat", 1400, [Span("agente-llm", "completion", 900)]))
    for days in range(9):
        found.log_store.write(f"agent: lead {700 + days} scored", "POST /chat 200", days_ago=days + 0.1)
    found.log_store.write("POST /v1/leads 401 Unauthorized ip=203.0.113.77", days_ago=3.4)
    found.pagerduty.add_user("PANA001", "Ana Souza", "ana@plantao-demo.example")
    found.pagerduty.oncalls.append(Oncall("PSCHED1", "PANA001"))
    found.vendors.github.run("security.yml", "success", hours=20)
    found.vendors.github.run("sync-production.yml", "success", hours=31)


def _settle_chroma(found: "Neighbours") -> None:
    platform = found.railway[CHROMA].platform
    backend = platform.add_service("backend", **_secret("JWT_SECRET", "GROQ_API_KEY"), LLM_PROVIDER="groq")
    platform.deployed(backend, "a1b2c3d", "feat: streaming answers", hours=70)
    platform.deployed(backend, "e4f5a6b", "fix: retry the store", hours=20)
    found.prometheus[CHROMA].page["rate_limit_exceeded_total"] = 12.0


def _settle_harven(found: "Neighbours") -> None:
    vendors, coolify = found.vendors, found.coolify
    found.prometheus[HARVEN].page['http_requests_total{status="200"}'] = _counted
    found.grafana.dashboards["api-overview"] = Dashboard("API Overview", {1: "Requests", 2: "Latency p95"})
    vendors.sentry.organization = HARVEN
    vendors.sentry.happen("TimeoutError: OpenAI took longer than 30 s", project="backend", hours=9, substatus="ongoing")
    vendors.supabase.tables.add("users")
    vendors.supabase.migrate("lessons_by_voice", hours=54)
    for name, value in (("OPENAI_MODEL", "gpt-4"), ("AI_CACHE_TTL", "3600"), ("DB_POOL_SIZE", "10")):
        coolify.set(name, value)
    coolify.set("DB_MAX_OVERFLOW", "5")
    coolify.set("JWT_SECRET", secrets.token_hex(24))
    coolify.changed["JWT_SECRET"] -= timedelta(days=41)
    coolify.deployed("9c8b7a6", "feat: lessons by voice", hours=52)
    coolify.deployed("1f2e3d4", "fix: cache of answers", hours=6)


def _counted(now: float) -> float:
    """Eight requests a second since the world began to count."""
    return round(8 * (now - _BEGAN))


_BEGAN: Final = time() - 3600.0


def _settle_support(found: "Neighbours") -> None:
    _settle_support_application(found)
    _settle_support_database(found)
    now = datetime.now(UTC)
    lines = (f"{now - timedelta(minutes=3 * age):%Y-%m-%d %H:%M:%S} {line}" for age, line in enumerate(_LOG))
    found.log.write_text("\n".join(reversed(list(lines))) + "\n", encoding="utf-8")
    for hours in (170, 2):
        found.vendors.github.run("dependencies.yml", "success", hours=hours)
    found.vendors.github.permissions |= {"actions_write", "contents"}
    for workflow, hours in (("security-patch.yml", 900), ("deploy.yml", 52)):
        found.vendors.github.run(workflow, "success", hours=hours)


def _settle_support_application(found: "Neighbours") -> None:
    app = found.vendors.app
    app.health = {
        "status": "ok",
        "mongodb": "connected",
        "chromadb": "connected",
        "openai": "available",
        "version": "1.8.2",
    }
    today = {"messages_processed": 412, "tickets_total": 60, "tickets_resolved_automatically": 52}
    app.figures_at = {
        "/api/stats/today": today | {"tickets_escalated": 7, "mean_response_seconds": 2.3},
        "/api/tickets/escalated": {"pending": 3},
    }
    for number in range(3):
        category = ("billing", "delivery", "login")[number]
        ticket: dict[str, Any] = {"id": number, "company_id": f"company_{number}", "category": category}
        app.tickets.append(ticket | {"status": "escalated", "confidence": 0.7})
    app.answers |= {"horário": "Atendemos das 8h às 18h.", "devol": "Você pode devolver em até 30 dias."}
    settings = {"custom_instructions": "Responda em português.", "integrations": {"telegram": True}}
    app.companies["test_company"] = {"name": "Empresa de teste", **settings, "knowledge_base": ["faq.md"]}


def _settle_support_database(found: "Neighbours") -> None:
    now = datetime.now(UTC)
    for number in range(8):
        at = now - timedelta(minutes=9 * number)
        ticket = {"ticket_number": 4700 + number, "status": "resolved", "created_at": at}
        found.mongo.insert("support", "tickets", ticket)
    found.mongo.insert("support", "audit_logs", *({"event": "login", "at": now} for _ in range(40)))
    found.mongo.insert("support", "interactions", *({"turn": turn} for turn in range(90)))
    account = {"email": "teste@yourcompany.com", "role": "viewer", "company_id": "test_company"}
    found.mongo.insert("support", "dashboard_users", account)
    for hours in (3, 27, 51):
        found.atlas.add_snapshot(now - timedelta(hours=hours))
    by_status = {"find": "tickets", "filter": {"company_id": "company_1", "status": "open"}, "sort": {"created_at": -1}}
    found.atlas.add_slow("support.tickets", 640, "COLLSCAN", by_status)
    found.atlas.suggest("support.tickets", {"company_id": 1, "status": 1, "created_at": -1}, 212, 480.0)
    found.mongo.load.idle = {"customer-support-api": 6, "dashboard": 2}


def _host(found: "Neighbours") -> None:
    """Applications that are down while their container is; that of Agente de IA runs in the cluster."""

    def is_up(name: str) -> bool:
        one = found.container(name)
        return one is not None and one.is_running and not one.is_stuck

    found.sites[HARVEN].runs_in(lambda: is_up("harven-backend"))
    found.vendors.app.runs_in(lambda: is_up("customer-support-api"))


def _settle_etp(found: "Neighbours") -> None:
    platform = found.railway[ETP].platform
    backend = platform.add_service("backend", **_secret("JWT_SECRET", "OPENAI_API_KEY"), DATABASE_PASSWORD=ETP_PASSWORD)
    frontend = platform.add_service("frontend", VITE_API_URL="https://backend.example.com")
    postgres = platform.add_service("postgres")
    platform.deployed(postgres, "postgres16", "PostgreSQL 16", hours=2000)
    for service, commits in ((backend, ("c0ffee1", "beef002")), (frontend, ("fade003", "cafe004"))):
        platform.deployed(service, commits[0], "feat: sections in order", hours=90)
        platform.deployed(service, commits[1], "fix: titles with accents", hours=15)


def _secret(*names: str) -> dict[str, str]:
    """Variables with values that nobody may see."""
    return {name: secrets.token_hex(20) for name in names}
