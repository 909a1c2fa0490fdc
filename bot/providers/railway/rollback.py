"""Going back to an earlier deployment, with its image and, on this platform, its variables."""

from collections.abc import Mapping

from pydantic import Field

from bot.core.errors import Denied, TargetError, TimedOut, Unreachable
from bot.core.operation import Change, Progress
from bot.core.preview import Line, Preview
from bot.core.text import Text, say
from bot.providers.railway import queries
from bot.providers.railway.address import Address, OfService
from bot.providers.railway.follow import CHANGE_LIMIT, begun, follow, unknown
from bot.providers.railway.graph import Graph, opened, seen
from bot.providers.railway.history import Deployment, History, history_of, scope_of
from bot.providers.railway.sameness import identity, require_same
from bot.providers.railway.variables import Values, difference, snapshot_of, values_of
from bot.providers.railway.words import Names
from bot.providers.secrets.secrecy import fingerprints, looks_secret


class Rollback(OfService):
    """`deployment` is the id of the one to go back to, or its beginning; empty means the last good one before.

    `accept_variables` is the catalog's list of variables that may get their old values back; never secrets.
    """

    deployment: str = Field("", pattern=r"^([0-9a-f-]{8,36})?$")
    accept_variables: Names = ()


async def _preview(address: Address, wanted: Rollback) -> Preview:
    async with opened(address) as graph:
        history = await history_of(graph, await scope_of(graph, address, wanted.service))
        history.require_quiet()
        present = _present(history)
        target = _target(history, present, wanted.deployment)
        now = await values_of(graph, history.scope)
        then = await _variables_of(graph, target)
        returning = _require_harmless(now, then, wanted, target)
    return Preview(
        lines=_lines(history, present, target, returning),
        state={
            **identity(history),
            "variables": fingerprints(now.rendered, address.token),
            "variables then": fingerprints(then, address.token),
        },
        arguments=_arguments(wanted, target.id),
        warnings=_warnings(history, present, returning),
        undo=_arguments(wanted, present.id) if present.status == "SUCCESS" else {},
    )


async def _execute(address: Address, _: Rollback, preview: Preview, progress: Progress) -> Text:
    wanted = Rollback.model_validate(dict(preview.arguments))
    async with opened(address) as graph:
        history = await history_of(graph, await scope_of(graph, address, wanted.service))
        now = await values_of(graph, history.scope)
        require_same(history, preview.state, fingerprints(now.rendered, address.token))
        target = history.named(wanted.deployment)
        done = await follow(graph, history.scope.name, await _sent(graph, history, target), progress)
    return say(
        "{service} is back on {what} (deployment {deployment})",
        service=history.scope.name,
        what=target.words,
        deployment=done.short,
    )


async def _sent(graph: Graph, history: History, target: Deployment) -> str:
    """Send it once. Railway only answers yes, so the new deployment is looked for in either case."""
    try:
        await graph.send(queries.ROLLBACK, bool, id=target.id)
    except (Unreachable, TimedOut) as error:
        found = await begun(graph, history, target)
        if found is None:
            raise unknown(history.scope.name) from error
        return found
    found = await begun(graph, history, target)
    if found is None:
        raise TargetError(
            "Railway accepted the rollback of {service}, but shows no deployment for it yet. Look there.",
            service=history.scope.name,
        )
    return found


def _present(history: History) -> Deployment:
    if history.present is None:
        raise TargetError(
            "Nothing of {service} serves, so there is nothing to go back from.", service=history.scope.name
        )
    return history.present


def _target(history: History, present: Deployment, name: str) -> Deployment:
    if name:
        target = history.named(name)
        if target.id == present.id:
            raise TargetError(
                "{service} runs {deployment} already.", service=history.scope.name, deployment=target.short
            )
        if not target.can_roll_back:
            raise TargetError(
                "Railway cannot go back to {deployment} ({status}): it never served, or is no longer kept.",
                deployment=target.short,
                status=target.status,
            )
        return target
    earlier = (one for one in history.deployments if one.can_roll_back and one.created < present.created)
    found = next(earlier, None)
    if found is None:
        raise TargetError("Railway keeps no earlier good deployment of {service}.", service=history.scope.name)
    return found


async def _variables_of(graph: Graph, target: Deployment) -> Mapping[str, str]:
    """What the rollback would bring back; without knowing it there is none."""
    try:
        then = await snapshot_of(graph, target.id)
    except Denied:
        then = None
    if then is None:
        raise TargetError(
            "Refused: a rollback also brings back the variables of {deployment}, and Railway does not show which. "
            "Redeploy {deployment} instead: the same code with the present variables.",
            deployment=target.short,
        )
    return then


def _require_harmless(now: Values, then: Mapping[str, str], wanted: Rollback, target: Deployment) -> tuple[str, ...]:
    """The accepted names that get old values back; raises TargetError for secrets and for all others."""
    names = difference(now, then).names
    secrets = [name for name in names if looks_secret(name)]
    if secrets:
        raise TargetError(
            "Refused: since {deployment} was made these secrets were changed: {names}. A rollback would bring the old "
            "ones back. Redeploy {deployment} instead: the same code with the present variables.",
            deployment=target.short,
            names=seen(", ".join(secrets), 300),
        )
    others = [name for name in names if name not in wanted.accept_variables]
    if others:
        raise TargetError(
            "Refused: since {deployment} was made these variables were changed, and a rollback would change them back: "
            "{names}. Whoever maintains the catalog can list them under `accept_variables`.",
            deployment=target.short,
            names=seen(", ".join(others), 300),
        )
    return names


def _arguments(wanted: Rollback, deployment: str) -> dict[str, str]:
    accepted = " ".join(wanted.accept_variables)
    return {"service": wanted.service, "deployment": deployment, "accept_variables": accepted}


def _lines(history: History, present: Deployment, target: Deployment, returning: tuple[str, ...]) -> tuple[Line, ...]:
    service = history.scope.name
    variables = (Line(say("variables that get their old values back"), "", seen(", ".join(returning), 300)),)
    return (
        Line(say("deployment of {service}", service=service), f"{present.short} {present.status}", target.short),
        Line(say("code"), present.words, target.words),
        Line(say("made"), f"{present.created:%Y-%m-%d %H:%M}Z", f"{target.created:%Y-%m-%d %H:%M}Z"),
        *(variables if returning else ()),
    )


def _warnings(history: History, present: Deployment, returning: tuple[str, ...]) -> tuple[Text, ...]:
    found = [say("Migrations of the database stay: make sure that the older code can live with them.")]
    newest = history.newest
    if newest and newest.id != present.id:
        found.append(
            say(
                "The newest deployment {deployment} is {status} and does not serve; this goes back from {present}.",
                deployment=newest.short,
                status=newest.status,
                present=present.short,
            )
        )
    if returning:
        found.append(say("These variables get their old values back: {names}.", names=seen(", ".join(returning), 300)))
    return tuple(found)


ROLLBACK = Change("railway.rollback", Address, Rollback, CHANGE_LIMIT, _preview, _execute)
