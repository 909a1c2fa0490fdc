"""`telegram.delete_webhook`: gives the updates back to polling; those that wait are kept."""

from pydantic import field_validator

from bot.core.errors import TargetError, TimedOut
from bot.core.operation import Change, Parameters, Progress
from bot.core.preview import Line, Preview
from bot.core.text import Text, say
from bot.providers.telegram.bot_api import Address, BotApi, Webhook
from bot.providers.web_api import Lost, came_true

_LIMIT = 30.0


class Deletion(Parameters):
    """Nothing to choose: dropping the updates that wait would lose customers' messages, so it is refused."""

    drop_pending: bool = False

    @field_validator("drop_pending")
    @classmethod
    def _keeps_pending(cls, drops: bool) -> bool:
        if drops:
            raise ValueError("updates that wait are customers' messages; they are never dropped")
        return drops


async def _preview(address: Address, _: Deletion) -> Preview:
    bot = BotApi(address)
    webhook = await bot.webhook()
    if not webhook.is_set:
        raise TargetError("No webhook is set; there is nothing to delete.")
    username = await _username(bot)
    return Preview(
        lines=(
            Line(say("bot"), f"@{username}", f"@{username}"),
            Line(say("webhook"), f"https://{webhook.host}/…", "-"),
            Line(say("updates that wait (they are kept)"), str(webhook.pending), str(webhook.pending)),
        ),
        # Not the number of updates: it grows while people read this.
        state={"bot": username, "webhook": f"{webhook.host} {webhook.fingerprint}"},
        arguments={"drop_pending": "false"},
        warnings=(
            say("This cannot set the webhook again: its whole address is known only to the service that owns it."),
            say("From now on only a polling bot gets updates; see that exactly one is running."),
        ),
    )


async def _execute(address: Address, _: Deletion, preview: Preview, progress: Progress) -> Text:
    bot = BotApi(address)
    webhook = await bot.webhook()
    if f"{webhook.host} {webhook.fingerprint}" != preview.state["webhook"]:
        raise TargetError("The webhook is no longer the one that was shown; nothing was done.")
    await progress(say("deleting the webhook at {host}", host=webhook.host))
    lost, after = await _delete(bot), webhook

    async def is_gone() -> bool:
        nonlocal after
        after = await _seen(bot)
        return after.fingerprint != webhook.fingerprint

    if not await came_true(is_gone, lost):
        if lost:
            raise TargetError(
                "The connection broke, and the webhook at {host} is still set.", host=webhook.host
            ) from lost
        raise TargetError("Telegram accepted it, but the webhook at {host} is still set.", host=webhook.host)
    if after.is_set:
        raise TargetError("The webhook was deleted, and somebody set another one at once, at {host}.", host=after.host)
    return say("the webhook is gone; {pending} updates wait for the polling bot", pending=after.pending)


async def _delete(bot: BotApi) -> Lost | TimedOut | None:
    """Sends it once; the error stands for an answer that never came."""
    try:
        await bot.call("deleteWebhook", drop_pending_updates=False)
    except (Lost, TimedOut) as error:
        return error
    return None


async def _seen(bot: BotApi) -> Webhook:
    try:
        return await bot.webhook()
    except TargetError as error:
        raise Lost(
            "The connection broke while the webhook was deleted; whether it is gone is not known. Look at it first."
        ) from error


async def _username(bot: BotApi) -> str:
    me = await bot.call("getMe")
    return bot.api.clean((me.get("username") if isinstance(me, dict) else None) or "-", 64)


DELETE_WEBHOOK = Change("telegram.delete_webhook", Address, Deletion, _LIMIT, _preview, _execute)
