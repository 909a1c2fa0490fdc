"""`telegram.me` and `telegram.webhook`."""

from datetime import UTC, datetime

from bot.core.findings import Measurement, Reading
from bot.core.operation import Parameters, Read
from bot.core.text import Text, say
from bot.providers.telegram.bot_api import LIMIT, Address, BotApi, Webhook, is_unknown
from bot.providers.web_answers import dug


async def _me(address: Address, _: Parameters) -> Reading:
    """A refused token is an answer here, not a failure of the check."""
    bot = BotApi(address)
    answer = await bot.ask("getMe")
    if is_unknown(answer):
        reason = say("the token is not known to Telegram")
        return Reading(
            say("Telegram refuses the token ({status}): it was revoked or is wrong", status=answer.status),
            (Measurement("ok", False), Measurement("username", None, missing=reason)),
        )
    username = bot.api.clean(dug(bot.result(answer), "username") or "", 64)
    if not username:
        raise bot.api.stranger()
    return Reading(
        say("the token is that of @{username}, answered in {latency} ms", username=username, latency=answer.took_ms),
        (
            Measurement("ok", True),
            Measurement("username", username),
            Measurement("latency_ms", answer.took_ms, "ms"),
        ),
    )


async def _webhook(address: Address, _: Parameters) -> Reading:
    webhook = await BotApi(address).webhook()
    age = None if webhook.error_at is None else max(0, round(datetime.now(UTC).timestamp() - webhook.error_at))
    never = say("Telegram reports no failed delivery") if age is None else None
    return Reading(
        _summary(webhook),
        (
            Measurement("set", webhook.is_set),
            Measurement("pending", webhook.pending),
            Measurement("last_error_age_s", age, "s", never),
        ),
        (
            *((f"webhook: https://{webhook.host}/…  ({webhook.fingerprint})",) if webhook.is_set else ()),
            *((f"last error: {webhook.error}",) if webhook.error else ()),
        ),
    )


def _summary(webhook: Webhook) -> Text:
    if not webhook.is_set:
        return say("no webhook is set, {pending} updates wait for polling", pending=webhook.pending)
    return say(
        "a webhook at {host} takes the updates ({pending} wait); polling gets none",
        host=webhook.host,
        pending=webhook.pending,
    )


ME = Read("telegram.me", Address, Parameters, LIMIT, _me)
WEBHOOK = Read("telegram.webhook", Address, Parameters, LIMIT, _webhook)
