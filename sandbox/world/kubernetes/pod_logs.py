"""Log lines of pods, computed from the pod's identity and the clock, so that reading twice gives the same lines."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from sandbox.world.kubernetes import pod_states
from sandbox.world.kubernetes.images import Fate, tag_of
from sandbox.world.kubernetes.resources import Document, parse_timestamp, timestamp

FAKE_EMAIL = "maria.teste@example.com"
FAKE_TOKEN = "sk-test-0000FAKE0000FAKE0000FAKE0000"  # noqa: S105 - invented, so that masking has something to mask

_INTERVAL = timedelta(seconds=1)
_KEPT_LINES = 300
_PERSONAL_EVERY = 10

_ROUTINE = (
    ("INFO", "agent.router", "intent classified"),
    ("INFO", "agent.sales", "response sent"),
    ("INFO", "agent.llm", "LLM latency 0.9s model=gpt-4o-mini"),
    ("INFO", "agent.memory", "conversation context loaded"),
    ("WARNING", "agent.crm", "CRM request took 1.8s"),
)
_PLAIN = {
    "postgresql": (
        "LOG:  database system is ready to accept connections",
        "LOG:  checkpoint complete: wrote 412 buffers (2.5%)",
        "LOG:  automatic vacuum of table agente.public.messages: index scans: 1",
    ),
    "redis": (
        "1:M * Ready to accept connections tcp",
        "1:M * 100 changes in 300 seconds. Saving...",
        "1:M * Background saving terminated with success",
    ),
}
_TROUBLE = {
    Fate.BAD: ("ERROR", "agent.api", "unhandled exception: KeyError 'tenant_id' in build_context (500)"),
    Fate.SLOW: ("WARNING", "agent.api", "request took 4.2s, waiting for a database connection (pool 5/5)"),
}


@dataclass
class Outage:
    """A dependency that fails for a while; the pods complain about it meanwhile."""

    message: str
    since: datetime
    until: datetime | None = None

    def covers(self, moment: datetime) -> bool:
        return self.since <= moment and (self.until is None or moment < self.until)


@dataclass(frozen=True)
class Said:
    """A line that a test or a story lets a pod write: all pods of an app, or one by its name."""

    who: str
    text: str
    at: datetime
    container: str = ""


@dataclass(frozen=True)
class PodLog:
    """The log of one pod: what its main container writes by itself, and what it is made to say."""

    pod: Document
    fate: Fate
    outages: Sequence[Outage]
    now: datetime
    said: Sequence[Said] = ()

    def lines(self, container: str = "") -> list[tuple[datetime, str]]:
        own: str = self.pod["spec"]["containers"][0]["name"]
        wanted = container or own
        metadata = self.pod["metadata"]
        names = {metadata["name"], metadata["labels"].get("app", "")}
        said = [(one.at, one.text) for one in self.said if one.who in names and (one.container or own) == wanted]
        return sorted([*(self._routine() if wanted == own else []), *said], key=lambda line: line[0])

    def _routine(self) -> list[tuple[datetime, str]]:
        started = self._running_since()
        if started is None:
            return self.crashed()
        newest = max(0, (self.now - started) // _INTERVAL)
        oldest = max(0, newest - _KEPT_LINES + 1)
        opening = self._opening(started) if oldest == 0 else []
        moments = ((slot, started + slot * _INTERVAL) for slot in range(oldest, newest + 1))
        return opening + [(moment, self._line(slot, moment)) for slot, moment in moments]

    def crashed(self) -> list[tuple[datetime, str]]:
        """What the container that ended left behind; nothing where none ever ran."""
        if not pod_states.restarts_of(self.pod):
            return []
        ended = self.pod["status"]["containerStatuses"][0]["lastState"]["terminated"]
        moment = parse_timestamp(ended["finishedAt"])
        trace = (
            "Traceback (most recent call last):",
            '  File "/app/agent/main.py", line 31, in <module>',
            "    settings = load_settings()",
            '  File "/app/agent/settings.py", line 18, in load_settings',
            '    return Settings(llm_api_base=os.environ["LLM_API_BASE"])',
            "KeyError: 'LLM_API_BASE'",
        )
        failure = self._entry(moment, "CRITICAL", "agent.main", "startup failed: missing setting LLM_API_BASE")
        return [*self._opening(moment)[:1], *((moment, line) for line in trace), (moment, failure)]

    def _running_since(self) -> datetime | None:
        if pod_states.waiting_reason(self.pod):
            return None
        running = self.pod["status"]["containerStatuses"][0]["state"].get("running")
        return parse_timestamp(running["startedAt"]) if running else None

    @property
    def _plain(self) -> tuple[str, ...]:
        """What a database writes, which is no JSON."""
        return _PLAIN.get(self.pod["metadata"]["labels"].get("app", ""), ())

    def _opening(self, moment: datetime) -> list[tuple[datetime, str]]:
        container = self.pod["spec"]["containers"][0]
        if self._plain:
            return [(moment, self._plain[0])]
        said = (
            ("agent.main", f"starting {container['name']} {tag_of(container['image'])}"),
            ("agent.db", "connected to postgresql pool_size=20"),
            ("agent.llm", f"provider configured authorization=Bearer {FAKE_TOKEN}"),
            ("agent.crm", f"contact synced email={FAKE_EMAIL}"),
            ("uvicorn.error", "Application startup complete."),
            *self._profiled(container),
        )
        return [(moment, self._entry(moment, "INFO", logger, message)) for logger, message in said]

    @staticmethod
    def _profiled(container: Document) -> list[tuple[str, str]]:
        is_on = {"name": "MEMORY_PROFILING", "value": "true"} in container.get("env", [])
        return [("agent.memory", "memory profile written to /tmp/memory-0001.prof")] if is_on else []

    def _line(self, slot: int, moment: datetime) -> str:
        # One random source per slot: a line never changes once it was readable.
        chance = Random(f"{self.pod['metadata']['uid']}:{slot}")  # noqa: S311 - no secret depends on it
        if self._plain:
            return chance.choice(self._plain)
        outage = next((one for one in self.outages if one.covers(moment)), None)
        if slot and slot % _PERSONAL_EVERY == 0:
            return self._entry(moment, "INFO", "agent.crm", f"lead synced email={FAKE_EMAIL} token={FAKE_TOKEN}")
        if outage and chance.random() < 0.8:
            return self._entry(moment, "ERROR", "agent.memory", outage.message)
        if self.fate in _TROUBLE and (slot == 0 or chance.random() < 0.7):
            return self._entry(moment, *_TROUBLE[self.fate])
        return self._entry(moment, *chance.choice(_ROUTINE))

    def _entry(self, moment: datetime, level: str, logger: str, message: str) -> str:
        pod = self.pod["metadata"]["name"]
        entry = {"ts": timestamp(moment), "level": level, "logger": logger, "message": message, "pod": pod}
        return json.dumps(entry, ensure_ascii=False)
