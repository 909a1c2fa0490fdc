"""A canary: a new version takes a share of the traffic, step by step, beside the one that is stable.

The share is real or it is refused. Either pods are counted, those of two deployments behind one Service (`pods.py`), or
traffic is weighted, at an Ingress of nginx or a route of the Gateway API (`weights.py`).
"""
