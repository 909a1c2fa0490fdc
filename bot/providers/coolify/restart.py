"""Starting the containers of the application anew, from the image that serves."""

from bot.core.errors import TargetError
from bot.core.operation import Change, Parameters, Progress
from bot.core.preview import Line, Preview
from bot.core.text import Text, say
from bot.providers.coolify.address import Address
from bot.providers.coolify.deployment import Deployment, History
from bot.providers.coolify.follow import CHANGE_LIMIT, follow, identity, require_same, started
from bot.providers.coolify.panel import Panel, reached, seen


async def _preview(address: Address, _: Parameters) -> Preview:
    async with reached(address) as panel:
        history = await panel.history()
        history.require_quiet()
        present = serving(history)
        status = (await panel.status())[1]
    return Preview(
        lines=(Line(say("containers of {what}", what=present.words), seen(status, 40), "running"),),
        state={"application": address.application, **identity(history)},
        arguments={},
        warnings=(say("The application may be away for a moment while it restarts."),),
    )


async def _execute(address: Address, _: Parameters, preview: Preview, progress: Progress) -> Text:
    async with reached(address) as panel:
        history = await panel.history()
        require_same(history, preview.state)
        done = await restarted(panel, history, progress)
        status = (await panel.status())[1]
    return say("restarted on {what}: {status}", what=done.words, status=seen(status, 40))


async def restarted(panel: Panel, history: History, progress: Progress) -> Deployment:
    """Restart once and follow it; the commit must stay the same."""
    commit = serving(history).commit
    return await follow(panel, await started(panel, history, panel.restart, commit), commit, progress)


def serving(history: History) -> Deployment:
    """What serves; raises TargetError when nothing was ever finished."""
    if history.present is None:
        raise TargetError("Nothing was ever finished here, so there is nothing to restart.")
    return history.present


RESTART = Change("coolify.restart", Address, Parameters, CHANGE_LIMIT, _preview, _execute)
