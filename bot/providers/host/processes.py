"""Which processes run, and whether a port is listened on."""

import ipaddress
import re
from typing import Final

from pydantic import Field

from bot.core.errors import TargetError
from bot.core.findings import Measurement, Reading
from bot.core.operation import Parameters, Read
from bot.core.redaction import mask
from bot.core.text import Text, say
from bot.providers.host.address import Address
from bot.providers.host.ssh import LIMIT, logged_in

_SHOWN: Final = 10
_ARGS_LIMIT: Final = 160
_LISTENING: Final = re.compile(r"^\s*\d+: ([0-9A-F]{8}|[0-9A-F]{32}):[0-9A-F]{4} ")
_NO_FILE: Final = re.compile(r"/proc/net/tcp: ")


class Pattern(Parameters):
    """Words that the command line of a process contains, upper and lower case as they are."""

    pattern: str = Field(pattern=r"^[\w .:/=@+-]{2,100}$")


class Port(Parameters):
    """A TCP port."""

    port: int = Field(ge=1, le=65535)


async def _read_processes(address: Address, wanted: Pattern) -> Reading:
    """All processes are listed and the pattern is looked for here: so the search never finds itself."""
    async with logged_in(address) as machine:
        listed = await machine.ask("ps", "-ww", "-eo", "pid=,etimes=,args=", about="the process list")
    found = [line.split(None, 2) for line in listed.splitlines() if line.count(" ") > 1]
    matching = sorted(((int(age), pid, args) for pid, age, args in found if wanted.pattern in args), reverse=True)
    none = None if matching else say("no process matches")
    return Reading(
        say("{count} processes with “{pattern}”", count=len(matching), pattern=wanted.pattern),
        (
            Measurement("count", len(matching)),
            Measurement("oldest_s", matching[0][0] if matching else None, "s", none),
            Measurement("youngest_s", matching[-1][0] if matching else None, "s", none),
        ),
        tuple(f"{pid}  {age} s  {mask(args)[:_ARGS_LIMIT]}" for age, pid, args in matching[:_SHOWN]),
    )


async def _read_port(address: Address, wanted: Port) -> Reading:
    """From the kernel's own table; 0A is the state LISTEN."""
    row = f"^ *[0-9]+: [0-9A-F]+:{wanted.port:04X} [0-9A-F]+:[0-9A-F]+ 0A "
    async with logged_in(address) as machine:
        answer = await machine.run("grep", "-hE", row, "/proc/net/tcp", "/proc/net/tcp6")
    if _NO_FILE.search(answer.error):
        raise TargetError("{where} does not tell its ports: there is no /proc/net/tcp.", where=address.where)
    addresses = sorted({_address(found[1]) for line in answer.text.splitlines() if (found := _LISTENING.match(line))})
    return Reading(
        _port_summary(wanted.port, addresses),
        (
            Measurement("listening", bool(addresses)),
            Measurement(
                "local_only",
                all(ipaddress.ip_address(one).is_loopback for one in addresses) if addresses else None,
                missing=None if addresses else say("nothing listens"),
            ),
        ),
        tuple(mask(f"{one} port {wanted.port}") for one in addresses),
    )


def _port_summary(port: int, addresses: list[str]) -> Text:
    if not addresses:
        return say("nothing listens on port {port}", port=port)
    return say("port {port} is listened on", port=port)


def _address(digits: str) -> str:
    """The kernel prints each group of four bytes in the order of the processor, which is little-endian."""
    groups = [bytes.fromhex(digits[start : start + 8])[::-1] for start in range(0, len(digits), 8)]
    return str(ipaddress.ip_address(b"".join(groups)))


PROCESSES = Read("host.processes", Address, Pattern, LIMIT, _read_processes)
PORTS = Read("host.ports", Address, Port, LIMIT, _read_port)
