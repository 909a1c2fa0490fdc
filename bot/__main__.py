"""The command line. What a subcommand needs is imported when it is called: a cold `--help` stays quick."""

import argparse
import asyncio
import contextlib
import importlib
import signal
import sys
import tempfile
from collections.abc import Callable, Coroutine, Mapping, Sequence
from pathlib import Path
from typing import Any

from bot.core.errors import ConfigError


def main(arguments: Sequence[str] | None = None) -> int:
    """Parse, run, and give back the exit code: 0 done, 1 the work failed, 2 it could not start."""
    options = _parser().parse_args(arguments)
    try:
        return COMMANDS[options.command](options)
    except ConfigError as error:
        sys.stderr.write(f"plantao: {error}\n")
        return 2
    except KeyboardInterrupt:
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="plantao", description="A Slack bot for people on call.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="command")
    run = commands.add_parser("run", help="the bot against real Slack: web and worker in one process")
    run.add_argument("--web", action="store_true", help="only answer Slack; leave background work to `plantao worker`")
    commands.add_parser("worker", help="only the background work")
    demo = commands.add_parser("demo", help="the bot in a Slack workspace on this machine; no account needed")
    demo.add_argument("--port", type=int, default=8100, help="port of the workspace (8100)")
    demo.add_argument("--data", type=Path, help="folder that keeps the demo's data; without it everything is forgotten")
    demo.add_argument("--http", action="store_true", help="deliver over signed HTTP instead of Socket Mode")
    demo.add_argument("--story", type=Path, help="play a story, print its transcript, exit non-zero if it fails")
    sandbox = commands.add_parser("sandbox", help="only the emulated Slack, for trying any bot against it")
    sandbox.add_argument("--port", type=int, default=8100, help="port on this machine (8100)")
    sandbox.add_argument("--host", default="127.0.0.1", help="loopback, and nothing else")
    sandbox.add_argument("--workspace", type=Path, metavar="FILE.yml", help="people and channels (a small team)")
    sandbox.add_argument("--manifest", type=Path, metavar="FILE.yml", help="the app to install first (this bot)")
    check = commands.add_parser("check", help="validate catalog, manifest and tables against each other")
    check.add_argument("--store", action="store_true", help="rebuild the listings from the record and compare")
    check.add_argument(
        "--repair", action="store_true", help="with --store: write what the record says into the listings"
    )
    check.add_argument(
        "--schema",
        nargs="?",
        type=Path,
        const=Path("schema"),
        metavar="FOLDER",
        help="write JSON Schemas of the catalog's files, for editors (schema)",
    )
    check.add_argument("--manifest-http", metavar="URL", help="print the app manifest for HTTP with this https address")
    _add_audit(commands)
    commands.add_parser("doctor", help="check tokens, scopes, channels, Redis and targets; say what to do")
    return parser


def _add_audit(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    audit = commands.add_parser("audit", help="prove that the record is whole, or export it")
    verbs = audit.add_subparsers(dest="verb", required=True, metavar="verb")
    verbs.add_parser("verify", help="every stream's hash chain, versions and listings; names the entry that is broken")
    export = verbs.add_parser("export", help="JSON lines: who did what, when, and how it ended")
    what = export.add_mutually_exclusive_group()
    every = "one a line (without either, both)"
    what.add_argument("--runs", dest="kinds", action="store_const", const=["RUN"], help=f"every run, {every}")
    what.add_argument(
        "--reveals", dest="kinds", action="store_const", const=["REV"], help=f"who read what in full, {every}"
    )
    what.add_argument("--stream", metavar="NAME", default="", help="one stream, one event a line: RUN-7, INC-2, REV-1")
    export.add_argument("--since", metavar="WHEN", default="", help="a date (2026-01-31) or how long ago (7d, 12h)")


def _run(options: argparse.Namespace) -> int:
    serve = importlib.import_module("bot.serve")
    return asyncio.run(_until_stopped(lambda: serve.run(worker=not options.web)))


def _worker(options: argparse.Namespace) -> int:
    serve = importlib.import_module("bot.serve")
    return asyncio.run(_until_stopped(serve.work))


def _demo(options: argparse.Namespace) -> int:
    play = importlib.import_module("sandbox.play")
    with contextlib.ExitStack() as stack:
        data = options.data or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="plantao-")))
        if options.story:
            return int(asyncio.run(play.story(options.story, data, http=options.http)))
        return asyncio.run(
            _until_stopped(lambda: play.demo(data, options.port, http=options.http, keep=bool(options.data)))
        )


def _sandbox(options: argparse.Namespace) -> int:
    alone = importlib.import_module("sandbox.alone")
    return asyncio.run(
        _until_stopped(lambda: alone.serve(options.port, options.host, options.workspace, options.manifest))
    )


def _check(options: argparse.Namespace) -> int:
    if options.repair and not options.store:
        raise ConfigError("--repair: only together with --store")
    if options.manifest_http:
        return int(importlib.import_module("bot.check.fit").print_http_manifest(options.manifest_http))
    if options.schema:
        return int(importlib.import_module("bot.check.schema").write_schemas(options.schema))
    if options.store:
        return int(importlib.import_module("bot.check.record").check(repair=options.repair))
    return int(importlib.import_module("bot.check.fit").check())


def _audit(options: argparse.Namespace) -> int:
    if options.verb == "verify":
        return int(importlib.import_module("bot.check.record").check())
    return int(importlib.import_module("bot.check.export").export(options.stream, options.since, options.kinds or ()))


def _doctor(options: argparse.Namespace) -> int:
    return int(asyncio.run(importlib.import_module("bot.doctor").main()))


async def _until_stopped(work: Callable[[], Coroutine[Any, Any, None]]) -> int:
    """Run until SIGTERM or SIGINT, then let everything close in order."""
    task = asyncio.create_task(work())
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, task.cancel)
    with contextlib.suppress(asyncio.CancelledError):
        await task
    return 0


COMMANDS: Mapping[str, Callable[[argparse.Namespace], int]] = {
    "run": _run,
    "worker": _worker,
    "demo": _demo,
    "sandbox": _sandbox,
    "check": _check,
    "audit": _audit,
    "doctor": _doctor,
}

if __name__ == "__main__":
    sys.exit(main())
