"""The history of a deployment: what a rollback could go back to."""

from typing import Final

from bot.core.findings import Measurement, Reading
from bot.core.operation import Read
from bot.core.text import Text, say
from bot.providers.kubernetes.address import Address
from bot.providers.kubernetes.cluster import LIMIT, opened
from bot.providers.kubernetes.deployment import Named
from bot.providers.kubernetes.resources import DEPLOYMENTS
from bot.providers.kubernetes.workloads import Revision, age, author_of, image_words, present_of, revisions_of

_SHOWN: Final = 20


async def _read(address: Address, wanted: Named) -> Reading:
    async with opened(address) as cluster:
        deployment = await cluster.read(DEPLOYMENTS, wanted.name)
        revisions = await revisions_of(cluster, deployment)
    present = present_of(deployment, revisions)
    unseen = None if present else say("the deployment controller has not seen the newest change yet")
    return Reading(
        _summary(revisions, present),
        (
            Measurement("count", len(revisions)),
            Measurement("current", present.number if present else None, missing=unseen),
            Measurement("images", image_words(present.images) if present else None, missing=unseen),
            _author(present, unseen),
        ),
        tuple(_line(revision, is_present=revision == present) for revision in revisions[:_SHOWN]),
    )


def _author(present: Revision | None, unseen: Text | None) -> Measurement:
    if present is None:
        return Measurement("author", None, missing=unseen)
    untold = say("the change cause names nobody; deploy with “… by NAME” in `kubernetes.io/change-cause`")
    return Measurement("author", author_of(present) or None, missing=None if author_of(present) else untold)


def _line(revision: Revision, *, is_present: bool) -> str:
    mark = "  <- current" if is_present else ""
    cause = revision.cause or "no change cause"
    return f"{revision.number}  {image_words(revision.images)}  {age(revision.created)}  {cause}{mark}"


def _summary(revisions: list[Revision], present: Revision | None) -> Text:
    if present is None:
        return say("{count} revisions, none of them current yet", count=len(revisions))
    earlier = [revision for revision in revisions if revision.number < present.number]
    if not earlier:
        return say("revision {current} runs; there is no earlier one to go back to", current=present.number)
    return say(
        "revision {current} runs {image}; before it came revision {earlier} with {earlier_image}",
        current=present.number,
        image=image_words(present.images),
        earlier=earlier[0].number,
        earlier_image=image_words(earlier[0].images),
    )


REVISIONS = Read("kubernetes.revisions", Address, Named, LIMIT, _read)
