"""What bench/approve.py works with: Slack's side of a click, an ear on the record, and a catalog of many targets."""

import json
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import aiohttp
import yaml
from slack_sdk.signature import SignatureVerifier

from bot.settings import HERE
from bot.store.connect import Client

PREFIX = "{plantao}"
PATIENCE = 300.0


@dataclass
class Slack:
    """Sends what Slack would send when somebody types or clicks."""

    session: aiohttp.ClientSession
    secret: str
    team: str
    _sent: int = field(default=0)

    async def command(self, url: str, text: str) -> None:
        name, _, words = text.partition(" ")
        form = {"command": name, "text": words, "user_id": "U0ANA", "channel_id": "C0INCIDENTS"}
        await self._post(url, {**form, "team_id": self.team, "trigger_id": self._trigger()})

    async def approve(self, url: str, value: str) -> float:
        """Click; the moment before."""
        payload = {
            "type": "block_actions",
            "team": {"id": self.team},
            "user": {"id": "U0BRUNO", "team_id": self.team},
            "channel": {"id": "C0INCIDENTS"},
            "trigger_id": self._trigger(),
            "actions": [{"type": "button", "action_id": "run:approve", "block_id": "b", "value": value}],
        }
        clicked = time.time()
        await self._post(url, {"payload": json.dumps(payload)})
        return clicked

    def _trigger(self) -> str:
        self._sent += 1
        return f"bench-{self._sent}"

    async def _post(self, url: str, form: dict[str, str]) -> None:
        body = urlencode({"response_url": "http://127.0.0.1:9/none", "api_app_id": "A0", **form})
        stamp = str(int(time.time()))
        headers = {
            "x-slack-request-timestamp": stamp,
            "x-slack-signature": str(SignatureVerifier(self.secret).generate_signature(timestamp=stamp, body=body)),
            "content-type": "application/x-www-form-urlencoded",
        }
        async with self.session.post(url, data=body, headers=headers) as answer:
            words = await answer.text()
        if answer.status != 200 or "⚠" in words:
            raise RuntimeError(f"{answer.status} {words[:200]}")


class Watch:
    """Follows the feed of the record: when which fact of which run was stored, by the server's clock."""

    def __init__(self, redis: Client) -> None:
        self._redis = redis
        self._after = "0-0"
        self.stored: dict[bytes, list[tuple[bytes, float]]] = {}

    async def until(self, kinds: set[bytes], runs: int, patience: float = 0.0) -> None:
        """Go on until so many runs have got to one of these facts; with `patience`, or until that is over."""
        deadline = time.monotonic() + (patience or PATIENCE)
        while sum(self.moment(run, kinds) is not None for run in self.stored) < runs:
            if time.monotonic() > deadline and patience:
                return
            if time.monotonic() > deadline:
                raise RuntimeError(f"only {self.count(kinds)} of {runs} runs got to {sorted(kinds)}")
            answer = await self._redis.xread({f"{PREFIX}:feed": self._after}, block=1000, count=1000)
            streams = answer.values() if isinstance(answer, dict) else [entries for _, entries in answer or []]
            for entries in streams:
                for page in entries if entries and isinstance(entries[0], list) else [entries]:
                    self._note(page)

    def _note(self, page: list[tuple[bytes, dict[bytes, bytes]]]) -> None:
        for id, fields in page:
            self._after = id.decode()
            at = int(id.partition(b"-")[0]) / 1000
            self.stored.setdefault(fields[b"stream"], []).append((fields[b"kind"], at))

    def moment(self, run: bytes, kinds: set[bytes]) -> float | None:
        return next((at for kind, at in self.stored.get(run, []) if kind in kinds), None)

    def count(self, kinds: set[bytes]) -> int:
        return sum(kind in kinds for facts in self.stored.values() for kind, _ in facts)


def write_catalog(folder: Path, targets: int) -> None:
    """Many targets, each under a variable of its own, so that a lease on one does not hold up all."""
    folder.mkdir(parents=True)
    system = yaml.safe_load((HERE / "catalog" / "agente-ia" / "system.yml").read_text(encoding="utf-8"))
    names = [f"store-{number}" for number in range(targets)]
    system["targets"] = {
        name: {"provider": "redis", "address": {"url": f"env:PATIENT_{number}"}} for number, name in enumerate(names)
    }
    title = {"en": "delete", "pt": "apagar"}
    check = {"title": title, "group": "redis", "target": names[0], "operation": "redis.ping"}
    actions = {
        f"delete-{number}": {
            "title": title,
            "target": name,
            "operation": "redis.delete_key",
            "parameters": {"prefixes": ["bench:"]},
            "asks": {"key": {"title": title, "pattern": "bench:[0-9]+"}},
            "risk": "medium",
            "approve": {"roles": ["approver"], "expires": "1h"},
            "evidence": ["answers"],
            "verify": ["answers"],
            "undo": {"en": "none", "pt": "nenhum"},
        }
        for number, name in enumerate(names)
    }
    files: dict[str, Any] = {
        "system": system,
        "checks": {"checks": {"answers": check}},
        "actions": {"actions": actions},
    }
    for name, content in files.items():
        (folder / f"{name}.yml").write_text(yaml.safe_dump(content), encoding="utf-8")
