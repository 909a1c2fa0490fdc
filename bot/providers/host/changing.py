"""What all changes on a machine share: privileges by sudo's own rules, and looking again after a lost answer."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Final, TypeVar

from bot.core.errors import Denied, TargetError, TimedOut, Unreachable
from bot.providers.host.address import Address
from bot.providers.host.ssh import Answer, Machine, logged_in

T = TypeVar("T")
_PAUSES: Final = (0.1, 0.2, 0.4, 0.8, 1.6)
_DENIALS: Final = ("password is required", "authentication required", "not allowed to execute", "Access denied")


async def privileged(machine: Machine, *argv: str, limit: float, output: int = 64 * 1024) -> Answer:
    """Run a command that may need root, through `sudo -n` where the target says so; raises Denied with the rule."""
    words = ("sudo", "-n", *argv) if machine.address.sudo else argv
    answer = await machine.run(*words, limit=limit, output=output)
    if answer.code and any(denial in answer.error for denial in _DENIALS):
        command = " ".join(argv) if argv[0].startswith("/") else f"/usr/bin/{' '.join(argv)}"
        raise Denied(
            "The user `{user}` may not run it on {where}. Add to sudoers (and `sudo: true` to the target): "
            "`{user} ALL=(root) NOPASSWD: {command}`",
            user=machine.address.user,
            where=machine.address.where,
            command=command,
        )
    return answer


async def look_again(
    address: Address, look: Callable[[Machine], Awaitable[T]], is_done: Callable[[T], bool], what: str
) -> T:
    """What is there after an answer got lost, over new connections; nothing is sent again.

    What was sent may still be under way, so that the first look proves nothing.
    """
    seen: list[T] = []
    for pause in _PAUSES:
        await asyncio.sleep(pause)
        with suppress(Unreachable, TimedOut):
            async with logged_in(address) as machine:
                seen.append(await look(machine))
            if is_done(seen[-1]):
                break
    if seen:
        return seen[-1]
    raise Unreachable(
        "The connection to {where} broke while this was sent: {what}. Whether it was done is not known; look at the "
        "machine before anybody tries again.",
        where=address.where,
        what=what,
    )


def failed(machine: Machine, answer: Answer, what: str) -> TargetError:
    """A command that answered that it failed."""
    return TargetError(
        "{what} failed on {where} with code {code}: {words}",
        what=what,
        where=machine.address.where,
        code=answer.code,
        words=answer.words,
    )


def changed(what: str) -> TargetError:
    """The world moved between the preview and now."""
    return TargetError("{what} no longer looks as it was shown; nothing was done.", what=what)
