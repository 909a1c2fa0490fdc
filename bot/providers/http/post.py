"""Synthetic probes: a login or a generation with a test account, of which only ok or not is shown.

It writes. The catalog must give it synthetic records and accounts only (guard G31): each run of the check leaves a
mark in the application, and may cost money.
"""

from typing import Any

import httpx
from pydantic import Field

from bot.core.errors import TargetError
from bot.core.findings import Measurement, Reading
from bot.core.operation import Parameters, Read
from bot.core.text import Text, say
from bot.providers.http.address import Address, base_of, client
from bot.providers.http.exchange import Answer, ask
from bot.providers.http.fields import ABSENT, counted_fields, document_of, found_in


class Post(Parameters):
    """A POST that writes a synthetic record: `body` stands in the catalog, credentials come from the address.

    `user_field` and `password_field` name the fields of the body that receive the address's `user` and `password`;
    `token_field` is the dotted path where a login answers its token, `counts` lead to lists, whose items are counted.
    """

    path: str = Field(pattern=r"^/\S*$")
    body: dict[str, Any] = Field(default_factory=dict)
    user_field: str = ""
    password_field: str = ""
    expect_status: int = 200
    token_field: str = ""
    counts: tuple[str, ...] = ()
    timeout_ms: int = Field(5000, ge=50, le=60_000)


async def _read(address: Address, wanted: Post) -> Reading:
    url = httpx.URL(base_of(address.url) + wanted.path)
    async with client(address.ca_file, address.credentials()) as web:
        # Never a second try: a record more would be left behind.
        answer = await ask(web, web.build_request("POST", url, json=_body(address, wanted)), wanted.timeout_ms)
    measurements = [Measurement("status", answer.status), Measurement("latency_ms", round(answer.took_ms, 1), "ms")]
    if wanted.token_field:
        measurements.append(_has_token(answer, wanted.token_field))
    measurements += counted_fields(answer, wanted.counts)
    return Reading(_summary(answer, wanted), tuple(measurements))


def _body(address: Address, wanted: Post) -> dict[str, Any]:
    """The catalog's body with the credentials in their fields; a missing one is told before anything is sent."""
    body = dict(wanted.body)
    for field, secret, name in (
        (wanted.user_field, address.user, "user"),
        (wanted.password_field, address.password, "password"),
    ):
        if field and not secret.get_secret_value():
            raise TargetError(
                "not configured: the target needs `{name}` for the field `{field}`", name=name, field=field
            )
        if field:
            body[field] = secret.get_secret_value()
    return body


def _has_token(answer: Answer, path: str) -> Measurement:
    document = document_of(answer)
    if document is ABSENT and not answer.is_whole:
        return Measurement("has_token", None, missing=say("the answer is larger than 64 kB"))
    found = found_in(document, path)
    return Measurement("has_token", isinstance(found, str) and bool(found))


def _summary(answer: Answer, wanted: Post) -> Text:
    latency = round(answer.took_ms, 1)
    if answer.status != wanted.expect_status:
        return say(
            "answers {status} instead of {expected}, in {latency} ms",
            status=answer.status,
            expected=wanted.expect_status,
            latency=latency,
        )
    return say("the synthetic request is answered {status} in {latency} ms", status=answer.status, latency=latency)


POST = Read("http.post", Address, Post, 65.0, _read)
