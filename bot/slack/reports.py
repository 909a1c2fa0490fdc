"""The buttons under a report: show everything behind it, or share it with the channel."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeAlias

from slack_bolt.async_app import AsyncApp

from bot.core.errors import ChatError
from bot.core.report import Report
from bot.core.text import Text, say
from bot.flows import diagnose
from bot.flows.ports import Caller
from bot.slack.blocks import evidence
from bot.slack.blocks.report import report
from bot.slack.boundary import Outcome, guarded
from bot.slack.desk import Ack, Desk, Payload, private
from bot.slack.replies import respond
from bot.slack.voice import Voice

Act: TypeAlias = Callable[[Desk, Caller, Payload, str], Awaitable[Text | None]]


def register_reports(app: AsyncApp, desk: Desk) -> None:
    """Bind the buttons of the table."""
    for action, act in ACTS.items():
        app.action(action)(_button(desk, act))


async def more(desk: Desk, caller: Caller, body: Payload, id: str) -> None:
    """Open everything behind the report."""
    found = await diagnose.kept(desk.ports, caller, id)
    await desk.chat.open_view(body["trigger_id"], evidence.view(found, desk.voice(caller.user)))


async def share(desk: Desk, caller: Caller, body: Payload, id: str) -> Text:
    """Post the report in the channel, once, with its evidence as a file in the thread."""
    found = await diagnose.share(desk.ports, caller, id)
    profile = desk.ports.catalog.of(found.system).profile
    voice = Voice(profile.language, profile.timezone)
    try:
        channel, ts = await desk.chat.post(caller.channel, report(found, voice, is_shared=True))
    except ChatError:
        await desk.ports.shelf.release(id)
        raise
    desk.errands.start(_attach(desk, found, voice, (channel, ts)))
    return say("Shared in this channel.")


async def _attach(desk: Desk, found: Report, voice: Voice, place: tuple[str, str]) -> None:
    """Files under a shared report; the report itself is there already, so a refusal is only logged by the boundary."""
    channel, thread = place
    contents = {"evidence.txt": evidence.text(found, voice).encode(), **found.files}
    for name, content in contents.items():
        await desk.chat.upload(channel, thread, name, content)


ACTS: Mapping[str, Act] = {"report:more": more, "report:share": share}


def _button(desk: Desk, act: Act) -> Callable[..., Awaitable[None]]:
    async def listener(ack: Ack, body: Payload, action: dict[str, Any]) -> None:
        async def work() -> Text | None:
            caller = desk.caller(body, "button", f"click:{body['trigger_id']}")
            return await act(desk, caller, body, action.get("value", ""))

        try:
            words = await guarded(work, desk.system(body))
        except Outcome as outcome:
            words = outcome.text
        await ack()
        if words is not None and (url := body.get("response_url")):
            desk.errands.start(respond(url, private(words, desk.voice(body["user"]["id"]))))

    return listener
