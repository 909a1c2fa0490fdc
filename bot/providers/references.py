"""Secrets by reference: `env:NAME`, `file:PATH`, `aws-secret:NAME`; resolved at the moment of use, never kept."""

import asyncio
from collections.abc import Mapping
from pathlib import Path

from bot.catalog.entries import is_reference
from bot.core.errors import TargetError

AWS_LIMIT = 3.0


async def resolve(value: str, environ: Mapping[str, str]) -> str:
    """The value behind a reference, or the literal itself; raises TargetError naming the reference, never a value."""
    if not is_reference(value):
        return value
    kind, _, name = value.partition(":")
    match kind:
        case "env":
            return _from_environment(name, environ)
        case "file":
            return await asyncio.to_thread(_from_file, name)
        case _:
            return await asyncio.wait_for(asyncio.to_thread(_from_aws, name), AWS_LIMIT)


def _from_environment(name: str, environ: Mapping[str, str]) -> str:
    found = environ.get(name, "")
    if not found:
        raise TargetError("not configured: the variable {name} is not set where the bot runs", name=name)
    return found


def _from_file(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except OSError as error:
        raise TargetError("not configured: the file {path} cannot be read", path=path) from error


def _from_aws(name: str) -> str:
    import boto3  # noqa: PLC0415 - heavy, and only installations with such references need it
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415

    try:
        return str(boto3.client("secretsmanager").get_secret_value(SecretId=name)["SecretString"])
    except (BotoCoreError, ClientError) as error:
        raise TargetError("not configured: the secret {name} cannot be read from AWS", name=name) from error
