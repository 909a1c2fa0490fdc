"""Secrets from outside: whether they are set, how old, and whether two are the same; never what they are."""
