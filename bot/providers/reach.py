"""From a check or an action of the catalog to the provider's operation, with address and parameters validated."""

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from bot.catalog.entries import Action, Check
from bot.catalog.system import Catalog
from bot.core.errors import ConfigError, TargetError
from bot.core.findings import Reading
from bot.core.operation import Change, Operation, Parameters, Progress, Read
from bot.core.preview import Preview
from bot.core.text import Text
from bot.providers import loaded
from bot.providers.references import Absent, resolve


class CatalogTargets:
    """Reaches the targets of all systems; `environ` is where `env:` references look."""

    def __init__(self, catalog: Catalog, environ: Mapping[str, str]) -> None:
        self._catalog = catalog
        self._environ = environ

    async def read(self, check: Check) -> Reading:
        """Carry out a check's operation."""
        found = await loaded(check.operation)
        if not isinstance(found, Read):
            raise ConfigError(f"{check.name}: {check.operation} changes things; a check must not")
        address = await self._address(check, found)
        return await found.run(address, _parameters(found, check, check.parameters))

    async def reveal(self, check: Check) -> tuple[str, ...]:
        """Read what a restricted check masks."""
        found = await loaded(check.operation)
        if not isinstance(found, Read) or found.reveal is None:
            raise ConfigError(f"{check.name}: {check.operation} masks nothing that could be read in full")
        return await found.reveal(await self._address(check, found), _parameters(found, check, check.parameters))

    async def preview(self, action: Action, given: Mapping[str, Any]) -> Preview:
        """Read what an action would change."""
        found = await _change(action)
        address = await self._address(action, found)
        return await found.preview(address, _parameters(found, action, _merged(found, action, given)))

    async def execute(self, action: Action, given: Mapping[str, Any], preview: Preview, progress: Progress) -> Text:
        """Change it, once."""
        found = await _change(action)
        address = await self._address(action, found)
        return await found.execute(
            address, _parameters(found, action, _merged(found, action, given)), preview, progress
        )

    async def require_configured(self, user: Check | Action) -> None:
        """Raise TargetError unless the target of a check or an action is configured for its operation."""
        await self._address(user, await loaded(user.operation))

    async def _address(self, user: Check | Action, found: Operation) -> Parameters:
        raw = self._catalog.systems[user.system].profile.targets[user.target].address
        resolved = {
            name: await self._resolved(value, name in found.address.may_be_unset) if isinstance(value, str) else value
            for name, value in raw.items()
        }
        try:
            return found.address.model_validate(resolved)
        except ValidationError as error:
            raise _misconfigured(user.target, error) from error

    async def _resolved(self, value: str, may_be_unset: bool) -> str:
        """What a reference leads to; one that leads nowhere is empty where the address says that it may be."""
        try:
            return await resolve(value, self._environ)
        except Absent:
            if not may_be_unset:
                raise
            return ""


def _misconfigured(target: str, error: ValidationError) -> TargetError:
    if wrong := _names(error):
        return TargetError("not configured: {target} needs a valid {names}", target=target, names=", ".join(wrong))
    return TargetError("not configured: {target}: {reason}", target=target, reason=_reason(error))


async def _change(action: Action) -> Change:
    found = await loaded(action.operation)
    if not isinstance(found, Change):
        raise ConfigError(f"{action.name}: {action.operation} only reads; an action has to change something")
    return found


def _merged(found: Change, action: Action, given: Mapping[str, Any]) -> dict[str, Any]:
    """The catalog's parameters, and those that were chosen or pinned; lists are the catalog's alone."""
    pinned = {
        name: value
        for name, value in given.items()
        if name in found.parameters.model_fields and not isinstance(action.parameters.get(name), list | dict)
    }
    return {**action.parameters, **pinned}


def _parameters(found: Operation, user: Check | Action, raw: Mapping[str, Any]) -> Parameters:
    try:
        return found.parameters.model_validate(dict(raw))
    except ValidationError as error:
        raise _misfit(found, user, error) from error


def _misfit(found: Operation, user: Check | Action, error: ValidationError) -> TargetError:
    if wrong := _names(error):
        return TargetError(
            "{entry}: {operation} does not take what was given for {names}, or misses it.",
            entry=user.name,
            operation=found.name,
            names=", ".join(wrong),
        )
    return TargetError(
        "{entry}: {operation} does not take these parameters together: {reason}",
        entry=user.name,
        operation=found.name,
        reason=_reason(error),
    )


def _names(error: ValidationError) -> list[str]:
    """Names only, never values; what is wrong with the whole has no name."""
    return list(dict.fromkeys(str(detail["loc"][0]) for detail in error.errors() if detail["loc"]))


def _reason(error: ValidationError) -> str:
    return error.errors()[0]["msg"].removeprefix("Value error, ")
