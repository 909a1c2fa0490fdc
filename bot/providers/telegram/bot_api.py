"""Calls of the Bot API and the one address it has for each bot."""

import hashlib
import hmac
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

from pydantic import ConfigDict, SecretStr

from bot.core.errors import Denied, TargetError
from bot.core.operation import Parameters
from bot.core.text import say
from bot.providers.web_answers import Answer, dug, number_of
from bot.providers.web_api import Api, BaseUrl, Credential, Request

LIMIT: Final = 6.0
_ODD: Final = frozenset("/?#%\\")


class Address(Parameters):
    """The bot's token, as BotFather gave it; `url` only where a local Bot API server stands in between."""

    model_config = ConfigDict(hide_input_in_errors=True)

    token: Credential
    url: BaseUrl = SecretStr("https://api.telegram.org")


@dataclass(frozen=True, slots=True)
class Webhook:
    """What getWebhookInfo tells; the address may hold secrets, so only its host and a fingerprint leave this room."""

    host: str
    fingerprint: str
    pending: int
    error_at: float | None
    error: str

    @property
    def is_set(self) -> bool:
        return bool(self.fingerprint)


class BotApi:
    """One bot."""

    def __init__(self, address: Address) -> None:
        token = address.token.get_secret_value()
        if _ODD & set(token):
            raise TargetError("not configured: the `token` of this target is not one of Telegram's.")
        self._key = token.encode()
        self.api = Api(
            vendor="Telegram",
            base=f"{address.url.get_secret_value().rstrip('/')}/bot{token}",
            grant=say("Its token was revoked or is wrong: put the present one of BotFather behind this target."),
            secrets=(token, token.partition(":")[2]),
        )

    async def ask(self, method: str, **fields: Any) -> Answer:
        """One call, whatever Telegram answers."""
        return await self.api.ask(Request(f"/{method}", "POST" if fields else "GET", body=fields or None))

    async def call(self, method: str, **fields: Any) -> Any:
        """The result of one call that must succeed."""
        return self.result(await self.ask(method, **fields))

    def result(self, answer: Answer) -> Any:
        """The result in this answer; every other answer is raised as what it means."""
        if is_unknown(answer):
            raise Denied(
                "{vendor} refuses the credential of this target ({status}). {grant}",
                vendor=self.api.vendor,
                status=answer.status,
                grant=self.api.grant,
            )
        if answer.status == 403:
            # Not the token: somebody blocked the bot or removed it from a chat.
            raise Denied("Telegram forbids it: {message}", message=self.api.message(answer))
        return dug(self.api.good(answer), "result")

    async def webhook(self) -> Webhook:
        """Where Telegram delivers updates by itself, if anywhere."""
        info = await self.call("getWebhookInfo")
        if not isinstance(info, dict) or not isinstance(info.get("url"), str):
            raise self.api.stranger()
        url = info["url"]
        return Webhook(
            host=self.api.clean(_host(url), 100),
            fingerprint=hmac.new(self._key, url.encode(errors="replace"), hashlib.sha256).hexdigest()[:12]
            if url
            else "",
            pending=int(number_of(info.get("pending_update_count")) or 0),
            error_at=number_of(info.get("last_error_date")),
            error=self.api.clean(str(info.get("last_error_message") or "").replace(url or "\n", "-"), 200),
        )


def is_unknown(answer: Answer) -> bool:
    """Telegram does not know the token: 401 when it looks like one, 404 when it does not."""
    return answer.status in {401, 404}


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or "-"
    except ValueError:
        return "-"
