"""What each diagnostic asks for, in the inventory's own words: addresses, metrics, words in a log, names of keys."""

import re
from typing import Final

import pytest
from proving import INVENTORY, named, system

SYSTEMS: Final = {
    "000": "railway-chroma",
    "001": "agente-ia",
    "002": "harven",
    "003": "customer-support",
    "004": "etp-express",
}
ASKED: Final = {
    "000-D01": ["/health"],
    "000-D03": ["uvicorn"],
    "000-D05": ["8000"],
    "000-D06": ["auth_failure"],
    "000-D07": ["JWT_SECRET"],
    "000-D08": ["/metrics", "rate_limit"],
    "000-D09": ["rate_limit", "ip"],
    "000-D10": ["chroma"],
    "000-D11": ["/rag/collections"],
    "000-D12": ["data/chroma"],
    "000-D15": ["GROQ_API_KEY"],
    "000-D18": ["API Error", "Rate limit"],
    "000-D20": ["data"],
    "000-D21": ["data/backups"],
    "001-D03": ["/health"],
    "001-D04": ["/health/db"],
    "001-D05": ["/health/redis"],
    "001-D06": ["/health/llm"],
    "001-D07": ["/version"],
    "001-D10": ["agent_requests_total"],
    "001-D11": ["agent_active_requests"],
    "001-D12": ["agent_errors_total"],
    "001-D13": ["agent_response_time"],
    "001-D14": ["rate_limit_exceeded"],
    "001-D15": ["timeout"],
    "001-D16": ["cost_usd_total"],
    "001-D17": ["llm_"],
    "001-D18": ["llm_tokens_by_model"],
    "001-D19": ["up"],
    "001-D20": ["pg_up"],
    "001-D21": ["redis_up"],
    "001-D27": ["agente-api"],
    "001-D28": ["app=postgresql"],
    "001-D29": ["app=redis"],
    "001-D33": ["agente-api", "100"],
    "001-D34": ["ERROR"],
    "001-D41": ["injection", "unauthorized", "suspicious"],
    "001-D42": ["agente-api", "100"],
    "001-D43": ["agente"],
    "001-D45": ["nginx"],
    "001-D60": ["db_*", "/backups"],
    "001-D64": ["*", "conversation:*"],
    "001-D67": ["redis"],
    "001-D68": ["/v1/models"],
    "001-D70": ["LLM latency"],
    "001-D71": ["LLM", "ERROR"],
    "001-D72": ["api.openai.com", "postgres-service", "5432", "redis-service", "6379"],
    "001-D73": ["CRM", "CRM request"],
    "001-D74": ["CRM fallback active"],
    "001-D75": ["/services/data/v57.0/"],
    "001-D77": ["crm_retry_queue"],
    "002-D02": ["histogram_quantile(0.95, sum(rate(http_request_duration_seconds_bucket[5m])) by (le, handler))"],
    "002-D07": ["harven-backend", "error", "100"],
    "002-D08": ["http_requests_total"],
    "002-D11": ["JWT_SECRET"],
    "002-D12": ["rate_limit:*"],
    "002-D15": ["harven-backend", "openai", "100"],
    "002-D16": ["ai:*"],
    "002-D19": ["harven-backend", "supabase", "100"],
    "002-D24": ["/"],
    "002-D25": ["/metrics", "http_requests"],
    "003-D01": ["/health", "mongodb", "chromadb", "openai", "version"],
    "003-D10": ["customer-support-api", "ERROR"],
    "003-D11": ["customer-support-api", "100"],
    "003-D19": ["customer-support-api"],
    "003-D20": ["OpenAI", "duration", "20"],
    "003-D21": ["OpenAI", "20"],
    "003-D22": ["EscalatorAgent", "50"],
    "003-D24": ["telegram"],
    "003-D28": ["ingest-message", "20"],
    "003-D29": ["AgentPipeline", "20"],
    "003-D33": ["dashboard_users"],
    "003-D36": ["chromadb"],
    "003-D37": ["memory", "leak", "gc"],
    "004-D01": ["/api/health"],
    "004-D02": ["HEAD"],
    "004-D03": ["/api/etps"],
    "004-D06": ["/api/sections/", "/generate", "201"],
    "004-D07": ["/api/auth/login"],
    "004-D12": ["database", "postgres", "connection"],
    "004-D13": ["slow query", "timeout", "exceeded"],
    "004-D14": ["openai", "gpt-4"],
    "004-D15": ["heap", "memory", "oom"],
    "004-D16": ["auth", "jwt", "token", "unauthorized"],
    "004-D17": ["migration", "foreign key", "constraint"],
    "004-D18": ["rate limit", "429", "too many requests"],
    "004-D19": ["login", "auth", "unauthorized"],
    "004-D20": ["50"],
    "004-D21": ["50"],
    "004-D24": ["users"],
    "004-D26": ["title"],
    "004-D28": ["/api/etps/", "title"],
    "004-D34": ["JWT_SECRET"],
    "004-D35": ["VITE_API_URL"],
    "004-D38": ["JWT_SECRET", "DATABASE_PASSWORD", "OPENAI_API_KEY"],
}


@pytest.mark.parametrize("item", ASKED)
def test_a_diagnostic_asks_for_what_the_inventory_names(item: str) -> None:
    checks = [one for one in system(SYSTEMS[item[:3]]).checks.values() if item in named([one.source])]
    said = [str(value) for one in checks for value in flat(dict(one.parameters))]
    assert [word for word in ASKED[item] if not any(word in one for one in said)] == []


def flat(value: object) -> list[object]:
    """What stands in parameters, without their own names."""
    if isinstance(value, dict):
        return [inner for one in value.values() for inner in flat(one)]
    return [inner for one in value for inner in flat(one)] if isinstance(value, list | tuple) else [value]


def test_the_words_of_this_file_are_those_of_the_inventory() -> None:
    text = INVENTORY.read_text(encoding="utf-8") if INVENTORY.exists() else ""
    items = dict(re.findall(r"^- \[[ xX]\] \*\*(\d{3}-D\d\d)\*\* (.*)$", text, re.MULTILINE))
    assert [(id_, word) for id_, words in ASKED.items() for word in words if items and word not in items[id_]] == []
