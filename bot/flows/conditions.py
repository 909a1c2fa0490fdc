"""What has to hold for a change outside of its own target, as checks measure it whenever its preview is read."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final, TypeAlias

from bot.catalog.entries import Action, Check, Share
from bot.core.errors import TargetError
from bot.core.findings import Finding, Quantity
from bot.core.preview import Line, Preview
from bot.core.text import Text, Value, say

Seen: TypeAlias = Mapping[str, Finding]
"""What each check said, by its name."""
_NOT_REPORTED: Final = say("not reported")


@dataclass(frozen=True, slots=True)
class _Unknown:
    """Why a measurement has no value."""

    reason: Text


@dataclass(frozen=True, slots=True)
class _Sum:
    """A number with what each draws beside it, how many draw so much, the limit of all, and the share kept free."""

    number: int
    beside: int
    each: int
    whole: int
    reserve: int
    is_less: bool

    @property
    def limit(self) -> int:
        return self.whole * (100 - self.reserve) // 100

    @property
    def limit_words(self) -> Value:
        if not self.reserve:
            return self.limit
        return say(
            "{limit} ({whole} less a reserve of {reserve}%)", limit=self.limit, whole=self.whole, reserve=self.reserve
        )

    @property
    def drawn(self) -> int:
        return (self.number + self.beside) * self.each


def applied(action: Action, checks: Mapping[str, Check], preview: Preview, seen: Seen) -> Preview:
    """The preview with what was found beside the target; raises TargetError where the change must not be made."""
    for measured, wanted in action.holds.items():
        _require(checks[_check(measured)], measured, wanted, seen)
    return _fitted(action.shares, preview, seen) if action.shares else preview


def _require(check: Check, measured: str, wanted: Quantity, seen: Seen) -> None:
    found = _value(measured, seen)
    if isinstance(found, _Unknown):
        raise TargetError("{check} cannot be read: {reason}", check=check.title, reason=found.reason)
    if found != wanted:
        raise TargetError(
            "{check}: {name} must be {wanted} for this, and it is {found}.",
            check=check.title,
            name=measured.partition(".")[2],
            wanted=str(wanted),
            found=str(found),
        )


def _fitted(share: Share, preview: Preview, seen: Seen) -> Preview:
    number = preview.arguments.get(share.parameter, "")
    if not number.isdecimal():
        return preview  # the setting is taken away
    each, limit = _each(share, seen), _number(share.of, seen)
    beside = _number(share.beside, seen) if share.beside else 0
    if isinstance(limit, _Unknown) and share.at_most:
        limit = share.at_most
    if isinstance(each, _Unknown):
        return _unmeasured(share, preview, each)
    if isinstance(beside, _Unknown):
        return _unmeasured(share, preview, beside)
    if isinstance(limit, _Unknown):
        return _unmeasured(share, preview, limit)
    others = _number(share.others, seen) if share.others else 0
    before = preview.undo.get(share.parameter, "")
    is_less = before.isdecimal() and int(number) < int(before)
    return _counted(preview, _Sum(int(number), beside, each, limit, share.reserve, is_less=is_less), others)


def _counted(preview: Preview, asked: _Sum, others: int | _Unknown) -> Preview:
    known = 0 if isinstance(others, _Unknown) else others
    total = asked.drawn + known
    values: dict[str, Value] = {"each": asked.each, "others": known, "total": total, "limit": asked.limit_words}
    values["number"] = f"({asked.number} + {asked.beside})" if asked.beside else asked.number
    if total >= asked.limit and not asked.is_less:
        raise TargetError(
            "{number} × {each}, and {others} that others use, make {total}: that is not below the limit of {limit}. "
            "At most {most} fits.",
            most=max(0, max(0, asked.limit - 1 - known) // max(asked.each, 1) - asked.beside),
            **values,
        )
    told = say("in all: {number} × {each}, and {others} that others use; the limit is {limit}", **values)
    shown = replace(preview, lines=(*preview.lines, Line(told, str(total), str(total))))
    if total >= asked.limit:
        caution = say("It is less than now, and still not below the limit of {limit}.", limit=asked.limit_words)
        shown = replace(shown, warnings=(*shown.warnings, caution))
    if isinstance(others, _Unknown):
        caution = say("How much of the limit others use is not known ({reason}).", reason=others.reason)
        return replace(shown, warnings=(*shown.warnings, caution))
    return shown


def _unmeasured(share: Share, preview: Preview, unknown: _Unknown) -> Preview:
    """A lower number may be the very cure of what keeps us from measuring."""
    before, number = preview.undo.get(share.parameter, ""), preview.arguments[share.parameter]
    if not before.isdecimal() or int(number) >= int(before):
        raise TargetError("Whether {number} fits cannot be told: {reason}", number=number, reason=unknown.reason)
    caution = say("Whether it fits cannot be told ({reason}); it is less than now.", reason=unknown.reason)
    return replace(preview, warnings=(*preview.warnings, caution))


def _each(share: Share, seen: Seen) -> int | _Unknown:
    """How many times the number counts; where none is there now, how many there will be is not known."""
    each = _number(share.each, seen)
    return _Unknown(say("there is none now")) if each == 0 else each


def _number(measured: str, seen: Seen) -> int | _Unknown:
    found = _value(measured, seen)
    if isinstance(found, _Unknown):
        return found
    return int(found) if isinstance(found, int | float) else _Unknown(_NOT_REPORTED)


def _value(measured: str, seen: Seen) -> Quantity | _Unknown:
    check, _, name = measured.partition(".")
    judgements = seen[check].judgements
    if not judgements:
        return _Unknown(seen[check].summary)
    found = next((one.measurement for one in judgements if one.measurement.name == name), None)
    if found is None or found.value is None:
        return _Unknown((found.missing if found else None) or _NOT_REPORTED)
    return found.value


def _check(measured: str) -> str:
    return measured.partition(".")[0]
