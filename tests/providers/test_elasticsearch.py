"""`elasticsearch.words` against an emulated Elasticsearch."""

import json
from collections.abc import AsyncIterator

import pytest
from data_changes import granted
from pydantic import ValidationError
from readings import measured, missing, read, refusal, spoken, summary

from bot.core.errors import Denied
from sandbox.world.observability.elasticsearch import Elasticsearch, open_elasticsearch

WORDS = ["injection", "unauthorized", "suspicious login"]
ASKED = {"index": "logs-agente-api*", "words": WORDS}


@pytest.fixture
async def store() -> AsyncIterator[Elasticsearch]:
    async with open_elasticsearch() as store:
        store.write("POST /v1/leads 401 Unauthorized user=maria@example.com", "GET /health 200", days_ago=0.5)
        store.write("prompt injection blocked: Suspicious login from 203.0.113.77", days_ago=5.9)
        store.write("old injection", days_ago=8)
        store.write("injection elsewhere", index="logs-other")
        yield store


def address(store: Elasticsearch) -> dict[str, object]:
    return {"url": store.url, "token": store.key}


async def test_words_are_counted_over_seven_days_whatever_their_case(store: Elasticsearch) -> None:
    reading = await read("elasticsearch.words", address(store), **ASKED)
    assert summary(reading) == "2 lines in 7 days: injection 1, unauthorized 1, suspicious login 1"
    assert measured(reading) == {
        "matched": 2,
        "word.injection": 1,
        "word.unauthorized": 1,
        "word.suspicious login": 1,
        "reach_days": 5.9,
        "complete": True,
    }


async def test_the_newest_lines_are_shown_masked_and_few(store: Elasticsearch) -> None:
    store.write(*(f"unauthorized {number}" for number in range(30)))
    reading = await read("elasticsearch.words", address(store), **ASKED, shown=12)
    assert len(reading.evidence) == 12
    everything = await read("elasticsearch.words", address(store), index="logs-agente-api", words=["maria", "login"])
    assert "***@example.com" in everything.evidence[0]
    assert "203.0.113.x" in everything.evidence[1]
    assert "maria" not in "".join(everything.evidence)


async def test_only_lines_with_the_values_that_are_wanted_count(store: Elasticsearch) -> None:
    store.write("injection", app="agente-worker")
    narrowed = await read("elasticsearch.words", address(store), **ASKED, where={"app": "agente-worker"})
    assert measured(narrowed)["matched"] == 1


async def test_an_empty_store_is_not_called_clean(store: Elasticsearch) -> None:
    store.lines = []
    store.write("old injection", days_ago=8)
    reading = await read("elasticsearch.words", address(store), **ASKED)
    assert summary(reading) == "no log lines of 7 days there"
    assert missing(reading, "reach_days") == "there are no lines to compare with"


@pytest.mark.parametrize("fault", ["failed_shards", "is_slow"])
async def test_a_store_of_which_a_part_did_not_answer_gives_a_least_number(store: Elasticsearch, fault: str) -> None:
    setattr(store, fault, 1)
    reading = await read("elasticsearch.words", address(store), **ASKED)
    assert summary(reading).endswith("suspicious login 1 (not all of the store answered)")
    assert measured(reading)["complete"] is False


async def test_what_the_permissions_page_grants_is_enough_and_less_is_named(store: Elasticsearch) -> None:
    [privileges] = json.loads(granted("json elasticsearch"))["indices"]
    store.front.tokens = {store.key: frozenset(privileges["privileges"])}
    assert measured(await read("elasticsearch.words", address(store), **ASKED))["matched"] == 2
    store.front.tokens = {store.key: frozenset()}
    error = await refusal("elasticsearch.words", address(store), **ASKED)
    assert isinstance(error, Denied)
    assert spoken(error).endswith("Give the key the privilege `read` on logs-agente-api*.")
    store.front.tokens = {"another": frozenset({"read"})}
    assert "(401)" in spoken(await refusal("elasticsearch.words", address(store), **ASKED))


@pytest.mark.parametrize("index", ["logs-nobody", "logs-nobody*"])
async def test_an_index_that_is_not_there_is_named(store: Elasticsearch, index: str) -> None:
    error = await refusal("elasticsearch.words", address(store), index=index, words=WORDS)
    assert spoken(error) == f"Elasticsearch knows no index {index}."


@pytest.mark.parametrize("odd", [{"index": "../_all"}, {"index": "_security"}, {"words": ['x"} }']}, {"days": 90}])
async def test_what_could_leave_its_place_is_refused(store: Elasticsearch, odd: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        await read("elasticsearch.words", address(store), **{**ASKED, **odd})
    assert store.front.requests == []
