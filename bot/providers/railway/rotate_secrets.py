"""After a breach: new secrets, the password of the database's role among them, and one redeploy that loads them all.

The variables are set first, without a deployment: as long as the role keeps its password, everything can be put back.
Then the role's password changes, and at once the redeploy follows, since what serves can open no new connection
until it has ended. Sessions that were opened with the earlier password are ended last: whoever stole it holds some.
"""

import asyncio
from collections.abc import Awaitable, Coroutine
from typing import Any, Final, TypeVar

from bot.core.errors import Denied, TargetError, Unreachable
from bot.core.operation import Change, Progress
from bot.core.preview import Line, Preview
from bot.core.text import Text, say
from bot.providers.postgres import own_password
from bot.providers.railway.follow import CHANGE_LIMIT, follow, redeployed
from bot.providers.railway.graph import Graph, opened, seen
from bot.providers.railway.history import History, history_of, scope_of
from bot.providers.railway.rotation import Plan, Rotation, RotationAddress, is_new, plan, require_own
from bot.providers.railway.sameness import Changed, identity, require_same
from bot.providers.railway.set_variables import set_once, source_of
from bot.providers.railway.variables import Values, not_loaded, values_of
from bot.providers.secrets.secrecy import fingerprint, fingerprints

T = TypeVar("T")
_MADE_UP: Final = "#????????"


async def _preview(address: RotationAddress, wanted: Rotation) -> Preview:
    async with opened(address) as graph:
        history = await history_of(graph, await scope_of(graph, address, wanted.service))
        history.require_quiet()
        source = source_of(history)
        now = await values_of(graph, history.scope)
        waiting, _ = await not_loaded(graph, now, history.present.id) if history.present else ((), None)
    require_own(address, wanted, now)
    sessions = await _sessions(address, wanted, now)
    return Preview(
        lines=(
            *_lines(address, wanted, now),
            Line(say("sessions opened with the earlier password"), str(sessions), "0"),
            Line(say("then one redeploy of"), "", source.words),
        ),
        state={
            **identity(history),
            "variables": fingerprints(now.written, address.token),
            "role": f"{address.role.user} {address.role.where}",
            "key": _key(address),
        },
        arguments={
            "service": wanted.service,
            "made": " ".join(wanted.made),
            "password": wanted.password,
            "given": wanted.given,
        },
        warnings=_warnings(address, wanted, now, waiting),
    )


async def _sessions(address: RotationAddress, wanted: Rotation, now: Values) -> int:
    """The proof that variable and role agree: the role lets itself in with the variable's value."""
    try:
        return await own_password.others(address.role, now.rendered[wanted.password])
    except Denied as error:
        raise TargetError(
            "The role {role} at {where} does not let {name} of Railway in: somebody has changed one of the two, or "
            "this is another database. A person has to look.",
            role=address.role.user,
            where=address.role.where,
            name=wanted.password,
        ) from error


async def _execute(address: RotationAddress, wanted: Rotation, preview: Preview, progress: Progress) -> Text:
    async with opened(address) as graph:
        history = await history_of(graph, await scope_of(graph, address, wanted.service))
        now = await values_of(graph, history.scope)
        require_same(history, preview.state, fingerprints(now.written, address.token))
        if _key(address) != preview.state["key"]:
            raise Changed("The store holds another value than the one that was shown; nothing was done.")
        require_own(address, wanted, now)
        made = plan(address, wanted, now)
        await progress(
            say("{names} and the role {role} change now; one redeploy follows", names=made.names, role=made.role.user)
        )
        changed_at, started = await _undivided(_changed(graph, history, made))
        deployment = await _loaded(made, history, follow(graph, history.scope.name, started, progress))
    told = say(
        "{names} are new and loaded by deployment {deployment}, and the role {role} has its new password",
        names=", ".join(f"{name} (#{fingerprint(value, address.token)})" for name, value in sorted(made.new.items())),
        deployment=deployment.short,
        role=made.role.user,
    )
    return await _ended(made, changed_at, told)


async def _changed(graph: Graph, history: History, made: Plan) -> tuple[str, str]:
    """Everything that must not stop half way: when the role changed, and the redeploy that was started."""
    await _set(graph, history, made)
    changed_at = await _change_role(graph, history, made)
    return changed_at, await _loaded(made, history, redeployed(graph, history, source_of(history)))


async def _undivided(doing: Coroutine[Any, Any, T]) -> T:
    """Whoever cancels in the middle stops what comes afterwards, not this."""
    task = asyncio.ensure_future(doing)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait({task})
        raise


