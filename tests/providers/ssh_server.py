"""A real SSH server on loopback: commands run for real through `sh`, but for systemd, whose programs are stubs.

The stubs of `systemctl`, `journalctl` and `sudo` keep their state in files, so that a change is seen by its effect.
"""

import asyncio
import os
import shlex
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from time import time
from typing import Final

import asyncssh
from readings import Settings

_READS: Final = (
    "ps",
    "df",
    "du",
    "find",
    "stat",
    "tail",
    "date",
    "grep",
    "sha256sum",
    "gzip",
    "systemctl",
    "journalctl",
)
_CHANGES: Final = ("rm", "mv", "cp", "sudo")
NOBODY: Final = 65534

_SYSTEMCTL = """#!/bin/sh
verb=$1; folder="$UNITS/$2"
if [ "$verb" = show ]; then
    [ -d "$folder" ] || { echo LoadState=not-found; echo ActiveState=inactive; exit 0; }
    for property in LoadState ActiveState SubState Result NRestarts MainPID InvocationID; do
        echo "$property=$(cat "$folder/$property")"
    done
    exit 0
fi
[ "$IS_ROOT" = 1 ] || { echo "Failed to $verb $2: Interactive authentication required." >&2; exit 1; }
echo "$verb $2" >> "$UNITS/asked"
if [ -f "$folder/fails" ] && [ "$verb" != stop ]; then
    echo failed > "$folder/ActiveState"; echo failed > "$folder/SubState"; echo exit-code > "$folder/Result"
    echo "Job for $2 failed because the control process exited with error code." >&2; exit 1
fi
case $verb in
    start|restart)
        echo active > "$folder/ActiveState"; echo running > "$folder/SubState"; echo $$ > "$folder/MainPID"
        cat /proc/sys/kernel/random/uuid > "$folder/InvocationID";;
    stop) echo inactive > "$folder/ActiveState"; echo dead > "$folder/SubState"; echo 0 > "$folder/MainPID";;
esac
"""
_JOURNALCTL = """#!/bin/sh
since=0
for word in "$@"; do
    case $word in
        --unit=*) unit=${word#--unit=};;
        --lines=*) lines=${word#--lines=};;
        --since=-*min) minutes=${word#--since=-}; since=$(($(date +%s) - 60 * ${minutes%min}));;
    esac
done
if [ -f "$UNITS/closed-journal" ]; then
    echo "Hint: You are currently not seeing messages from other users and the system." >&2
    echo "-- No entries --"; exit 0
fi
[ -f "$UNITS/$unit/journal" ] || { echo "-- No entries --"; exit 0; }
awk -v since="$since" '$1 + 0 >= since || !($1 + 0)' "$UNITS/$unit/journal" | tail -n "$lines"
"""
_SUDO = """#!/bin/sh
[ "$1" = -n ] && shift
case $1 in /*) line="$*";; *) line="/usr/bin/$*";; esac
grep -qxF -e "$line" "$UNITS/sudoers" 2>/dev/null || { echo "sudo: a password is required" >&2; exit 1; }
IS_ROOT=1 exec "$@"
"""


