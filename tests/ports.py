"""Loopback ports for the servers of the tests, and one where nobody ever listens."""

import itertools
import os
import socket

NOBODY = 1
# Below the kernel's own range (32768 and up): between asking for a port and listening there, no connection
# and no other server is given it. Each worker of the suite has a thousand of its own.
_FIRST = 12_000 + 1_000 * int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
_TURNS = itertools.count(os.getpid())


def free_port() -> int:
    """A port on which a server may be started now."""
    return next(port for turn in _TURNS if _is_free(port := _FIRST + turn % 1_000))


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0
