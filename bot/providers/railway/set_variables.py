"""Setting allow-listed variables, all at once, and loading them with one redeploy."""

from collections.abc import Mapping

from pydantic import Field

from bot.core.errors import TargetError, TimedOut, Unreachable
from bot.core.operation import Change, Progress
from bot.core.preview import Line, Preview
from bot.core.redaction import mask
from bot.core.text import Text, say
from bot.providers.railway import queries
from bot.providers.railway.address import Address, OfService
from bot.providers.railway.follow import CHANGE_LIMIT, follow, redeployed
from bot.providers.railway.graph import Graph, opened, seen
from bot.providers.railway.history import Deployment, History, Scope, history_of, scope_of
from bot.providers.railway.sameness import identity, require_same
from bot.providers.railway.variables import Values, not_loaded, values_of
from bot.providers.railway.words import Changes, Names, packed
from bot.providers.secrets.secrecy import fingerprints, is_given_by_platform, looks_secret


class SetVariables(OfService):
    """Which variables get which values; `allowed` is the catalog's list of what may be set, public values only."""

    changes: Changes
    allowed: Names = Field(min_length=1)


async def _preview(address: Address, wanted: SetVariables) -> Preview:
    _require_allowed(wanted)
    async with opened(address) as graph:
        history = await history_of(graph, await scope_of(graph, address, wanted.service))
        history.require_quiet()
        source = source_of(history)
        now = await values_of(graph, history.scope)
        waiting, _ = await not_loaded(graph, now, history.present.id) if history.present else ((), None)
    if all(now.written.get(name) == value for name, value in wanted.changes.items()):
        raise TargetError("Nothing to do: {names} have these values already.", names=", ".join(wanted.changes))
    return Preview(
        lines=(
            *(_line(name, now.written.get(name), value) for name, value in sorted(wanted.changes.items())),
            Line(say("then one redeploy of"), "", source.words),
        ),
        state={**identity(history), "variables": fingerprints(now.written, address.token)},
        arguments=_arguments(wanted, wanted.changes),
        warnings=_warnings(wanted, now, waiting),
        undo=_undo(wanted, now),
    )


async def _execute(address: Address, _: SetVariables, preview: Preview, progress: Progress) -> Text:
    wanted = SetVariables.model_validate(dict(preview.arguments))
    _require_allowed(wanted)
    async with opened(address) as graph:
        history = await history_of(graph, await scope_of(graph, address, wanted.service))
        now = await values_of(graph, history.scope)
        require_same(history, preview.state, fingerprints(now.written, address.token))
        source = source_of(history)
        await set_once(graph, history.scope, wanted.changes)
        await progress(say("{names} set; one redeploy follows", names=", ".join(sorted(wanted.changes))))
        try:
            name = await redeployed(graph, history, source)
            done = await follow(graph, history.scope.name, name, progress)
        except TargetError as error:
            raise TargetError(
                "{names} are set, but not loaded: {reason}", names=", ".join(sorted(wanted.changes)), reason=error.text
            ) from error
    return say(
        "{names} set and loaded by deployment {deployment} of {service}",
        names=", ".join(sorted(wanted.changes)),
        deployment=done.short,
        service=history.scope.name,
    )


async def set_once(graph: Graph, scope: Scope, changes: Mapping[str, str]) -> None:
    """Send all of them once, without the deployment that Railway would start; a lost answer is looked up.

    What is raised quotes none of the values.
    """
    upsert = {**scope.ids, "variables": dict(changes), "skipDeploys": True, "replace": False}
    try:
        await graph.send(queries.UPSERT, bool, hidden=changes.values(), input=upsert)
    except (Unreachable, TimedOut) as error:
        now = await _values_if_reachable(graph, scope)
        if now is None:
            raise Unreachable(
                "The connection broke while the variables of {service} were sent; whether they are set is not known. "
                "Nothing was deployed.",
                service=scope.name,
            ) from error
        if any(now.written.get(name) != value for name, value in changes.items()):
            raise Unreachable(
                "The connection broke while the variables of {service} were sent. Looked at again, they are not set; "
                "nothing was deployed.",
                service=scope.name,
            ) from error


async def _values_if_reachable(graph: Graph, scope: Scope) -> Values | None:
    try:
        return await values_of(graph, scope)
    except TargetError:
        return None


def _require_allowed(wanted: SetVariables) -> None:
    outside = sorted(set(wanted.changes) - set(wanted.allowed))
    if outside:
        raise TargetError(
            "Refused: {names} may not be set here. Allowed: {allowed}.",
            names=", ".join(outside),
            allowed=", ".join(wanted.allowed),
        )
    secret = sorted(name for name, value in wanted.changes.items() if looks_secret(name) or mask(value) != value)
    if secret:
        raise TargetError(
            "Refused: {names} looks like a secret or personal data, which has no place in a chat. Set it in Railway.",
            names=", ".join(secret),
        )
    if given := sorted(name for name in wanted.changes if is_given_by_platform(name)):
        raise TargetError("Refused: {names} is set by Railway itself.", names=", ".join(given))


def source_of(history: History) -> Deployment:
    """What a redeploy starts from; raises TargetError where there is nothing."""
    if history.newest is None or not history.newest.can_redeploy:
        raise TargetError(
            "{service} has no deployment that could load variables; deploy it first.", service=history.scope.name
        )
    return history.newest


def _line(name: str, before: str | None, after: str) -> Line:
    return Line(say("variable {name}", name=name), "—" if before is None else seen(before, 200), seen(after, 200))


def _arguments(wanted: SetVariables, changes: Mapping[str, str]) -> dict[str, str]:
    return {"service": wanted.service, "changes": packed(changes), "allowed": " ".join(wanted.allowed)}


def _undo(wanted: SetVariables, now: Values) -> dict[str, str]:
    """The earlier values, when there were any that may be kept in a record."""
    earlier = {name: now.written[name] for name in wanted.changes if name in now.written}
    may_be_kept = all(mask(value) == value for value in earlier.values())
    return _arguments(wanted, earlier) if len(earlier) == len(wanted.changes) and may_be_kept else {}


def _warnings(wanted: SetVariables, now: Values, waiting: tuple[str, ...]) -> tuple[Text, ...]:
    found = []
    new = sorted(set(wanted.changes) - now.names)
    if new:
        found.append(say("{names} is new; this action cannot take it away again.", names=", ".join(new)))
    others = [name for name in waiting if name not in wanted.changes]
    if others:
        found.append(say("The redeploy also loads what others changed: {names}.", names=seen(", ".join(others), 300)))
    return tuple(found)


SET_VARIABLES = Change("railway.set_variables", Address, SetVariables, CHANGE_LIMIT, _preview, _execute)
