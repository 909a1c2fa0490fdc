"""The Kubernetes actions of catalog/agente-ia as they are written, previewed on the emulated cluster by the bot."""

import itertools
from collections.abc import AsyncIterator
from typing import Final, NamedTuple

import pytest
import pytest_asyncio
from proving import system

from bot.catalog.entries import Action
from bot.catalog.system import Catalog
from bot.providers import operation
from bot.providers.reach import CatalogTargets
from sandbox.world.kubernetes import open_cluster
from sandbox.world.kubernetes.companions import seed_companions
from sandbox.world.kubernetes.resources import CRON_JOBS, DEPLOYMENTS, PODS
from sandbox.world.kubernetes.store import Store
from sandbox.world.seed import NAMESPACE, seed

pytestmark = pytest.mark.asyncio(loop_scope="module")

NAME: Final = "agente-ia"
# The scenarios prove the rollback and the way back of a canary; evidence wants a folder of this machine.
ELSEWHERE: Final = {"rollback-agente-api", "canary-stop", "capture-evidence"}
CHANGES: Final = [n for n, one in system(NAME).actions.items() if one.target == "cluster" and n not in ELSEWHERE]
# What the same operation cannot put back; their `undo` says so in words.
FOR_GOOD: Final = {
    "restart-api",
    "delete-bad-pod",
    "restart-database-pod",
    "restore-beside",
    "backup-database",
    "process-retry-queue",
    "autoscale",  # there is none yet
    "known-good-image",  # that of today is not in the list
}


class Here(NamedTuple):
    """The way from the catalog to the cluster, and one of its pods."""

    targets: CatalogTargets
    pod: str


def _everything(store: Store) -> None:
    seed(store)
    seed_companions(store, NAMESPACE)
    copies = (
        (CRON_JOBS, "backup-postgresql", "restore-postgresql-beside"),
        (DEPLOYMENTS, "agente-worker", "agente-api-old"),
    )
    for resource, name, other in copies:
        found = store.read(resource, NAMESPACE, name)
        store.create(resource, {**found, "metadata": {"namespace": NAMESPACE, "name": other}})


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def here() -> AsyncIterator[Here]:
    async with open_cluster(NAMESPACE, _everything, 0.03) as opened:
        environ = {
            "AGENTE_KUBERNETES_SERVER": opened.url,
            "AGENTE_KUBERNETES_TOKEN": opened.token,
            "AGENTE_KUBERNETES_NAMESPACE": NAMESPACE,
        }
        pods = [pod["metadata"]["name"] for pod in opened.cluster.store.listing(PODS, NAMESPACE)]
        pod = next(name for name in pods if name.startswith("agente-api-"))
        yield Here(CatalogTargets(Catalog(systems={NAME: system(NAME)}), environ), pod)


def _answers(action: Action, pod: str) -> list[dict[str, str]]:
    """Every combination of what may be chosen and is not there already; a typed number is 45."""
    if action.name == "delete-bad-pod":
        return [{"pod": pod}]
    choices = {name: ask.choices or ("45",) for name, ask in action.asks.items()}
    given = [dict(zip(choices, chosen, strict=True)) for chosen in itertools.product(*choices.values())]
    # Three pods run, and of a canary's steps only the next is open.
    return [one for one in given if one.get("replicas") != "3" and one.get("share", "5") == "5"]


@pytest.mark.parametrize("name", CHANGES)
async def test_an_action_can_be_proposed_and_taken_back_as_it_is_written(here: Here, name: str) -> None:
    action = system(NAME).actions[name]
    accepted = operation(action.operation).parameters
    for given in _answers(action, here.pod):
        shown = await here.targets.preview(action, given)
        assert shown.lines
        assert shown.state
        assert given.items() <= shown.arguments.items()
        assert {name for taken in action.guards.values() for name in taken.values()} <= {*shown.state, *shown.arguments}
        assert bool(shown.undo) == (name not in FOR_GOOD)
        for pinned in (shown.arguments, shown.undo or shown.arguments):
            own = {key: value for key, value in pinned.items() if key in accepted.model_fields}
            accepted.model_validate({**action.parameters, **own})


async def test_the_number_of_pods_and_a_setting_keep_to_the_catalogs_bounds(here: Here) -> None:
    found = system(NAME).actions
    assert (await here.targets.preview(found["stop-pods"], {})).arguments["replicas"] == "0"
    shown = await here.targets.preview(found["db-pool"], {"value": "30"})
    assert shown.undo["value"] == "20"
    assert shown.arguments["variable"] == "DB_POOL_SIZE"
