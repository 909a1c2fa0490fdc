"""Emulators of what watches production: Prometheus, Alertmanager, Grafana, Tempo, PagerDuty. None is the real thing."""

from sandbox.world.observability.alertmanager import Alertmanager, open_alertmanager
from sandbox.world.observability.grafana import Grafana, open_grafana
from sandbox.world.observability.pagerduty import PagerDuty, open_pagerduty
from sandbox.world.observability.prometheus import Prometheus, open_prometheus
from sandbox.world.observability.tempo import Tempo, open_tempo

__all__ = [
    "Alertmanager",
    "Grafana",
    "PagerDuty",
    "Prometheus",
    "Tempo",
    "open_alertmanager",
    "open_grafana",
    "open_pagerduty",
    "open_prometheus",
    "open_tempo",
]
