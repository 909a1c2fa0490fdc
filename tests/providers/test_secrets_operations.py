"""Secrets are told by presence, age and fingerprint; what they are never leaves the provider."""

import os
import time
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest
from pydantic import ValidationError
from readings import measured, missing, read, refusal, spoken, summary

from bot.catalog.entries import Check, Target
from bot.catalog.system import Catalog, Profile, System
from bot.core.errors import Denied, TargetError
from bot.core.findings import Reading
from bot.providers.reach import CatalogTargets
from bot.providers.secrets.fingerprint import fingerprint

VALUE = "s3same-0f9e8d7c6b5a"
SALT = "an installation's own salt"
JWT = {"name": "JWT_SECRET"}


async def test_a_set_secret_is_told_with_a_fingerprint_and_never_with_its_value() -> None:
    reading = await read("secrets.presence", {"value": VALUE, "salt": SALT}, **JWT)
    digits = measured(reading)["fingerprint"]
    assert measured(reading)["set"] is True
    assert isinstance(digits, str)
    assert len(digits) == 8
    assert summary(reading) == f"JWT_SECRET is set (fingerprint {digits})"
    assert reading.evidence == (f"JWT_SECRET: {digits}",)
    assert "does not tell since when" in missing(reading, "age_days")
    assert "s3same" not in repr(reading)


@pytest.mark.parametrize("empty", ["", "  ", "\n"])
async def test_an_empty_secret_is_not_set(empty: str) -> None:
    reading = await read("secrets.presence", {"value": empty, "salt": SALT}, **JWT)
    assert measured(reading) == {"set": False, "age_days": None, "fingerprint": None}
    assert summary(reading) == "JWT_SECRET is not set"


async def test_the_fingerprint_depends_on_value_and_salt() -> None:
    digits = {
        measured(await read("secrets.presence", {"value": value, "salt": salt}, **JWT))["fingerprint"]
        for value in (VALUE, VALUE + "x")
        for salt in (SALT, SALT + "x")
    }
    assert len(digits) == 4
    assert fingerprint(VALUE, SALT) in digits


@pytest.mark.parametrize("salt", ["", "short"])
async def test_without_a_real_salt_there_is_no_fingerprint_that_could_be_guessed(salt: str) -> None:
    reading = await read("secrets.presence", {"value": VALUE, "salt": salt}, **JWT)
    assert measured(reading)["set"] is True
    assert "`salt` of at least 16 signs" in missing(reading, "fingerprint")
    assert reading.evidence == ()


async def test_a_file_tells_when_it_was_written(tmp_path: Path) -> None:
    secret = tmp_path / "jwt"
    secret.write_text(VALUE + "\n")
    two_days_ago = time.time() - 2 * 86_400
    os.utime(secret, (two_days_ago, two_days_ago))
    reading = await read("secrets.presence", {"path": str(secret), "salt": SALT}, **JWT)
    assert measured(reading) == {"set": True, "age_days": 2.0, "fingerprint": fingerprint(VALUE, SALT)}
    assert summary(reading) == "JWT_SECRET is set, changed 2.0 days ago"


async def test_an_absent_file_is_a_secret_that_is_not_set(tmp_path: Path) -> None:
    reading = await read("secrets.presence", {"path": str(tmp_path / "none"), "salt": SALT}, **JWT)
    assert measured(reading)["set"] is False


async def test_a_file_the_bot_may_not_read_says_what_to_grant(tmp_path: Path) -> None:
    secret = tmp_path / "jwt"
    secret.write_text(VALUE)
    secret.chmod(0)
    with as_nobody():
        error = await refusal("secrets.presence", {"path": str(secret), "salt": SALT}, **JWT)
    assert isinstance(error, Denied)
    assert spoken(error) == f"The bot may not read {secret}. Let its user read it."


@contextmanager
def as_nobody() -> Iterator[None]:
    """Without root's right to read everything."""
    if os.geteuid():
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


async def test_a_folder_is_no_secret(tmp_path: Path) -> None:
    error = await refusal("secrets.presence", {"path": str(tmp_path), "salt": SALT}, **JWT)
    assert spoken(error) == f"{tmp_path} cannot be read."


async def test_a_file_that_is_no_secret_is_not_read_whole(tmp_path: Path) -> None:
    huge = tmp_path / "huge"
    with huge.open("wb") as file:
        file.truncate(1 << 30)
    error = await refusal("secrets.presence", {"path": str(huge), "salt": SALT}, **JWT)
    assert "too big for a secret" in spoken(error)


