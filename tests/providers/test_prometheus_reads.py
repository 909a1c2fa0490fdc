"""The Prometheus operations against the real Prometheus, which scrapes an exporter in this process."""

from collections.abc import Iterator

import pytest
from data_changes import granted
from prometheus_server import Daemon, Exporter, exporting, prometheus, wait_until_it_watches
from pydantic import ValidationError
from readings import measured, missing, read, refusal, spoken, summary
from web_gate import TOKEN, gate, saying

from bot.core.errors import Denied
from bot.core.findings import Level, Threshold, conclude
from bot.core.text import say
from sandbox.world.observability.prometheus import Alert, Line, open_prometheus


@pytest.fixture(scope="module")
def exporter() -> Iterator[Exporter]:
    with exporting() as exporter:
        exporter.alarm.set(1)
        exporter.memory.labels("agente-api-1", "maria@example.com").set(61)
        exporter.memory.labels("agente-api-2", "s").set(93.5)
        exporter.requests.labels("200").inc(940)
        exporter.requests.labels("500").inc(60)
        exporter.latency.labels("/health").observe(0.1)
        exporter.latency.labels("/chat").observe(4)
        yield exporter


@pytest.fixture(scope="module")
def server(exporter: Exporter, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    with prometheus(tmp_path_factory.mktemp("prometheus"), exporter) as daemon:
        wait_until_it_watches(daemon)
        yield daemon


RATIO = '100 * sum(demo_requests_total{status=~"5.."}) / sum(demo_requests_total)'


async def test_an_expression_gives_one_value(server: Daemon) -> None:
    reading = await read("prometheus.query", {"url": server.url}, query=RATIO, unit="%")
    assert measured(reading) == {"value": 6.0, "series": 1}
    assert summary(reading) == "6 % now"
    assert reading.evidence == ()


async def test_the_worst_of_many_series_is_the_value_and_personal_labels_are_masked(server: Daemon) -> None:
    reading = await read("prometheus.query", {"url": server.url}, query="demo_memory_percent", unit="%", by="pod")
    assert measured(reading) == {"value": 93.5, "series": 2}
    assert summary(reading) == "93.5 % at the worst of 2 series: agente-api-2"
    assert reading.evidence == ("agente-api-2  93.5 %", "agente-api-1  61 %")
    everything = await read("prometheus.query", {"url": server.url}, query="demo_memory_percent")
    assert "owner=***@example.com" in everything.evidence[1]
    assert "maria" not in repr(everything)


async def test_a_percentile_per_handler_tells_the_worst_handlers(server: Daemon) -> None:
    query = "histogram_quantile(0.95, sum(demo_seconds_bucket) by (le, handler))"
    reading = await read("prometheus.query", {"url": server.url}, query=query, unit="s", by="handler")
    assert summary(reading) == "4.8 s at the worst of 2 series: /chat"
    assert reading.evidence == ("/chat  4.8 s", "/health  0.475 s")


async def test_where_low_is_bad_the_lowest_is_the_worst(server: Daemon) -> None:
    reading = await read("prometheus.query", {"url": server.url}, query="up", worst="lowest", by="job")
    assert measured(reading)["value"] == 0
    assert summary(reading) == "0 at the worst of 2 series: dead"


async def test_a_metric_that_is_not_there_is_unknown_unless_the_catalog_says_what_none_means(server: Daemon) -> None:
    reading = await read("prometheus.query", {"url": server.url}, query="no_such_metric")
    assert missing(reading, "value") == "no series matches the query; the metric may be absent or renamed"
    assert measured(reading)["series"] == 0
    filtered = await read("prometheus.query", {"url": server.url}, query="demo_alarm > 5", empty=0)
    assert measured(filtered) == {"value": 0, "series": 0}


async def test_a_division_by_zero_is_unknown_and_not_a_number(server: Daemon) -> None:
    for query in ("sum(demo_alarm * 0) / sum(demo_alarm * 0)", "1 / 0"):
        reading = await read("prometheus.query", {"url": server.url}, query=query, empty=0)
        assert "it divides by zero, for want of traffic" in missing(reading, "value")


async def test_a_query_that_cannot_be_read_is_told_in_prometheus_words(server: Daemon) -> None:
    error = await refusal("prometheus.query", {"url": server.url}, query="sum(demo_alarm")
    assert spoken(error).startswith("Prometheus cannot read the query: ")
    assert "unclosed left parenthesis" in spoken(error)


async def test_a_query_of_text_or_of_a_whole_range_is_refused(server: Daemon) -> None:
    for query, kind in (('"words"', "string"), ("demo_alarm[1m]", "matrix")):
        error = await refusal("prometheus.query", {"url": server.url}, query=query)
        assert f"gives a {kind}, which cannot be measured" in spoken(error)


async def test_a_window_tells_what_held_all_the_time(server: Daemon) -> None:
    reading = await read("prometheus.range", {"url": server.url}, query="vector(7.5)", minutes=10, unit="%")
    values = measured(reading)
    assert (values["last"], values["min"], values["max"], values["mean"]) == (7.5, 7.5, 7.5, 7.5)
    assert (values["growth_percent"], values["covered_percent"], values["series"]) == (0.0, 100.0, 1)
    assert missing(reading, "largest_step_percent") == "it did not grow"
    assert len(reading.trend) == 121
    assert summary(reading) == "7.5 % now, 7.5 to 7.5 in the last 10 min"


async def test_a_window_with_gaps_never_claims_that_a_limit_held(server: Daemon) -> None:
    reading = await read("prometheus.range", {"url": server.url}, query="demo_alarm", minutes=30)
    assert "so nothing held all the time" in missing(reading, "min")
    values = measured(reading)
    assert (values["last"], values["max"]) == (1.0, 1.0)
    assert isinstance(values["covered_percent"], float)
    assert 0 < values["covered_percent"] < 60
    lowest = await read("prometheus.range", {"url": server.url}, query="demo_alarm", minutes=30, worst="lowest")
    assert "so nothing held all the time" in missing(lowest, "max")
    assert measured(lowest)["min"] == 1.0


async def test_a_limit_that_has_to_hold_for_minutes_is_a_limit_on_the_minimum(server: Daemon) -> None:
    """5-10% of errors for 10 min is P1, 0% for a moment is not, and two minutes of data are no ten."""
    levels = []
    for query in ("vector(7.5)", "20 * (floor(vector(time())) % 2)", "demo_alarm * 7.5"):
        reading = await read("prometheus.range", {"url": server.url}, query=query, minutes=10, step_s=1)
        levels.append(conclude("errors", say("errors"), reading, {"min": Threshold(crit=5)}).level)
    assert levels == [Level.CRIT, Level.OK, Level.UNKNOWN]


async def test_several_series_are_told_by_the_one_that_held_worst(server: Daemon) -> None:
    query = 'label_replace(vector(3), "pod", "a", "", "") or label_replace(vector(9), "pod", "b", "", "")'
    reading = await read("prometheus.range", {"url": server.url}, query=query, minutes=5, by="pod")
    assert measured(reading)["min"] == 9.0
    assert measured(reading)["series"] == 2
    assert summary(reading).endswith("at the worst: b")
    low = await read("prometheus.range", {"url": server.url}, query=query, minutes=5, by="pod", worst="lowest")
    assert measured(low)["max"] == 3.0


async def test_a_window_without_data_has_no_figures(server: Daemon) -> None:
    reading = await read("prometheus.range", {"url": server.url}, query="no_such_metric", minutes=5)
    assert measured(reading)["covered_percent"] == 0
    for name in ("last", "min", "max", "mean", "growth_percent"):
        assert "no series matches" in missing(reading, name)


async def test_a_range_of_too_many_points_is_refused_before_it_is_asked(server: Daemon) -> None:
    with pytest.raises(ValidationError, match="longer step_s"):
        await read("prometheus.range", {"url": server.url}, query="up", minutes=600, step_s=1)


async def test_alerts_are_told_by_name_severity_and_age(server: Daemon) -> None:
    reading = await read("prometheus.alerts", {"url": server.url})
    assert measured(reading) == {"firing": 1, "pending": 1, "critical": 1, "fired": 1}
    assert summary(reading) == "firing 1, pending 1: HighErrorRate critical"
    assert reading.evidence[0].startswith("firing: HighErrorRate critical since ")
    assert reading.evidence[1].startswith("pending: SlowBurn warning since ")
    assert "maria" not in repr(reading)


async def test_targets_that_cannot_be_scraped_are_named_with_the_reason(server: Daemon) -> None:
    reading = await read("prometheus.targets", {"url": server.url})
    assert measured(reading) == {"up": 1, "down": 1, "targets": 2}
    assert summary(reading).startswith("1 of 2 targets are down: dead 127.0.0.1:")
    assert "connection refused" in reading.evidence[0]
    one = await read("prometheus.targets", {"url": server.url}, job="api")
    assert measured(one) == {"up": 1, "down": 0, "targets": 1}
    assert summary(await read("prometheus.targets", {"url": server.url}, job="x")) == "Prometheus has no such target"


async def test_what_the_permissions_page_grants_is_enough_for_every_read(server: Daemon) -> None:
    allowed = granted("http prometheus").splitlines()
    async with gate(server.url, allowed) as opened:
        address = {"url": opened.url, "token": TOKEN}
        await read("prometheus.query", address, query="up")
        await read("prometheus.range", address, query="up", minutes=5)
        await read("prometheus.alerts", address)
        await read("prometheus.targets", address)
    assert set(opened.seen) == set(allowed)


async def test_what_a_proxy_forbids_is_told_with_what_to_allow(server: Daemon) -> None:
    async with gate(server.url, ["GET /api/v1/query"]) as opened:
        error = await refusal("prometheus.targets", {"url": opened.url, "token": TOKEN})
        assert isinstance(error, Denied)
        assert "Let its proxy pass GET below `/api/v1/`" in spoken(error)
        error = await refusal("prometheus.query", {"url": opened.url, "token": "s3same-wrong"}, query="up")
    assert isinstance(error, Denied)
    assert "does not accept our credentials (401)" in spoken(error)


async def test_a_wrong_path_is_told_as_a_wrong_address(server: Daemon) -> None:
    error = await refusal("prometheus.query", {"url": f"{server.url}/elsewhere"}, query="up")
    assert "does not look like Prometheus" in spoken(error)


async def test_a_page_of_metrics_is_summed_by_name_and_labels(exporter: Exporter) -> None:
    address = {"url": exporter.url}
    reading = await read("prometheus.scrape", address, metric="demo_requests_total", unit="requests")
    assert measured(reading) == {"value": 1000.0, "series": 2}
    assert summary(reading) == "1000 requests now"
    assert reading.evidence[0] == "demo_requests_total status=200  940"
    bad = await read("prometheus.scrape", address, metric="demo_requests_total", labels={"status": "5*"})
    assert measured(bad) == {"value": 60.0, "series": 1}
    many = await read("prometheus.scrape", address, metric="demo_re*")
    assert measured(many)["value"] != 1000.0
    assert "maria" not in repr(await read("prometheus.scrape", address, metric="demo_memory_percent"))


async def test_samples_that_look_alike_once_they_are_masked_all_count() -> None:
    page = 'failures{user="ana@example.com"} 3\nfailures{user="rui@example.com"} 4\n'
    async with saying(page) as url:
        reading = await read("prometheus.scrape", {"url": url}, metric="failures")
    assert measured(reading) == {"value": 7.0, "series": 2}
    assert reading.evidence == ("failures user=***@example.com  4", "failures user=***@example.com  3")


async def test_a_metric_missing_from_the_page_is_unknown_unless_none_means_zero(exporter: Exporter) -> None:
    reading = await read("prometheus.scrape", {"url": exporter.url}, metric="rate_limit_exceeded_total")
    assert missing(reading, "value") == "the page has no metric `rate_limit_exceeded_total`"
    zero = await read("prometheus.scrape", {"url": exporter.url}, metric="rate_limit_exceeded_total", empty=0)
    assert measured(zero)["value"] == 0


async def test_two_visits_give_a_rate_and_a_counter_that_began_anew_none() -> None:
    async with open_prometheus() as emulator:
        visits = iter([100.0, 130.0, 130.0, 4.0])
        address = {"url": emulator.metrics_url}
        emulator.page = {"hits_total": lambda _: next(visits)}
        reading = await read("prometheus.scrape", address, metric="hits_total", rate=True, rate_seconds=0.2)
        per_second = measured(reading)["per_second"]
        assert isinstance(per_second, float)
        assert 5 < per_second < 151
        assert summary(reading) == f"130, growing by {per_second:g} per second"
        again = await read("prometheus.scrape", address, metric="hits_total", rate=True, rate_seconds=0.2)
    assert missing(again, "per_second") == "the counter began anew between the two visits"


@pytest.mark.parametrize("body", ["<html>not found</html>", 'a{b="c', "demo_x notanumber"])
async def test_a_page_that_holds_no_metrics_is_told(body: str) -> None:
    async with saying(body) as url:
        error = await refusal("prometheus.scrape", {"url": url}, metric="demo_x")
    assert "holds no metrics that Prometheus could read" in spoken(error)


async def test_the_emulator_answers_like_the_real_one() -> None:
    async with open_prometheus() as emulator:
        emulator.table = {"sum(rate(x[5m]))": 4.5, "by_pod": [Line({"pod": "a"}, 1), Line({"pod": "b"}, lambda at: 2)]}
        emulator.alerts = [Alert("SystemDown"), Alert("SlowBurn", "warning", "pending")]
        emulator.fired = [("HighMemoryUsage", "warning")]
        emulator.targets = {("api", "10.0.0.5:8000"): "", ("redis", "10.0.0.6:9121"): "connection refused"}
        address = {"url": emulator.url}
        query = await read("prometheus.query", address, query="sum( rate(x[5m]) )")
        assert measured(query) == {"value": 4.5, "series": 1}
        window = await read("prometheus.range", address, query="by_pod", minutes=10)
        assert measured(window)["min"] == 2.0
        assert measured(window)["covered_percent"] == 100.0
        alerts = await read("prometheus.alerts", address)
        assert measured(alerts) == {"firing": 1, "pending": 1, "critical": 1, "fired": 2}
        assert alerts.evidence[-1] == "fired in the last 24 h: HighMemoryUsage warning"
        assert measured(await read("prometheus.targets", address)) == {"up": 1, "down": 1, "targets": 2}


async def test_growth_in_one_step_is_told_from_steady_growth() -> None:
    async with open_prometheus() as emulator:
        begin: list[float] = []

        def since(at: float) -> float:
            begin.append(at)
            return at - begin[0]

        emulator.table = {"step": lambda at: 100 if since(at) < 1800 else 200, "leak": lambda at: 100 + since(at) / 36}
        address = {"url": emulator.url}
        step = measured(await read("prometheus.range", address, query="step", minutes=60))
        begin.clear()
        leak = measured(await read("prometheus.range", address, query="leak", minutes=60))
    assert (step["growth_percent"], step["largest_step_percent"]) == (100.0, 100.0)
    assert isinstance(leak["growth_percent"], float)
    assert 80 < leak["growth_percent"] < 100
    assert isinstance(leak["largest_step_percent"], float)
    assert leak["largest_step_percent"] < 15
