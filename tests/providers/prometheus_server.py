"""The real Prometheus and Alertmanager on free loopback ports, and a tiny exporter in this process."""

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from time import monotonic
from urllib.error import URLError
from urllib.request import ProxyHandler, build_opener

import pytest
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, start_http_server

from tests.ports import NOBODY, free_port

PATIENCE = 40.0
_CONFIG = """
global: {{scrape_interval: 1s, evaluation_interval: 1s}}
rule_files: [{rules}]
scrape_configs:
- {{job_name: api, static_configs: [{{targets: ["127.0.0.1:{exporter}"]}}]}}
- {{job_name: dead, static_configs: [{{targets: ["127.0.0.1:{dead}"]}}]}}
"""
_RULES = """
groups:
- name: tests
  rules:
  - {alert: HighErrorRate, expr: 'demo_alarm > 0', labels: {severity: critical, owner: maria@example.com}}
  - {alert: SlowBurn, expr: 'demo_alarm > 0', for: 1h, labels: {severity: warning}}
"""
_ALERTMANAGER = """
route: {receiver: nobody, group_wait: 0s, group_interval: 1s}
receivers: [{name: nobody}]
"""


class Exporter:
    """Figures that Prometheus scrapes; the page itself is also there for `prometheus.scrape`."""

    def __init__(self) -> None:
        registry = CollectorRegistry()
        self.alarm = Gauge("demo_alarm", "one while something is wrong", registry=registry)
        self.memory = Gauge("demo_memory_percent", "per pod", ["pod", "owner"], registry=registry)
        self.requests = Counter("demo_requests", "by status", ["status"], registry=registry)
        self.latency = Histogram("demo_seconds", "by handler", ["handler"], buckets=(0.5, 1, 5), registry=registry)
        self.server, self.thread = start_http_server(0, "127.0.0.1", registry)
        self.port = self.server.server_port
        self.url = f"http://127.0.0.1:{self.port}/metrics"

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


class Daemon:
    """One of the two servers, as a child process."""

    def __init__(self, url: str, process: subprocess.Popen[bytes]) -> None:
        self.url = url
        self.process = process

    @contextmanager
    def paused(self) -> Iterator[None]:
        os.kill(self.process.pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(self.process.pid, signal.SIGCONT)

    def end(self) -> None:
        self.process.kill()
        self.process.wait()


def require(program: str) -> None:
    """Skip, but never in CI, on a machine without a server that the bot itself does not need."""
    if shutil.which(program) is None and "CI" not in os.environ:
        pytest.skip(f"{program} is not installed")


@contextmanager
def exporting() -> Iterator[Exporter]:
    exporter = Exporter()
    try:
        yield exporter
    finally:
        exporter.close()


@contextmanager
def prometheus(folder: Path, exporter: Exporter) -> Iterator[Daemon]:
    """A Prometheus that scrapes and evaluates every second; its first sample takes about six."""
    require("prometheus")
    port, rules, config = free_port(), folder / "rules.yml", folder / "prometheus.yml"
    rules.write_text(_RULES)
    config.write_text(_CONFIG.format(rules=rules, exporter=exporter.port, dead=NOBODY))
    options = [f"--config.file={config}", f"--storage.tsdb.path={folder}/data", "--storage.tsdb.retention.time=1h"]
    with _started(["prometheus", *options], port, folder) as daemon:
        yield daemon


@contextmanager
def alertmanager(folder: Path) -> Iterator[Daemon]:
    """An Alertmanager that tells nobody; its gossip port is off."""
    require("prometheus-alertmanager")
    config = folder / "alertmanager.yml"
    config.write_text(_ALERTMANAGER)
    options = [f"--config.file={config}", f"--storage.path={folder}/data", "--cluster.listen-address="]
    with _started(["prometheus-alertmanager", *options], free_port(), folder) as daemon:
        yield daemon


@contextmanager
def _started(command: list[str], port: int, folder: Path) -> Iterator[Daemon]:
    log = folder / "log"
    with log.open("wb") as out:
        process = subprocess.Popen([*command, f"--web.listen-address=127.0.0.1:{port}"], stdout=out, stderr=out)
    daemon = Daemon(f"http://127.0.0.1:{port}", process)
    try:
        _wait_until_ready(daemon, log)
        yield daemon
    finally:
        daemon.end()


def _wait_until_ready(daemon: Daemon, log: Path) -> None:
    deadline = monotonic() + PATIENCE
    while not answers(f"{daemon.url}/-/ready"):
        assert daemon.process.poll() is None, log.read_text()
        assert monotonic() < deadline, log.read_text()
        Event().wait(0.02)


def answers(url: str, words: str = "") -> bool:
    """Whether a page is there and says the words."""
    try:
        with build_opener(ProxyHandler({})).open(url, timeout=2) as response:
            return words in response.read().decode()
    except (URLError, OSError):
        return False


def wait_until_it_watches(daemon: Daemon) -> None:
    """Until the exporter was scraped and its alarm fires, and the target that is not there was missed."""
    deadline = monotonic() + PATIENCE
    for page, words in (("alerts", '"state":"firing"'), ("query?query=up", '"job":"dead"')):
        while not answers(f"{daemon.url}/api/v1/{page}", words):
            assert monotonic() < deadline, f"nothing at {page} says {words}"
            Event().wait(0.1)
