"""Prometheus and what speaks its API (Mimir, Thanos, VictoriaMetrics), and plain pages of metrics; reads only."""
