"""`app_api.update_company`: one text setting of one customer, from wording that the team agreed on beforehand."""

import hashlib
import hmac
import json
from dataclasses import dataclass
from typing import Any, Final

from pydantic import Field, field_validator

from bot.core.errors import TargetError, TimedOut
from bot.core.operation import Change, Parameters, Progress
from bot.core.preview import Line, Preview
from bot.core.redaction import mask
from bot.core.text import Text, say
from bot.providers.app_api.address import Address, FieldName, Id, Path, api_of
from bot.providers.app_api.company import is_sensitive
from bot.providers.web_answers import Answer
from bot.providers.web_api import Api, Lost, Request, came_true

_LIMIT: Final = 30.0
_SHOWN: Final = 300
_STAMPS: Final = frozenset({"updated_at", "modified_at", "last_modified", "version", "etag", "revision"})


class Update(Parameters):
    """Which setting, and one of the `presets` for it.

    `seal` belongs to an undo: it proves that this bot saw `value` there before, so that it may go back unlisted.
    """

    company: Id
    field: FieldName
    value: str = Field(max_length=4000)
    presets: tuple[str, ...] = Field((), max_length=50)
    path: Path = "/api/companies"
    seal: str = Field("", pattern=r"^[0-9a-f]{0,64}$")

    @field_validator("presets", mode="before")
    @classmethod
    def _from_text(cls, given: Any) -> Any:
        return json.loads(given) if isinstance(given, str) else given

    @field_validator("field")
    @classmethod
    def _is_harmless(cls, name: str) -> str:
        if is_sensitive(name):
            raise ValueError("settings that hold secrets or addresses are not changed from here")
        return name


@dataclass(frozen=True, slots=True)
class _Seen:
    """A customer's settings, and the version mark that lets the server refuse a change behind our back."""

    settings: dict[str, Any]
    etag: str

    def text(self, name: str) -> str:
        found = self.settings.get(name)
        if found is not None and not isinstance(found, str):
            raise TargetError("`{field}` is not a text; it is not changed from here.", field=name)
        return found or ""

    def others(self, name: str) -> str:
        rest = {key: value for key, value in self.settings.items() if key != name and key not in _STAMPS}
        return hashlib.sha256(json.dumps(rest, sort_keys=True).encode()).hexdigest()


async def _preview(address: Address, wanted: Update) -> Preview:
    _demand_preset(address, wanted)
    api = api_of(address)
    seen = await _see(api, wanted)
    present = seen.text(wanted.field)
    if present == wanted.value:
        raise TargetError("`{field}` of {company} says that already.", field=wanted.field, company=wanted.company)
    undo = _undo(address, wanted, present)
    return Preview(
        lines=(
            Line(say("company"), wanted.company, wanted.company),
            Line(say("setting"), wanted.field, wanted.field),
            Line(say("text"), api.clean(present, _SHOWN) or "-", api.clean(wanted.value, _SHOWN) or "-"),
        ),
        state={"company": wanted.company, wanted.field: f"{api.clean(present, 80)} ({_digest(present)})"},
        arguments=_words(wanted),
        warnings=tuple(_warnings(seen, wanted, bool(undo))),
        undo=undo,
    )


async def _execute(address: Address, wanted: Update, preview: Preview, progress: Progress) -> Text:
    _demand_preset(address, wanted)
    api = api_of(address)
    before = await _see(api, wanted)
    if not preview.state[wanted.field].endswith(f"({_digest(before.text(wanted.field))})"):
        raise _changed(wanted)
    await progress(say("setting `{field}` of {company}", field=wanted.field, company=wanted.company))
    lost = await _put(api, wanted, before.etag)
    if not await came_true(lambda: _is_set(api, wanted), lost):
        if lost:
            raise TargetError("The connection broke, and `{field}` is as it was.", field=wanted.field) from lost
        raise TargetError("The application accepted it, but `{field}` has another text.", field=wanted.field)
    after = await _see_after(api, wanted)
    if after.others(wanted.field) != before.others(wanted.field):
        raise TargetError(
            "`{field}` of {company} is set, but other settings changed with it. Look at them now.",
            field=wanted.field,
            company=wanted.company,
        )
    return say("`{field}` of {company} has the new text", field=wanted.field, company=wanted.company)


