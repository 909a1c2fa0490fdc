"""One account in one region: who asks, how long a call may take; no call is ever repeated."""

import asyncio
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from functools import partial
from ipaddress import ip_address
from typing import Any, Final, Self, TypeAlias
from urllib.parse import urlsplit

import boto3
import botocore.loaders
import botocore.session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError
from pydantic import ConfigDict, Field, SecretStr, model_validator

from bot.core.operation import Parameters
from bot.providers.aws.refusals import not_aws, translated

Document: TypeAlias = dict[str, Any]

LIMIT: Final = 10.0
_CONNECT_LIMIT: Final = 2
_ANSWER_LIMIT: Final = 4
_ROLE_SECONDS: Final = 3600
_LOADER: Final = botocore.loaders.create_loader()
"""Shared, since each session would parse megabytes of API descriptions again."""
_THREADS: Final = ThreadPoolExecutor(max_workers=24, thread_name_prefix="aws")
"""Threads of our own: an AWS that hangs must not use up those of the other providers."""


class Address(Parameters):
    """A region, and as whom: two keys, or without them what AWS finds where the bot runs; `role_arn` is assumed then.

    `endpoint` replaces Amazon's own addresses (a private endpoint, or a test server on this machine).
    """

    model_config = ConfigDict(hide_input_in_errors=True)

    region: str = Field(pattern=r"^[a-z]{2}(-[a-z]+){1,3}-[0-9]{1,2}$")
    endpoint: str = ""
    access_key: SecretStr = SecretStr("")
    secret_key: SecretStr = SecretStr("")
    role_arn: str = Field("", max_length=600, pattern=r"^(arn:aws[a-z-]*:iam::[0-9]{12}:role/[A-Za-z0-9_+=,.@/-]+)?$")

    @model_validator(mode="after")
    def _is_complete(self) -> Self:
        if bool(self.access_key.get_secret_value()) != bool(self.secret_key.get_secret_value()):
            raise ValueError("give access_key and secret_key together, or neither")
        if self.endpoint and not _is_private_way(self.endpoint):
            raise ValueError("endpoint must begin with https:// (http:// only on this machine)")
        return self


def _is_private_way(endpoint: str) -> bool:
    parts = urlsplit(endpoint)
    if parts.username or not parts.hostname:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and _is_loopback(parts.hostname))


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class Account:
    """Calls to AWS, each in a thread and bounded; vendor errors leave `ask` as ours."""

    def __init__(self, address: Address) -> None:
        self.region = address.region
        self._address = address
        self._session: Any = None
        self._clients: dict[str, Any] = {}
        self._opening = asyncio.Lock()

    async def ask(self, service: str, action: str, /, **arguments: object) -> Document:
        """The answer to one action (`describe_services`) of a service as boto3 names it (`ecs`)."""
        client = await self._client(service)
        answer: Document = await self._bounded(service, partial(getattr(client, action), **arguments))
        return answer

    async def members(self, service: str, action: str) -> frozenset[str]:
        """The arguments that an action (`RegisterTaskDefinition`) takes, by the API's own description."""
        client = await self._client(service)
        return frozenset(client.meta.service_model.operation_model(action).input_shape.members)

    def close(self) -> None:
        for client in self._clients.values():
            client.close()

    async def _client(self, service: str) -> Any:
        async with self._opening:
            if self._session is None:
                self._session = await self._bounded("sts", partial(_session, self._address))
            if service not in self._clients:
                self._clients[service] = await self._bounded(
                    service, partial(_open, self._session, service, self._address)
                )
        return self._clients[service]

    async def _bounded(self, service: str, call: Any) -> Any:
        try:
            return await asyncio.get_running_loop().run_in_executor(_THREADS, call)
        except ResponseParserError as error:
            raise not_aws() from error
        except (BotoCoreError, ClientError) as error:
            raise translated(error, service, self.region, _ANSWER_LIMIT) from error


@asynccontextmanager
async def opened(address: Address) -> AsyncIterator[Account]:
    """The account behind an address; its connections are closed afterwards."""
    account = Account(address)
    try:
        yield account
    finally:
        account.close()


def _session(address: Address) -> Any:
    core = botocore.session.Session()
    core.register_component("data_loader", _LOADER)
    session = boto3.Session(
        aws_access_key_id=address.access_key.get_secret_value() or None,
        aws_secret_access_key=address.secret_key.get_secret_value() or None,
        region_name=address.region,
        botocore_session=core,
    )
    return _as_role(session, address) if address.role_arn else session


def _as_role(session: Any, address: Address) -> Any:
    sts = _open(session, "sts", address)
    try:
        assumed = sts.assume_role(RoleArn=address.role_arn, RoleSessionName="plantao", DurationSeconds=_ROLE_SECONDS)[
            "Credentials"
        ]
    finally:
        sts.close()
    core = botocore.session.Session()
    core.register_component("data_loader", _LOADER)
    return boto3.Session(
        aws_access_key_id=assumed["AccessKeyId"],
        aws_secret_access_key=assumed["SecretAccessKey"],
        aws_session_token=assumed["SessionToken"],
        region_name=address.region,
        botocore_session=core,
    )


def _open(session: Any, service: str, address: Address) -> Any:
    config = Config(
        connect_timeout=_CONNECT_LIMIT,
        read_timeout=_ANSWER_LIMIT,
        retries={"total_max_attempts": 1, "mode": "standard"},
        # No proxy from the environment in front of an endpoint that was named on purpose.
        proxies={} if address.endpoint else None,
        user_agent_extra="plantao",
    )
    client = session.client(service, endpoint_url=address.endpoint or None, config=config)
    client.meta.events.register("before-parse", _require_no_page)
    return client


def _require_no_page(response_dict: Document, **_: object) -> None:
    """The vendor would take a proxy's page for an answer without content, or stumble over it."""
    if "html" in str(response_dict["headers"].get("content-type", "")):
        raise ResponseParserError("a web page")