async def _set(graph: Graph, history: History, made: Plan) -> None:
    try:
        await set_once(graph, history.scope, made.new)
    except TargetError as error:
        raise TargetError(
            "The role {role} keeps its password, and nothing was deployed: {reason}",
            role=made.role.user,
            reason=error.text,
        ) from None


async def _change_role(graph: Graph, history: History, made: Plan) -> str:
    """Change the role's password, or put the variables back where it certainly was not changed."""
    try:
        return await own_password.change(made.role, made.earlier[made.password], made.new[made.password])
    except Unreachable as error:
        raise TargetError(
            "{reason} The variables hold the new values, and nothing was deployed. Deploy nothing before a person has "
            "tried which password the role takes.",
            reason=error.text,
        ) from None
    except TargetError as error:
        reason = error.text
    try:
        await set_once(graph, history.scope, made.earlier)
    except TargetError as error:
        raise TargetError(
            "The role {role} keeps its password ({reason}), but the variables hold the new values and could not be put "
            "back ({other}). Deploy nothing before a person has put them back.",
            role=made.role.user,
            reason=reason,
            other=error.text,
        ) from None
    if made.added:
        raise TargetError(
            "The role {role} keeps its password ({reason}). The variables were put back, but for {names}, which was "
            "not there before and holds a new value now. Nothing was deployed.",
            role=made.role.user,
            reason=reason,
            names=made.added,
        )
    raise TargetError(
        "The role {role} keeps its password ({reason}). The variables were put back, and nothing was deployed.",
        role=made.role.user,
        reason=reason,
    )


async def _loaded(made: Plan, history: History, loading: Awaitable[T]) -> T:
    """There is no way back from here, since the earlier values are known to somebody else."""
    try:
        return await loading
    except TargetError as error:
        raise TargetError(
            "{names} and the role {role} are changed, but not loaded: {reason} What serves can open no new connection "
            "to the database: redeploy {service} at once. Sessions opened with the earlier password were not ended.",
            names=made.names,
            role=made.role.user,
            service=history.scope.name,
            reason=error.text,
        ) from None


async def _ended(made: Plan, before: str, told: Text) -> Text:
    try:
        count = await own_password.end_others(made.role, made.new[made.password], before)
    except TargetError as error:
        return say(
            "{told}; sessions opened before could not be ended: {reason}",
            told=told,
            reason=error.text,
        )
    return say("{told}; sessions opened before, now ended: {count}", told=told, count=count)


def _key(address: RotationAddress) -> str:
    return fingerprint(address.vendor_key.get_secret_value(), address.token)


def _lines(address: RotationAddress, wanted: Rotation, now: Values) -> list[Line]:
    def known(name: str) -> str:
        return f"#{fingerprint(now.rendered[name], address.token)}" if now.rendered.get(name) else "—"

    new = f"#{_key(address)}" if is_new(address, wanted, now) else known(wanted.given)
    return [
        *(Line(say("secret {name}", name=name), known(name), _MADE_UP) for name in (*wanted.made, wanted.password)),
        Line(say("secret {name}", name=wanted.given), known(wanted.given), new),
        Line(
            say("password of the role {role}", role=address.role.user),
            f"{known(wanted.password)} {address.role.where}",
            _MADE_UP,
        ),
    ]


def _warnings(address: RotationAddress, wanted: Rotation, now: Values, waiting: tuple[str, ...]) -> tuple[Text, ...]:
    found = [
        say("The earlier values are gone for good: every session of the users ends. Tell them."),
        say("The redeploy wipes what the running instance knows: evidence has to be captured before."),
        say(
            "From the change of the role until the redeploy has ended no new connection to the database can be opened; "
            "whatever else logs in as {role} needs the new password too.",
            role=address.role.user,
        ),
    ]
    if not is_new(address, wanted, now):
        found.append(
            say(
                "{name} stays as it is: only its vendor makes a new one, and the secret store holds none. Make it "
                "there, put it into the store and propose this again, or change it right afterwards.",
                name=wanted.given,
            )
        )
    others = [name for name in waiting if name not in (*wanted.made, wanted.password, wanted.given)]
    if others:
        found.append(say("The redeploy also loads what others changed: {names}.", names=seen(", ".join(others), 300)))
    return tuple(found)


ROTATE_SECRETS = Change("railway.rotate_secrets", RotationAddress, Rotation, CHANGE_LIMIT, _preview, _execute)
