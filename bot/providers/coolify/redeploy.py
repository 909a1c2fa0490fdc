"""Going back to what an earlier deployment had put live."""

from typing import Final

from pydantic import Field, model_validator

from bot.core.errors import TargetError
from bot.core.operation import Change, Parameters, Progress
from bot.core.preview import Line, Preview
from bot.core.text import Text, say
from bot.providers.coolify.address import Address
from bot.providers.coolify.deployment import Deployment, History
from bot.providers.coolify.follow import CHANGE_LIMIT, follow, identity, require_same, started
from bot.providers.coolify.panel import Panel, reached, seen

_SHOWN: Final = 10


class Redeploy(Parameters):
    """Either the id of an earlier deployment or the commit it had put live; the beginning of either will do."""

    deployment: str = Field("", pattern=r"^([A-Za-z0-9-]{6,40})?$")
    commit: str = Field("", pattern=r"^([0-9a-f]{7,40})?$")

    @model_validator(mode="after")
    def _names_one(self) -> "Redeploy":
        if bool(self.deployment) == bool(self.commit):
            raise ValueError("name either a deployment or a commit")
        return self


async def _preview(address: Address, wanted: Redeploy) -> Preview:
    async with reached(address) as panel:
        history = await panel.history()
        history.require_quiet()
        present = _present(history)
        target = _target(history, present, wanted)
        is_kept = await _is_kept(panel, target)
    return Preview(
        lines=_lines(history, present, target),
        state={
            "application": address.application,
            **identity(history),
            "commit": present.commit,
            "deployed": _first_deployed(history, target),
        },
        arguments={"deployment": target.id},
        warnings=_warnings(target, is_kept=is_kept),
        undo={"deployment": present.id},
    )


async def _execute(address: Address, _: Redeploy, preview: Preview, progress: Progress) -> Text:
    wanted = Redeploy.model_validate(dict(preview.arguments))
    async with reached(address) as panel:
        history = await panel.history()
        require_same(history, preview.state)
        target = _target(history, _present(history), wanted)
        name = await started(panel, history, lambda: panel.go_back(target.commit), target.commit)
        done = await follow(panel, name, target.commit, progress)
    return say("{what} is live again (deployment {name})", what=target.words, name=done.id)


def _present(history: History) -> Deployment:
    if history.present is None:
        raise TargetError("Nothing was ever finished here, so there is no way back.")
    return history.present


def _target(history: History, present: Deployment, wanted: Redeploy) -> Deployment:
    target = history.named(wanted.deployment, wanted.commit)
    if not target.commit:
        raise TargetError("Coolify does not say which commit deployment {name} had put live.", name=target.id)
    if target.commit == present.commit:
        raise TargetError("{what} is live already; a restart needs no redeploy.", what=target.words)
    return target


def _first_deployed(history: History, target: Deployment) -> str:
    """When this code first went live: migrations younger than that are unknown to it."""
    first = next((one for one in history.commits() if one.commit == target.commit), target)
    return first.created.isoformat()


async def _is_kept(panel: Panel, target: Deployment) -> bool:
    """Whether the image is still there; raises TargetError where the API knows no way back."""
    is_kept = await panel.keeps_image(target.commit)
    if is_kept is None:
        raise TargetError(
            "This Coolify cannot go back through its API; a newer version can. In the panel: Rollback, then {commit}.",
            commit=target.commit[:7],
        )
    return is_kept


def _lines(history: History, present: Deployment, target: Deployment) -> tuple[Line, ...]:
    order = [one.commit for one in history.commits()]
    now, then = order.index(present.commit), order.index(target.commit)
    is_older = then > now
    between = history.commits()[now:then] if is_older else history.commits()[then:now]
    words = " · ".join(one.words for one in between[:_SHOWN])
    return (
        Line(say("commit"), present.words, target.words),
        Line(say("deployed"), f"{present.created:%Y-%m-%d %H:%M}Z", f"{target.created:%Y-%m-%d %H:%M}Z"),
        Line(say("commits that are taken back"), words, "")
        if is_older
        else Line(say("commits that come again"), "", words),
    )


def _warnings(target: Deployment, *, is_kept: bool) -> tuple[Text, ...]:
    found = [say("Migrations of the database stay: make sure that this code can live with them.")]
    if not is_kept:
        found.append(say("Coolify no longer has the image of {commit}; it is built anew.", commit=target.commit[:7]))
    if target.is_rollback:
        found.append(say("{name} was itself a rollback.", name=seen(target.id, 40)))
    return tuple(found)


REDEPLOY = Change("coolify.redeploy", Address, Redeploy, CHANGE_LIMIT, _preview, _execute)
