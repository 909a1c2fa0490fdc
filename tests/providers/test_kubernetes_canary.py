"""A canary by pods: two deployments behind one Service, whose share is the one that the Service really gives."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
from canary_room import BY_PODS, CANARY, STABLE, Shop, open_shop
from kubernetes_room import (
    Given,
    eventually,
    execute,
    lines,
    overtaken,
    preview,
    refusal,
    refused,
    role_rules,
    warnings,
)
from readings import rendered, spoken

from bot.core.errors import Denied
from bot.providers.kubernetes.canary.ladder import SINCE, Note
from sandbox.world.kubernetes import documents
from sandbox.world.kubernetes.companions import autoscaler
from sandbox.world.kubernetes.images import Fate
from sandbox.world.kubernetes.resources import AUTOSCALERS, DEPLOYMENTS, PODS
from sandbox.world.seed import NAMESPACE


@pytest.fixture
async def shop() -> AsyncIterator[Shop]:
    async with open_shop() as opened:
        yield opened


def at(share: int, **other: object) -> Given:
    return {**BY_PODS, "share": share, **other}


async def test_a_step_shows_the_pods_and_the_true_share_and_changes_nothing(shop: Shop) -> None:
    shown = await shop.shown(5)
    assert lines(shown) == {
        "share of the canary": ("0%", "5%"),
        "pods of shop-canary": ("0", "1"),
        "pods of shop": ("20", "19"),
        "pods at most meanwhile": ("20", "21"),
    }
    assert (shown.arguments["share"], shown.undo, warnings(shown)) == ("5", {"share": "0"}, [])
    assert shop.writes() == []
    assert (await shop.shown(5)).fingerprint == shown.fingerprint


async def test_the_ladder_is_climbed_step_by_step_and_the_service_sends_the_canary_its_share(shop: Shop) -> None:
    for share, hours, behind in ((5, 0, (19, 1)), (25, 2.01, (15, 5)), (50, 1.01, (10, 10)), (100, 1.01, (0, 20))):
        if hours:
            shop.age(hours)
        assert await shop.step(share) == f"shop-canary takes {share}% of the traffic: {behind[1]} of 20 pods"
        await eventually(lambda wanted=behind: shop.behind() == wanted)
    assert await shop.step(0) == "shop-canary takes 0% of the traffic: 0 of 20 pods"
    await eventually(lambda: shop.behind() == (20, 0))


async def test_no_step_up_or_down_ever_leaves_fewer_pods_than_the_work_needs(shop: Shop) -> None:
    assert await shop.fewest_while(5) == 20
    shop.age(3)
    assert await shop.fewest_while(25) == 20
    assert await shop.fewest_while(0) == 20


async def test_a_step_says_how_far_it_is(shop: Shop) -> None:
    told: list[str] = []
    await shop.step(5, told)
    assert "1 of 1 pods of shop-canary run shop:1.1.0, 1 ready" in told
    assert told[-1] == "19 of 19 pods of shop run shop:1.0.0, 19 ready"


async def test_one_pod_of_four_is_refused_as_five_percent_with_the_way_to_have_it(shop: Shop) -> None:
    shop.edit(STABLE, lambda one: one["spec"].update(replicas=4))
    await eventually(lambda: shop.behind() == (4, 0))
    assert await refused("canary", shop, at(5)) == (
        "With 4 pods the nearest to 5% is 1 of 4, and that is 25%: more than 2 points off. Either there are 16 pods, "
        "or an Ingress or an HTTPRoute shares by weight."
    )
    shown = await shop.shown(25, steps=[25, 50, 100], minutes=[0, 0])
    assert lines(shown)["pods of shop"] == ("4", "3")


async def test_a_later_step_that_whole_pods_miss_is_told_before_the_first(shop: Shop) -> None:
    shop.edit(STABLE, lambda one: one["spec"].update(replicas=15))
    await eventually(lambda: shop.behind() == (15, 0))
    assert warnings(await shop.shown(5)) == ["With 15 pods 50% cannot be had later."]


@pytest.mark.parametrize(
    ("share", "sentence"),
    [
        (0, "shop-canary takes 0% of the traffic already."),
        (10, "10% is none of the steps: 0%, 5%, 25%, 50%, 100%."),
        (25, "After 0% comes 5%, not 25%."),
        (100, "After 0% comes 5%, not 100%."),
    ],
)
async def test_only_the_next_step_is_offered(shop: Shop, share: int, sentence: str) -> None:
    assert await refused("canary", shop, at(share)) == sentence


async def test_a_step_waits_for_the_time_of_the_one_before_and_says_until_when(shop: Shop) -> None:
    await shop.step(5)
    error = await refusal(preview("canary", shop.address(), at(25)))
    since, allowed = error.text.values["since"], error.text.values["allowed"]
    assert isinstance(since, datetime)
    assert isinstance(allowed, datetime)
    assert allowed - since == timedelta(hours=2)
    assert timedelta() <= datetime.now(UTC) - since < timedelta(seconds=300)
    assert "stays there for 120 min: the next step is allowed at" in spoken(error)
    shop.age(1.99)
    assert "is allowed at" in await refused("canary", shop, at(25))
    shop.age(2.01)
    assert (await shop.shown(25)).undo == {"share": "5"}


async def test_the_time_counts_only_for_this_step_and_this_version(shop: Shop) -> None:
    await shop.step(5)
    shop.age(3)
    shop.deploy("shop:1.2.0", CANARY)
    await eventually(lambda: shop.behind() == (19, 1))
    assert "has another version than when it began to take 5%" in await refused("canary", shop, at(25))
    for note in ("25% 2020-01-01T00:00:00+00:00 x", "5% yesterday x", ""):
        shop.edit(CANARY, lambda one, note=note: one["metadata"]["annotations"].update({SINCE: note}))
        assert "Nobody wrote down since when shop-canary takes 5%" in await refused("canary", shop, at(25))


async def test_a_share_that_somebody_else_made_is_none_of_the_steps(shop: Shop) -> None:
    shop.edit(CANARY, lambda one: one["spec"].update(replicas=3))
    await eventually(lambda: shop.behind() == (20, 3))
    assert await refused("canary", shop, at(25)) == (
        "shop-canary takes 13% of the traffic, which is none of the steps: go back to 0% first."
    )
    assert lines(await shop.shown(0))["pods of shop"] == ("20", "23")


async def test_the_way_back_is_open_at_any_moment_and_nothing_takes_it_back_at_once(shop: Shop) -> None:
    await shop.step(5)
    shop.deploy("shop:1.1.0-broken", CANARY)
    await eventually(lambda: shop.deployment(CANARY)["status"].get("updatedReplicas") == 1)
    shop.store.create(AUTOSCALERS, autoscaler(NAMESPACE, CANARY, 1, 4))
    shown = await shop.shown(0)
    assert shown.undo == {}
    assert "An autoscaler may change the number of pods again at any time." in warnings(shown)
    assert warnings(shown)[-1] == "Nothing takes this back at once: up again it goes step by step."
    assert await shop.step(0) == "shop-canary takes 0% of the traffic: 0 of 20 pods"
    assert "An autoscaler decides" in await refused("canary", shop, at(5))


async def test_the_undo_of_a_step_is_the_step_before(shop: Shop) -> None:
    await shop.step(5)
    shop.age(3)
    undo = (await shop.shown(25)).undo
    await shop.step(25)
    assert await shop.step(int(undo["share"])) == "shop-canary takes 5% of the traffic: 1 of 20 pods"
    assert "is allowed at" in await refused("canary", shop, at(25))


async def test_a_canary_whose_pods_do_not_start_takes_nothing_away_and_goes_back_when_cancelled(shop: Shop) -> None:
    shop.cluster.images.tell("shop:1.1.0", Fate.BROKEN)
    shown = await shop.shown(5)
    doing = asyncio.create_task(execute("canary", shop.address(), at(5), shown))
    await eventually(lambda: any(pod["status"] for pod in shop.pods(CANARY)))
    doing.cancel()
    await asyncio.gather(doing, return_exceptions=True)
    assert shop.behind() == (20, 0)
    assert SINCE not in shop.deployment(CANARY)["metadata"]["annotations"]
    assert "4.8% of the traffic, which is none of the steps" in await refused("canary", shop, at(25))
    back = await shop.shown(0)
    assert (lines(back)["pods of shop"], lines(back)["pods of shop-canary"]) == (("20", "20"), ("1", "0"))
    await shop.step(0)
    assert shop.behind() == (20, 0)


async def test_a_canary_that_is_not_ready_takes_no_more(shop: Shop) -> None:
    await shop.step(5)
    shop.age(3)
    shop.cluster.images.tell("shop:1.1.0", Fate.BROKEN)
    shop.store.delete(PODS, NAMESPACE, shop.pod_names(CANARY)[0])
    await eventually(lambda: shop.behind() == (19, 0))
    assert await refused("canary", shop, at(25)) == (
        "shop-canary is not ready: 0 of 1 pods. It takes more traffic only when all are."
    )


async def test_what_is_not_two_deployments_behind_one_service_is_refused(shop: Shop) -> None:
    shop.selector(app=STABLE)
    assert await refused("canary", shop, at(5)) == "The Service shop does not select the pods of shop-canary."
    shop.selector()
    assert "has no selector" in await refused("canary", shop, at(5))
    assert await refused("canary", shop, at(5, service="front")) == "There is no Service front in production."
    assert await refused("canary", shop, at(5, canary="shop-new")) == "There is no deployment shop-new in production."


async def test_deployments_whose_selectors_find_each_others_pods_are_refused(shop: Shop) -> None:
    shop.edit(CANARY, lambda one: one["spec"].update(selector={"matchLabels": {"site": "shop"}}))
    words = "The selector of shop-canary finds the pods of shop too: give each deployment a label of its own."
    assert await refused("canary", shop, at(5)) == words
    several = [
        {"key": "app", "operator": "In", "values": [STABLE, CANARY]},
        {"key": "site", "operator": "Exists"},
        {"key": "old", "operator": "DoesNotExist"},
    ]
    shop.edit(CANARY, lambda one: one["spec"].update(selector={"matchLabels": {}, "matchExpressions": several}))
    assert await refused("canary", shop, at(5)) == words


async def test_a_third_workload_behind_the_service_makes_the_share_untrue(shop: Shop) -> None:
    template = documents.pod_template("shop-legacy", "shop:0.9.0", {})
    template["metadata"]["labels"]["site"] = "shop"
    shop.store.create(DEPLOYMENTS, documents.deployment(NAMESPACE, "shop-legacy", 1, template))
    await eventually(lambda: len(shop.pods("shop-legacy")) == 1)
    assert "of neither deployment, so that the share would not be true" in await refused("canary", shop, at(5))


@pytest.mark.parametrize("name", [STABLE, CANARY])
async def test_an_autoscaler_of_either_deployment_is_refused_with_the_safe_way(shop: Shop, name: str) -> None:
    shop.store.create(AUTOSCALERS, autoscaler(NAMESPACE, name, 1, 30))
    words = await refused("canary", shop, at(5))
    assert words.startswith(f"An autoscaler decides how many pods {name} has (1 to 30)")
    assert "share by weight at an Ingress or an HTTPRoute" in words


async def test_more_pods_meanwhile_than_the_catalog_allows_are_refused(shop: Shop) -> None:
    assert await refused("canary", shop, at(5, max_pods=20)) == (
        "Until the canary is ready there would be 21 pods, more than the 20 that the catalog allows."
    )


async def test_lost_answers_are_found_out_by_looking_and_nothing_is_sent_twice(shop: Shop) -> None:
    shop.cluster.faults.lose_answers = 3
    assert await shop.step(5) == "shop-canary takes 5% of the traffic: 1 of 20 pods"
    assert [name for _, _, name in shop.writes()] == [CANARY, STABLE, CANARY]
    assert Note.on(shop.deployment(CANARY)) is not None


async def test_a_number_that_changed_since_the_preview_or_in_the_very_moment_is_not_touched(shop: Shop) -> None:
    shown = await shop.shown(5)
    shop.edit(STABLE, lambda one: one["spec"].update(replicas=21))
    error = await refusal(execute("canary", shop.address(), at(5), shown))
    assert spoken(error) == "shop-canary no longer looks as it was shown; nothing was done."

    def somebody_else() -> None:
        shop.edit(CANARY, lambda one: one["spec"].update(replicas=2))

    await eventually(lambda: shop.behind() == (21, 0))
    async with overtaken(shop, somebody_else) as address:
        error = await refusal(execute("canary", address, at(5), await preview("canary", address, at(5))))
    assert "was changed meanwhile; nothing was done" in spoken(error)
    assert shop.writes() == []


@pytest.mark.parametrize(
    ("at_write", "who", "sentence"),
    [
        (2, STABLE, "Somebody else changed shop at the same moment, after shop-canary had been given its pods"),
        (3, CANARY, "shop-canary takes 5% of the traffic: 1 of 20 pods. Since when could not be written down"),
    ],
)
async def test_what_is_changed_while_a_step_is_under_way_is_told_with_what_was_done(
    shop: Shop, at_write: int, who: str, sentence: str
) -> None:
    seen: list[str] = []

    def somebody_else() -> None:
        seen.append("write")
        if len(seen) == at_write:
            shop.label(who, touched="yes")

    async with overtaken(shop, somebody_else) as address:
        error = await refusal(execute("canary", address, at(5), await preview("canary", address, at(5))))
    assert rendered(error.text).startswith(sentence)
    assert shop.behind() == ((19, 1) if at_write == 3 else (20, 1))


async def test_a_missing_right_is_named(shop: Shop) -> None:
    reader = await refusal(preview("canary", shop.address("plantao-read"), at(5)))
    assert isinstance(reader, Denied)
    assert "`patch` `deployments.apps`" in spoken(reader)
    blind = shop.address(without=lambda rule: rule["resources"] == ["services"])
    assert "`get` `services`" in spoken(await refusal(preview("canary", blind, at(5))))
    assert {"services", "ingresses", "httproutes"} <= {
        one for rule in role_rules("plantao-read") for one in rule["resources"]
    }
