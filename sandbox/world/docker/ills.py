"""Makes a container ill, and well again."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final, Literal

from sandbox.world.docker.container import Container, Line
from sandbox.world.docker.program import ERR, Course
from sandbox.world.docker.seed import POLICY

DockerIll = Literal["killed", "restarting", "unhealthy", "stopped", "leaking", "noisy", "well"]
_LEAKING: Final = 0.93
_BROKEN: Final = Course(((ERR, "ERROR ModuleNotFoundError: No module named 'app.settings'"),), 1)
_TIMED_OUT: Final = "curl: (28) Operation timed out after 5001 milliseconds with 0 bytes received"
_COMPLAINTS: Final = (
    "ERROR OpenAI chat completion failed: 429 rate limit reached",
    "ERROR database connection pool exhausted, waited 30 s",
)
_LOUD: Final = 40


def sicken(one: Container, ill: DockerIll, now: datetime) -> None:
    """One illness at a time: what it had before is over."""
    _heal(one, now)
    _ILLS[ill](one, now)


def _heal(one: Container, now: datetime) -> None:
    one.image.fault = None
    one.host["RestartPolicy"] = POLICY
    if not one.is_running or one.is_stuck or one.used == _LEAKING:
        one.restarts = 0
        one.start(now)


def _kill(one: Container, now: datetime) -> None:
    one.run_out_of_memory(now)


def _break(one: Container, now: datetime) -> None:
    """Its image is at fault, so that restarting it does not help."""
    one.image.fault = _BROKEN
    one.host["RestartPolicy"] = {"Name": "unless-stopped", "MaximumRetryCount": 0}
    one.stop(now)
    one.start(now)


def _hang(one: Container, _now: datetime) -> None:
    one.is_stuck, one.last_check = True, _TIMED_OUT


def _stop(one: Container, now: datetime) -> None:
    one.stop(now)


def _leak(one: Container, _now: datetime) -> None:
    one.used = _LEAKING


def _complain(one: Container, now: datetime) -> None:
    one.lines += [Line(now, ERR, _COMPLAINTS[number % len(_COMPLAINTS)]) for number in range(_LOUD)]


_ILLS: Final[Mapping[DockerIll, Callable[[Container, datetime], None]]] = {
    "killed": _kill,
    "restarting": _break,
    "unhealthy": _hang,
    "stopped": _stop,
    "leaking": _leak,
    "noisy": _complain,
    "well": lambda _one, _now: None,
}
