"""Coolify: one application with its deployments and variables, through version 1 of its API."""
