"""Emulators of what watches production, none of them the real thing: Prometheus, Grafana, Elasticsearch and others."""

from sandbox.world.observability.alertmanager import Alertmanager, open_alertmanager
from sandbox.world.observability.elasticsearch import Elasticsearch, open_elasticsearch
from sandbox.world.observability.grafana import Grafana, open_grafana
from sandbox.world.observability.pagerduty import PagerDuty, open_pagerduty
from sandbox.world.observability.prometheus import Prometheus, open_prometheus
from sandbox.world.observability.tempo import Tempo, open_tempo

__all__ = [
    "Alertmanager",
    "Elasticsearch",
    "Grafana",
    "PagerDuty",
    "Prometheus",
    "Tempo",
    "open_alertmanager",
    "open_elasticsearch",
    "open_grafana",
    "open_pagerduty",
    "open_prometheus",
    "open_tempo",
]