class SshServer:
    """The machine, its key pair and the user's, and what goes wrong on it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.units = folder / "units"
        self.port = 0
        self.user_key = asyncssh.generate_private_key("ssh-ed25519")
        self.host_key = asyncssh.generate_private_key("ssh-ed25519")
        self.programs = {*_READS, *_CHANGES}  # beside these only scripts, by their whole path
        self.ran: list[list[str]] = []
        self.is_hung = False
        self.is_nobody = False
        self.is_root = False
        self.cut_before = ""  # the program that is never reached, since the connection breaks
        self.cut_after = ""  # the program, or its verb, whose answer gets lost, once
        self.late = ""  # the same, and it is done only after two further commands
        self._held: list[str] = []
        self._since = 0

    def address(self, **other: object) -> Settings:
        address = {"host": "127.0.0.1", "port": self.port, "key": self.user_key.export_private_key().decode()}
        return {**address, "fingerprint": self.host_key.get_fingerprint("sha256"), **other}

    def known_hosts(self) -> str:
        return f"[127.0.0.1]:{self.port} {self.host_key.export_public_key().decode()}"

    def unit(self, name: str, active: str = "active", sub: str = "running", **others: str) -> Path:
        """Make a unit known to systemd; its folder."""
        folder = self.units / name
        folder.mkdir()
        fields = {"LoadState": "loaded", "ActiveState": active, "SubState": sub, "Result": "success"}
        for field, value in {**fields, "NRestarts": "0", "MainPID": "41", "InvocationID": "a1", **others}.items():
            (folder / field).write_text(f"{value}\n")
        return folder

    def journal(self, name: str, *messages: str) -> None:
        """What a unit wrote just now."""
        rows = [f"{time():.6f} box {name}[41]: {message}" for message in messages]
        (self.units / f"{name}.service" / "journal").write_text("\n".join(rows) + "\n")

    def permit(self, *commands: str) -> None:
        """What `sudo -n` lets through."""
        (self.units / "sudoers").write_text("\n".join(commands) + "\n")

    def asked(self) -> list[str]:
        """The changes that systemd was asked for."""
        file = self.units / "asked"
        return file.read_text().splitlines() if file.exists() else []

    async def handle(self, process: "asyncssh.SSHServerProcess[bytes]") -> None:
        argv = shlex.split(process.command or "")
        self.ran.append(argv)
        if self.is_hung:
            await process.wait_closed()
            return
        if argv[0] not in self.programs and not argv[0].startswith(str(self.folder)):
            process.stderr.write(f"sh: {argv[0]}: not found\n".encode())
            process.exit(127)
            return
        if self.late and self.late in argv[:2]:
            self.late = ""
            self._held.append(process.command or "")
            process.channel.get_connection().abort()
            return
        if self._held:
            self._since += 1
            if self._since > 2:
                await self._run(self._held.pop())
        if self.cut_before and self.cut_before in argv[:2]:
            self.cut_before = ""
            process.channel.get_connection().abort()
            return
        output, error, code = await self._run(process.command or "")
        if self.cut_after and self.cut_after in argv[:2]:
            self.cut_after = ""
            process.channel.get_connection().abort()
            return
        process.stdout.write(output)
        process.stderr.write(error)
        process.exit(code)

    async def _run(self, command: str) -> tuple[bytes, bytes, int]:
        environ = {"PATH": f"{self.folder / 'bin'}:/usr/bin:/bin", "LC_ALL": "C", "UNITS": str(self.units)}
        environ["IS_ROOT"] = str(int(self.is_root))
        user = NOBODY if self.is_nobody and os.geteuid() == 0 else None
        # In a thread: a caller that goes away cancels this, and then nobody would collect the child.
        done = await asyncio.to_thread(
            subprocess.run, ["sh", "-c", command], capture_output=True, env=environ, cwd="/", user=user, check=False
        )
        return done.stdout, done.stderr, done.returncode


@asynccontextmanager
async def serving(folder: Path, authorized: str = "{key}") -> AsyncIterator[SshServer]:
    """A machine whose user may log in by the line of `authorized`, where `{key}` stands for the public key."""
    server = SshServer(folder)
    (folder / "bin").mkdir(parents=True)
    server.units.mkdir()
    for name, text in (("systemctl", _SYSTEMCTL), ("journalctl", _JOURNALCTL), ("sudo", _SUDO)):
        (folder / "bin" / name).write_text(text)
        (folder / "bin" / name).chmod(0o755)
    line = authorized.replace("{key}", server.user_key.export_public_key().decode().strip())
    listener = await asyncssh.listen(
        "127.0.0.1",
        0,
        server_host_keys=[server.host_key],
        authorized_client_keys=asyncssh.import_authorized_keys(line),
        process_factory=server.handle,
        encoding=None,
        config=None,
    )
    server.port = listener.get_port()
    try:
        yield server
    finally:
        listener.close()
        await listener.wait_closed()
