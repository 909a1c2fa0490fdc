"""A bucket of evidence in S3: encrypted, closed to the public, each object written once and its checksum read back."""

import base64
import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any, Final

from pydantic import ValidationError

from bot.core.errors import TargetError, TimedOut, Unreachable
from bot.core.preview import Line
from bot.core.text import say
from bot.providers.aws import account
from bot.providers.aws.account import Account
from bot.providers.aws.again import look_again
from bot.providers.aws.refusals import NoSuch
from bot.providers.evidence.place import Place
from bot.providers.evidence.sight import Sight

_CLOSED: Final = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")


class Bucket:
    """One capture: objects below a prefix of its own, dated."""

    def __init__(self, asked: Account, place: Place, title: str) -> None:
        self._account = asked
        self._bucket = place.bucket
        now = datetime.now(UTC)
        self._prefix = f"{place.prefix}{now:%Y/%m/%d}/{title}-{now:%Y%m%dT%H%M%S.%fZ}/"
        self._encryption: str | None = None

    @property
    def where(self) -> str:
        return f"s3://{self._bucket}/{self._prefix}"

    async def look(self) -> Sight:
        await self._require_closed()
        lock = await self._lock()
        lines = (
            Line(say("kept in"), "", f"s3://{self._bucket}"),
            Line(say("encryption"), "", await self._encrypted_by() or "AES256"),
            Line(say("nobody can delete it"), "", lock or "—"),
        )
        loose = say("{bucket} locks nothing for a time: who may delete there can delete evidence.", bucket=self._bucket)
        return Sight(lines, () if lock else (loose,))

    async def put(self, name: str, data: bytes) -> None:
        """With a checksum that S3 compares, and only if there is no such object; then looked at."""
        if self._encryption is None:
            await self._require_closed()
            self._encryption = await self._encrypted_by()
        checksum = base64.b64encode(hashlib.sha256(data).digest()).decode()
        # What the bucket encrypts with by itself may be a key of the team's own: only a bucket without gets ours.
        encryption = {} if self._encryption else {"ServerSideEncryption": "AES256"}
        try:
            await self._ask(
                "put_object",
                Key=f"{self._prefix}{name}",
                Body=data,
                ContentType="text/plain; charset=utf-8",
                ChecksumAlgorithm="SHA256",
                ChecksumSHA256=checksum,
                IfNoneMatch="*",
                **encryption,
            )
        except (Unreachable, TimedOut) as error:
            if await look_again(lambda: self._head(name), bool) is None:
                raise Unreachable(
                    "The connection broke while {name} was put into {place}; whether it is there is not known.",
                    name=name,
                    place=self.where,
                ) from error
        kept = await self._head(name)
        if kept.get("ChecksumSHA256") != checksum or not kept.get("ServerSideEncryption"):
            raise TargetError("{name} is not in {place} as it was written.", name=name, place=self.where)

    async def _head(self, name: str) -> dict[str, Any]:
        """What S3 tells of an object; empty where there is none."""
        try:
            return await self._ask("head_object", Key=f"{self._prefix}{name}", ChecksumMode="ENABLED")
        except NoSuch:
            return {}

    async def _require_closed(self) -> None:
        """Refuse a bucket that somebody could open to the public."""
        held = (await self._setting("get_public_access_block")).get("PublicAccessBlockConfiguration") or {}
        if missing := [name for name in _CLOSED if not held.get(name)]:
            raise TargetError(
                "The bucket {bucket} can be made public: switch on {settings}. Evidence is not put there.",
                bucket=self._bucket,
                settings=", ".join(missing),
            )

    async def _encrypted_by(self) -> str:
        """How the bucket encrypts by itself."""
        held = (await self._setting("get_bucket_encryption")).get("ServerSideEncryptionConfiguration") or {}
        rules = [rule.get("ApplyServerSideEncryptionByDefault") or {} for rule in held.get("Rules") or []]
        return next((str(rule["SSEAlgorithm"]) for rule in rules if rule.get("SSEAlgorithm")), "")

    async def _lock(self) -> str:
        """For how long no object can be deleted, which the bucket sees to itself; empty without such a time."""
        held = (await self._setting("get_object_lock_configuration")).get("ObjectLockConfiguration") or {}
        kept = (held.get("Rule") or {}).get("DefaultRetention") or {}
        if held.get("ObjectLockEnabled") != "Enabled" or not kept:
            return ""
        return f"{kept['Mode']}, {kept['Days']} d" if kept.get("Days") else f"{kept['Mode']}, {kept.get('Years')} y"

    async def _setting(self, action: str) -> dict[str, Any]:
        """A setting of the bucket; one that was never made is empty."""
        try:
            return await self._ask(action)
        except NoSuch as error:
            if error.text.values.get("code") == "NoSuchBucket":
                raise TargetError("There is no bucket {bucket}.", bucket=self._bucket) from error
            return {}

    async def _ask(self, action: str, **arguments: object) -> dict[str, Any]:
        return await self._account.ask("s3", action, Bucket=self._bucket, **arguments)


@asynccontextmanager
async def opened_bucket(place: Place, title: str) -> AsyncIterator[Bucket]:
    """The bucket of a place, with the keys that the place names."""
    given = {name: getattr(place, name) for name in ("region", "endpoint", "access_key", "secret_key")}
    try:
        address = account.Address.model_validate(given)
    except ValidationError as error:
        raise TargetError("The place for evidence needs a valid region, and both keys or none.") from error
    async with account.opened(address) as asked:
        yield Bucket(asked, place, title)
