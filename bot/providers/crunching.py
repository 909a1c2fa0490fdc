"""Work that takes the processor and not the wait: reading and masking thousands of lines, parsing megabytes."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Final, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

# Few threads: all share one interpreter with the loop, and more than one only so that a small log need not wait for a
# large one. Of its own: names and files are looked up in the loop's threads, and must not queue behind it.
_THREADS: Final = ThreadPoolExecutor(3, thread_name_prefix="crunching")


async def crunch(work: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
    """Do the work while the loop goes on; what is given up before its turn is never begun."""
    return await asyncio.get_running_loop().run_in_executor(_THREADS, partial(work, *args, **kwargs))
