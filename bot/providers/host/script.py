"""Running a script that the catalog declares, with words of declared types; never with options of anybody's choice."""

import re
from typing import Final, Literal, Self, TypeAlias

from pydantic import Field, field_validator, model_validator

from bot.core.errors import TargetError, TimedOut, Unreachable
from bot.core.operation import Change, Parameters, Progress
from bot.core.preview import Line, Preview
from bot.core.redaction import mask
from bot.core.text import Text, say
from bot.providers.host.address import Address, Path
from bot.providers.host.changing import changed, privileged
from bot.providers.host.given import Pairs, Words, joined
from bot.providers.host.ssh import Answer, Machine, logged_in

_LIMIT: Final = 300.0
_LINE_LIMIT: Final = 200
_WORD: Final = re.compile(r"[A-Za-z0-9_@%+=:,./{}-]{1,200}")
_PLACE: Final = re.compile(r"\{([a-z_]{1,30})\}")
Type: TypeAlias = Literal["number", "word", "date", "path"]
_TYPES: Final[dict[str, str]] = {
    "number": r"\d{1,12}",
    "word": r"[A-Za-z0-9][A-Za-z0-9_.-]{0,80}",
    "date": r"\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])",
    "path": r"/[A-Za-z0-9_@+=,-][A-Za-z0-9_@+=,/-]{0,200}(?:\.[A-Za-z0-9]+){0,3}",
}


class Script(Parameters):
    """The script's whole path, its words with `{places}`, the type of each place, and the values for them.

    All but `values` belong into the catalog. `seconds` is how long it may take.
    """

    path: Path
    args: Words = ()
    types: Pairs = Field(default_factory=dict)
    values: Pairs = Field(default_factory=dict)
    seconds: int = Field(120, ge=1, le=280)

    @field_validator("args")
    @classmethod
    def _are_words(cls, args: tuple[str, ...]) -> tuple[str, ...]:
        if any(not _WORD.fullmatch(word) for word in args):
            raise ValueError("args may hold plain words only, with {places} for values")
        return args

    @model_validator(mode="after")
    def _fit(self) -> Self:
        places = set(_PLACE.findall(" ".join(self.args)))
        if places != set(self.types):
            raise ValueError("types must name exactly the {places} in args")
        if unknown := set(self.types.values()) - _TYPES.keys():
            raise ValueError(f"unknown type {sorted(unknown)[0]}; there are {', '.join(_TYPES)}")
        if places != set(self.values):
            raise ValueError(f"values are needed for exactly: {', '.join(sorted(places)) or 'nothing'}")
        for name, value in self.values.items():
            if not re.fullmatch(_TYPES[self.types[name]], value):
                raise ValueError(f"{name} is not a {self.types[name]}")
        return self

    @property
    def words(self) -> list[str]:
        """The command with the values in their places; each stays within its word."""
        return [self.path, *(_PLACE.sub(lambda found: self.values[found[1]], word) for word in self.args)]


async def _preview(address: Address, wanted: Script) -> Preview:
    async with logged_in(address) as machine:
        state = await _state(machine, wanted.path)
    return Preview(
        lines=(
            Line(say("command"), "—", " ".join(wanted.words)),
            Line(say("runs as"), "—", "root" if address.sudo else address.user),
            Line(say("script"), f"{state['sha']} ({state['owner']})", ""),
        ),
        state=state,
        arguments={
            "path": wanted.path,
            "args": " ".join(wanted.args),
            "types": joined(wanted.types),
            "values": joined(wanted.values),
            "seconds": str(wanted.seconds),
        },
        warnings=(say("What the script does is its own affair: it was not read, only that it is the same."),),
    )


async def _execute(address: Address, wanted: Script, preview: Preview, progress: Progress) -> Text:
    async with logged_in(address) as machine:
        if await _state(machine, wanted.path) != preview.state:
            raise changed(wanted.path)
        await progress(say("{script} has begun", script=wanted.path))
        try:
            answer = await privileged(machine, *wanted.words, limit=float(wanted.seconds))
        except Unreachable as error:
            raise Unreachable(
                "The connection to {where} broke while {script} ran; it may still be running. Look at the machine "
                "before anybody starts it again.",
                where=address.where,
                script=wanted.path,
            ) from error
        except TimedOut as error:
            raise TimedOut(
                "{script} did not end within {seconds} s and may still be running. Look at the machine before "
                "anybody starts it again.",
                script=wanted.path,
                seconds=wanted.seconds,
            ) from error
    if answer.code:
        raise TargetError(
            "{script} ended with code {code}: {words}",
            script=wanted.path,
            code=answer.code,
            words=_last_line(answer),
        )
    return say("{script} ended well: {words}", script=wanted.path, words=_last_line(answer))


async def _state(machine: Machine, path: str) -> dict[str, str]:
    """What must be the same when it runs; a script that others may rewrite is refused."""
    told = await machine.ask("stat", "-L", "-c", "%a %U %F", "--", path, about=path)
    mode, owner, kind = told.strip().split(" ", 2)
    if not kind.startswith("regular"):
        raise TargetError("{path} is no script but a {kind}.", path=path, kind=kind)
    if int(mode, 8) & 0o022:
        raise TargetError("{path} may be rewritten by others (mode {mode}); it is not run.", path=path, mode=mode)
    if not int(mode, 8) & 0o111:
        raise TargetError("{path} is not executable.", path=path)
    digest = await machine.ask("sha256sum", "--", path, about=path)
    return {"sha": digest.lstrip("\\")[:12], "owner": owner, "mode": mode}


def _last_line(answer: Answer) -> str:
    lines = [line for line in (answer.text + "\n" + answer.error).splitlines() if line.strip()]
    return mask(lines[-1].strip())[:_LINE_LIMIT] if lines else "—"


SCRIPT = Change("host.script", Address, Script, _LIMIT, _preview, _execute)
