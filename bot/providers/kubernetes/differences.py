"""What differs between two pod templates, by name only: the values of settings are secrets until proven otherwise."""

from collections.abc import Iterable, Iterator
from typing import Any

from bot.core.preview import Line
from bot.core.text import say
from bot.providers.kubernetes.cluster import Document
from bot.providers.kubernetes.workloads import Revision, image_words


def lines(present: Revision, target: Revision) -> tuple[Line, ...]:
    """The preview of going from one revision to another."""
    return tuple(_lines(present, target))


def _lines(present: Revision, target: Revision) -> Iterator[Line]:
    yield Line(say("revision"), str(present.number), str(target.number))
    yield Line(say("image"), image_words(present.images), image_words(target.images))
    yield Line(say("change cause"), present.cause or "-", target.cause or "-")
    yield Line(say("made on"), f"{present.created:%Y-%m-%d %H:%MZ}", f"{target.created:%Y-%m-%d %H:%MZ}")
    before, after = _settings(present.template), _settings(target.template)
    if changed := sorted(name for name in before.keys() & after.keys() if before[name] != after[name]):
        yield Line(say("settings with another value"), "", ", ".join(changed))
    if removed := sorted(before.keys() - after.keys()):
        yield Line(say("settings removed"), ", ".join(removed), "")
    if added := sorted(after.keys() - before.keys()):
        yield Line(say("settings added"), "", ", ".join(added))
    if others := sorted(set(_others(present.template, target.template))):
        yield Line(say("also different"), "", ", ".join(others))


def _settings(template: Document) -> dict[str, Any]:
    containers = template["spec"]["containers"]
    is_single = len(containers) == 1
    return {
        entry["name"] if is_single else f"{container['name']}/{entry['name']}": entry
        for container in containers
        for entry in container.get("env") or []
    }


def _others(present: Document, target: Document) -> Iterator[str]:
    yield from _different(present["metadata"], target["metadata"], but=())
    yield from _different(present["spec"], target["spec"], but=("containers",))
    before = {container["name"]: container for container in present["spec"]["containers"]}
    after = {container["name"]: container for container in target["spec"]["containers"]}
    for name in before.keys() ^ after.keys():
        yield f"container {name}"
    for name in before.keys() & after.keys():
        yield from _different(before[name], after[name], but=("image", "env"))


def _different(before: Document, after: Document, *, but: Iterable[str]) -> Iterator[str]:
    return (name for name in (before.keys() | after.keys()) - set(but) if before.get(name) != after.get(name))
