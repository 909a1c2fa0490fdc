"""Alertmanager: which alerts are active, and silences with an end."""