async def test_two_sides_are_equal_or_not_without_showing_either(tmp_path: Path) -> None:
    other = tmp_path / "jwt"
    other.write_text(VALUE + "\n")
    same = await read("secrets.compare", {"value": VALUE, "other_path": str(other), "salt": SALT}, **JWT)
    assert measured(same) == {"equal": True, "set": 2, "age_days": None, "other_age_days": 0.0}
    assert missing(same, "age_days") == "a variable does not tell since when it is set"
    assert summary(same) == "JWT_SECRET is the same on both sides"
    assert len({line.split(": ")[1] for line in same.evidence}) == 1
    other.write_text("s3same-other")
    different = await read("secrets.compare", {"value": VALUE, "other_path": str(other), "salt": SALT}, **JWT)
    assert (measured(different)["equal"], measured(different)["set"]) == (False, 2)
    assert summary(different) == "JWT_SECRET differs between the sides"
    assert len({line.split(": ")[1] for line in different.evidence}) == 2
    assert "s3same" not in repr((same, different))


async def test_comparing_names_the_side_that_is_not_set() -> None:
    one = await read("secrets.compare", {"value": "", "other": VALUE, "salt": SALT}, **JWT)
    assert (measured(one)["equal"], summary(one)) == (False, "JWT_SECRET is not set on the first side")
    two = await read("secrets.compare", {"value": VALUE, "other": "", "salt": SALT}, **JWT)
    assert (measured(two)["equal"], summary(two)) == (False, "JWT_SECRET is not set on the second side")
    none = await read("secrets.compare", {"value": "", "other": "", "salt": SALT}, **JWT)
    assert missing(none, "equal") == "JWT_SECRET is set on neither side"


async def test_comparing_with_nothing_is_told() -> None:
    assert "nothing to compare with" in spoken(await refusal("secrets.compare", {"value": VALUE}, **JWT))


@pytest.mark.parametrize(
    "address",
    [{}, {"value": VALUE, "path": "/x"}, {"value": VALUE, "other": VALUE, "other_path": "/x"}, {"path": "relative"}],
)
async def test_a_wrong_address_is_refused_without_repeating_the_secret(address: Mapping[str, str]) -> None:
    with pytest.raises(ValidationError) as caught:
        await read("secrets.presence", address, **JWT)
    assert "s3same" not in str(caught.value)


async def by_catalog(address: Mapping[str, str], operation: str, environ: Mapping[str, str]) -> Reading:
    """As a check of the catalog reaches it, with references in its target."""
    profile = Profile.model_construct(targets={"jwt": Target(provider="secrets", address=address)})
    system = System.model_construct(id="shop", profile=profile, checks={}, actions={})
    check = Check.model_construct(
        name="jwt", system="shop", target="jwt", operation=operation, parameters={"name": "JWT_SECRET"}
    )
    return await CatalogTargets(Catalog.model_construct(systems={"shop": system}), environ).read(check)


async def test_a_variable_that_is_not_set_is_a_finding_and_not_a_broken_target() -> None:
    address = {"value": "env:JWT_SECRET", "salt": "env:PLANTAO_SALT"}
    for environ in ({}, {"JWT_SECRET": "", "PLANTAO_SALT": SALT}):
        assert measured(await by_catalog(address, "secrets.presence", environ))["set"] is False
    there = await by_catalog(address, "secrets.presence", {"JWT_SECRET": VALUE, "PLANTAO_SALT": SALT})
    assert measured(there) == {"set": True, "age_days": None, "fingerprint": fingerprint(VALUE, SALT)}


async def test_a_reference_that_cannot_be_read_is_never_taken_for_an_unset_secret(tmp_path: Path) -> None:
    with pytest.raises(TargetError) as caught:
        await by_catalog({"value": f"file:{tmp_path}/gone"}, "secrets.presence", {})
    assert "cannot be read" in spoken(caught.value)


async def test_a_file_that_is_no_text_is_told_without_what_it_holds(tmp_path: Path) -> None:
    odd = tmp_path / "odd"
    odd.write_bytes(b"s3same\xff")
    with pytest.raises(TargetError) as caught:
        await by_catalog({"value": f"file:{odd}"}, "secrets.presence", {})
    assert spoken(caught.value) == f"not configured: the file {odd} cannot be read"
    assert "s3same" not in "".join(traceback.format_exception(caught.value))


async def test_other_addresses_still_need_their_variables() -> None:
    with pytest.raises(TargetError) as caught:
        await by_catalog({"url": "env:REDIS_PATIENT"}, "redis.ping", {})
    assert "REDIS_PATIENT is not set" in spoken(caught.value)
