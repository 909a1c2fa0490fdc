"""Whether a service is still as it was shown. Railway has no conditional write, so it is read just before sending."""

from collections.abc import Mapping

from bot.core.errors import TargetError
from bot.providers.railway.history import History


class Changed(TargetError):
    """The service is no longer as the change expects it; nothing was changed."""


def identity(history: History) -> dict[str, str]:
    """What must not have changed: where it is, what serves, and that nobody deployed since."""
    return {
        "project": history.scope.project,
        "environment": history.scope.environment,
        "service": history.scope.service,
        "serving": history.present.id if history.present else "",
        "newest": history.newest.id if history.newest else "",
    }


def require_same(history: History, state: Mapping[str, str], variables: str = "") -> None:
    """Refuse when anything of that changed, or a variable did."""
    now = identity(history) | ({"variables": variables} if variables else {})
    if any(state.get(name) != value for name, value in now.items()):
        raise Changed("{service} no longer looks as it was shown; nothing was done.", service=history.scope.name)
    history.require_quiet()
