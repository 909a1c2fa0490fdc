"""What stands at one path of a machine: enough to know it again, and to refuse what is no folder."""

from dataclasses import dataclass

from bot.core.errors import TargetError
from bot.providers.host.ssh import Machine


@dataclass(frozen=True, slots=True)
class Entry:
    """A file, folder or link as `stat` tells it; links are not followed."""

    inode: str
    device: str
    kind: str
    changed: str


async def entry_at(machine: Machine, path: str) -> Entry | None:
    """What is there, or None."""
    answer = await machine.run("stat", "-c", "%i %d %Y %F", "--", path)
    if answer.code and answer.is_absent:
        return None
    if answer.code:
        raise machine.refusal(answer, path)
    inode, device, changed_at, kind = answer.text.strip().split(" ", 3)
    return Entry(inode, device, kind, changed_at)


async def folder_at(machine: Machine, path: str) -> Entry:
    """The folder there; raises TargetError for anything else."""
    entry = await entry_at(machine, path)
    if entry is None:
        raise TargetError("{where} has no {path}.", where=machine.address.where, path=path)
    if entry.kind != "directory":
        raise TargetError("{path} is no folder but a {kind}.", path=path, kind=entry.kind)
    return entry


def parent_of(path: str) -> str:
    """The folder that a path is in."""
    return path.rpartition("/")[0] or "/"
