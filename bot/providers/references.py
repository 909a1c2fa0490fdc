"""Secrets by reference: `env:NAME`, `file:PATH`, `aws-secret:NAME`; resolved at the moment of use, never kept.

`aws-secret:NAME#AWSPREVIOUS` is the version before the present one, as Secrets Manager keeps it.
"""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from bot.catalog.entries import is_reference
from bot.core.errors import TargetError

AWS_LIMIT = 3.0
_PATIENCE: Final[dict[str, Any]] = {"connect_timeout": 1, "read_timeout": 2, "retries": {"total_max_attempts": 1}}
"""Of the thread, which nobody can end."""
_NONE = "ResourceNotFoundException"


class Absent(TargetError):
    """There is nothing behind the reference: a variable that is not set, or a version that was never made."""


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
            try:
                return await asyncio.wait_for(asyncio.to_thread(_from_aws, name), AWS_LIMIT)
            except TimeoutError as error:
                raise _unread(name) from error


def _from_environment(name: str, environ: Mapping[str, str]) -> str:
    found = environ.get(name, "")
    if not found:
        raise Absent("not configured: the variable {name} is not set where the bot runs", name=name)
    return found


def _from_file(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise TargetError("not configured: the file {path} cannot be read", path=path) from error


def _from_aws(name: str) -> str:
    import boto3  # noqa: PLC0415 - heavy, and only installations with such references need it
    from botocore.config import Config  # noqa: PLC0415
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415

    secret, _, stage = name.partition("#")
    try:
        client = boto3.client("secretsmanager", config=Config(**_PATIENCE))
        found = client.get_secret_value(SecretId=secret, VersionStage=stage or "AWSCURRENT")
    except (BotoCoreError, ClientError) as error:
        if stage and isinstance(error, ClientError) and error.response["Error"]["Code"] == _NONE:
            raise Absent("not configured: AWS keeps no version {stage} of {name}", stage=stage, name=secret) from error
        raise _unread(name) from error
    if "SecretString" not in found:
        raise _unread(name)
    return str(found["SecretString"])


def _unread(name: str) -> TargetError:
    return TargetError("not configured: the secret {name} cannot be read from AWS", name=name)
