"""Elasticsearch (7.12 or newer) or OpenSearch, behind Kibana: how often words stand in the logs of many days."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Annotated, Any, Final

from pydantic import Field, TypeAdapter

from bot.core.errors import TargetError
from bot.core.findings import Measurement, Reading
from bot.core.operation import Parameters, Read
from bot.core.redaction import mask
from bot.core.text import Text, say
from bot.providers.http.address import ApiAddress
from bot.providers.http.api import Declined, Shape, opened

_LIMIT: Final = 10.0
_SEARCH_LIMIT: Final = "3s"
_VENDOR: Final = "Elasticsearch"
_LINE_LIMIT: Final = 300
_FIELD: Final = r"^[\w@.-]{1,80}$"

Word = Annotated[str, Field(pattern=r"^[\w .:/'-]{2,80}$")]
FieldName = Annotated[str, Field(pattern=_FIELD)]


class Address(ApiAddress):
    """Where the server is, not Kibana; `token` is an API key as the server shows it (base64)."""

    def credentials(self) -> dict[str, str]:
        """The header that identifies us, if there is a key; a user stands in the address."""
        key = self.token.get_secret_value()
        return {"Authorization": f"ApiKey {key}"} if key else {}


class Words(Parameters):
    """Which words, as phrases without regard to case, in which index; `where` narrows it to lines with these values."""

    index: str = Field(pattern=r"^[a-z0-9][a-z0-9_.*,-]{0,200}$")
    words: tuple[Word, ...] = Field(min_length=1, max_length=20)
    days: int = Field(7, ge=1, le=31)
    where: dict[FieldName, str] = Field(default_factory=dict, max_length=5)
    field: str = Field("message", pattern=_FIELD)
    time_field: str = Field("@timestamp", pattern=_FIELD)
    shown: int = Field(10, ge=0, le=20)


class _Count(Shape):
    doc_count: int


class _Buckets(Shape):
    buckets: dict[str, _Count]


class _Oldest(Shape):
    value: float | None = None


class _Figures(Shape):
    any: _Count
    words: _Buckets
    oldest: _Oldest


class _Hit(Shape):
    fields: dict[str, list[Any]] = Field(default_factory=dict)


class _Hits(Shape):
    hits: tuple[_Hit, ...] = ()


class _Shards(Shape):
    failed: int = 0


class _Found(Shape):
    timed_out: bool = False
    shards: _Shards = Field(default_factory=_Shards, alias="_shards")
    hits: _Hits
    aggregations: _Figures | None = None

    @property
    def is_complete(self) -> bool:
        """Whether all parts of the store answered in time."""
        return not self.timed_out and not self.shards.failed


_FOUND: Final = TypeAdapter(_Found)


async def _read(address: Address, wanted: Words) -> Reading:
    grant = say("Give the key the privilege `read` on {index}.", index=wanted.index)
    async with opened(address, _VENDOR, address.credentials(), {403: grant}) as api:
        try:
            found = await api.send(_FOUND, "POST", f"/{wanted.index}/_search", _search(wanted))
        except Declined as error:
            if error.status != 404:
                raise
            raise _no_index(wanted) from error
    figures = found.aggregations
    if figures is None:  # so it answers where no index fits a pattern
        raise _no_index(wanted)
    counted = tuple(
        Measurement(f"word.{word}", figures.words.buckets[word].doc_count if word in figures.words.buckets else 0)
        for word in wanted.words
    )
    return Reading(
        _summary(figures, wanted, is_complete=found.is_complete),
        (
            Measurement("matched", figures.any.doc_count),
            *counted,
            _reach(figures.oldest.value),
            Measurement("complete", found.is_complete),
        ),
        tuple(_lines(found, wanted)),
    )


def _search(wanted: Words) -> dict[str, Any]:
    """One search: counts by aggregation over everything of these days, and the newest lines that match."""
    phrases = {word: {"match_phrase": {wanted.field: word}} for word in wanted.words}
    one_of_them = {"bool": {"should": list(phrases.values()), "minimum_should_match": 1}}
    recent = {"range": {wanted.time_field: {"gte": f"now-{wanted.days}d"}}}
    return {
        "size": wanted.shown,
        "timeout": _SEARCH_LIMIT,
        "track_total_hits": False,
        "_source": False,
        "fields": [wanted.field, {"field": wanted.time_field, "format": "strict_date_time"}],
        "sort": [{wanted.time_field: "desc"}],
        "query": {"bool": {"filter": [recent, *({"term": {name: value}} for name, value in wanted.where.items())]}},
        "post_filter": one_of_them,
        "aggs": {
            "any": {"filter": one_of_them},
            "words": {"filters": {"filters": phrases}},
            "oldest": {"min": {"field": wanted.time_field}},
        },
    }


def _reach(oldest: float | None) -> Measurement:
    """How far back the lines go that were looked at; a store may keep fewer days than were asked for."""
    if oldest is None:
        return Measurement("reach_days", None, "d", say("there are no lines to compare with"))
    days = (datetime.now(UTC) - datetime.fromtimestamp(oldest / 1000, UTC)).total_seconds() / 86_400
    return Measurement("reach_days", round(days, 1), "d")


def _no_index(wanted: Words) -> TargetError:
    return TargetError("Elasticsearch knows no index {index}.", index=wanted.index)


def _summary(figures: _Figures, wanted: Words, *, is_complete: bool) -> Text:
    if figures.oldest.value is None:
        return say("no log lines of {days} days there", days=wanted.days)
    buckets = figures.words.buckets
    counts = ", ".join(f"{word} {buckets[word].doc_count}" for word in wanted.words if word in buckets)
    matched, days = figures.any.doc_count, wanted.days
    if is_complete:
        return say("{matched} lines in {days} days: {counts}", matched=matched, days=days, counts=counts)
    return say(
        "at least {matched} lines in {days} days: {counts} (not all of the store answered)",
        matched=matched,
        days=days,
        counts=counts,
    )


def _lines(found: _Found, wanted: Words) -> Iterator[str]:
    for hit in found.hits.hits:
        at, text = (str(next(iter(hit.fields.get(name, ())), "")) for name in (wanted.time_field, wanted.field))
        yield f"{at[:19]} {mask(' '.join(text.split()))[:_LINE_LIMIT]}"


WORDS = Read("elasticsearch.words", Address, Words, _LIMIT, _read)
