"""How long to wait between two looks: short at first, for what is done at once, then gentle to the API server."""

from collections.abc import Iterator
from itertools import islice
from typing import Final

_FIRST: Final = 0.1
_LONGEST: Final = 1.0
_LOOKS: Final = 7


def growing() -> Iterator[float]:
    """Seconds, without end; whoever uses it bounds the time."""
    pause = _FIRST
    while True:
        yield pause
        pause = min(2 * pause, _LONGEST)


def after_a_lost_answer() -> Iterator[float]:
    """Seven looks in four and a half seconds, in which a change that was made can be seen."""
    return islice(growing(), _LOOKS)
