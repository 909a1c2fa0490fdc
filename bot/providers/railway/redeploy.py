"""Deploying the same code again, which loads the variables as they are now."""

from pydantic import Field

from bot.core.errors import TargetError
from bot.core.operation import Change, Progress
from bot.core.preview import Line, Preview
from bot.core.text import Text, say
from bot.providers.railway.address import Address, OfService
from bot.providers.railway.follow import CHANGE_LIMIT, follow, redeployed
from bot.providers.railway.graph import opened, seen
from bot.providers.railway.history import Deployment, History, history_of, scope_of
from bot.providers.railway.sameness import identity, require_same
from bot.providers.railway.variables import not_loaded, values_of
from bot.providers.secrets.secrecy import fingerprints


class Redeploy(OfService):
    """`deployment` is the id, or its beginning, of the one whose code is deployed again; empty means the newest."""

    deployment: str = Field("", pattern=r"^([0-9a-f-]{8,36})?$")


async def _preview(address: Address, wanted: Redeploy) -> Preview:
    async with opened(address) as graph:
        history = await history_of(graph, await scope_of(graph, address, wanted.service))
        history.require_quiet()
        source = _source(history, wanted.deployment)
        now = await values_of(graph, history.scope)
        present = history.present
        waiting, reason = await not_loaded(graph, now, present.id) if present else ((), None)
    return Preview(
        lines=(
            Line(say("deployment of {service}", service=history.scope.name), _shown(present), f"+ {source.words}"),
            Line(say("variables that it loads anew"), "", seen(", ".join(waiting), 300) or "—"),
        ),
        state={**identity(history), "variables": fingerprints(now.rendered, address.token)},
        arguments={"service": wanted.service, "deployment": source.id},
        warnings=_warnings(source, present, reason),
        undo={"service": wanted.service, "deployment": present.id} if present and present.can_redeploy else {},
    )


async def _execute(address: Address, _: Redeploy, preview: Preview, progress: Progress) -> Text:
    wanted = Redeploy.model_validate(dict(preview.arguments))
    async with opened(address) as graph:
        history = await history_of(graph, await scope_of(graph, address, wanted.service))
        now = await values_of(graph, history.scope)
        require_same(history, preview.state, fingerprints(now.rendered, address.token))
        source = history.named(wanted.deployment)
        done = await follow(graph, history.scope.name, await redeployed(graph, history, source), progress)
    return say(
        "{service} was deployed again as {deployment}: {what}",
        service=history.scope.name,
        deployment=done.short,
        what=done.words,
    )


def _source(history: History, name: str) -> Deployment:
    source = history.named(name) if name else history.newest
    if source is None:
        raise TargetError(
            "{service} was never deployed here; there is nothing to redeploy.", service=history.scope.name
        )
    if not source.can_redeploy:
        raise TargetError("Railway cannot redeploy {deployment}: it no longer keeps it.", deployment=source.short)
    return source


def _shown(present: Deployment | None) -> str:
    return f"{present.short} {present.status} {present.words}" if present else "—"


def _warnings(source: Deployment, present: Deployment | None, reason: Text | None) -> tuple[Text, ...]:
    found = []
    if present and source.commit != present.commit:
        found.append(say("This deploys other code than what serves now: {what}.", what=source.words))
    if source.has_failed:
        found.append(say("Deployment {deployment} ended as {status}.", deployment=source.short, status=source.status))
    if reason is not None:
        found.append(say("Which variables it loads anew is not known: {reason}", reason=reason))
    return tuple(found)


REDEPLOY = Change("railway.redeploy", Address, Redeploy, CHANGE_LIMIT, _preview, _execute)