async def _see(api: Api, wanted: Update) -> _Seen:
    answer = await api.ask(Request(f"{wanted.path}/{wanted.company}"))
    if answer.status == 404:
        raise TargetError("There is no company {company}.", company=wanted.company)
    document = api.good(answer)
    if not isinstance(document, dict):
        raise TargetError("The application did not tell the settings of {company}.", company=wanted.company)
    return _Seen(document, _etag(answer))


async def _see_after(api: Api, wanted: Update) -> _Seen:
    try:
        return await _see(api, wanted)
    except TargetError as error:
        raise Lost(
            "{reason} Whether `{field}` of {company} was set is not known: look at it first.",
            reason=error.text,
            field=wanted.field,
            company=wanted.company,
        ) from error


async def _is_set(api: Api, wanted: Update) -> bool:
    return (await _see_after(api, wanted)).text(wanted.field) == wanted.value


async def _put(api: Api, wanted: Update, etag: str) -> Lost | TimedOut | None:
    """Sends it once; the error stands for an answer that never came."""
    headers = {"If-Match": etag} if etag else {}
    request = Request(f"{wanted.path}/{wanted.company}", "PUT", body={wanted.field: wanted.value}, headers=headers)
    try:
        answer = await api.ask(request)
    except (Lost, TimedOut) as error:
        return error
    if answer.status >= 500:
        return Lost("{vendor} is in trouble, it answered {status}.", vendor=api.vendor, status=answer.status)
    if answer.status in {409, 412}:
        raise _changed(wanted)
    if not answer.is_good:
        raise api.refusal(answer)
    return None


def _etag(answer: Answer) -> str:
    """A strong mark only: a weak one does not match in If-Match."""
    found = answer.headers.get("etag", "")
    return found if found.startswith('"') and found.isascii() and len(found) < 200 else ""


def _demand_preset(address: Address, wanted: Update) -> None:
    if wanted.value in wanted.presets:
        return
    if wanted.seal and hmac.compare_digest(wanted.seal, _seal(address, wanted, wanted.value)):
        return
    raise TargetError("Only wording from the catalog may be set; this text is not one of its presets.")


def _undo(address: Address, wanted: Update, present: str) -> dict[str, str]:
    """Nothing where the present text holds personal data or a secret: the record of a run must not keep those."""
    if mask(present) != present:
        return {}
    return _words(wanted) | {"value": present, "seal": _seal(address, wanted, present)}


def _warnings(seen: _Seen, wanted: Update, can_undo: bool) -> list[Text]:
    found = []
    if not can_undo:
        found.append(say("The present text holds personal data, so it is not kept: nothing here can put it back."))
    elif seen.settings.get(wanted.field) is None:
        found.append(say("`{field}` is not set at present; an undo leaves it empty.", field=wanted.field))
    if not seen.etag:
        found.append(say("The application has no version marks: a change by somebody else in the same second is lost."))
    return found


def _words(wanted: Update) -> dict[str, str]:
    return {
        "company": wanted.company,
        "field": wanted.field,
        "value": wanted.value,
        "presets": json.dumps(wanted.presets, ensure_ascii=False),
        "path": wanted.path,
        "seal": wanted.seal,
    }


def _seal(address: Address, wanted: Update, value: str) -> str:
    words = json.dumps([wanted.path, wanted.company, wanted.field, value]).encode()
    return hmac.new(address.token.get_secret_value().encode(), words, hashlib.sha256).hexdigest()


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode(errors="replace")).hexdigest()[:12]


def _changed(wanted: Update) -> TargetError:
    return TargetError(
        "`{field}` of {company} is no longer as it was shown; nothing was done.",
        field=wanted.field,
        company=wanted.company,
    )


UPDATE_COMPANY = Change("app_api.update_company", Address, Update, _LIMIT, _preview, _execute)
