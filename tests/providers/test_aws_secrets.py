"""Rotating a secret: begun once, followed until the new version is current, and its value never seen."""

import pytest
from aws_changes import execute, lines, preview, refused, warnings
from aws_server import REGION, SECRET, AwsServer
from readings import spoken
from web_gate import hanging

from bot.core.errors import Denied, TargetError
from bot.providers.references import Absent, resolve

pytest_plugins = ["aws_fixtures"]

NAME = "prod/api-key-x"


@pytest.fixture
def rotating(aws: AwsServer) -> AwsServer:
    """A secret with a rotation function that works."""
    with aws.client("secretsmanager") as secrets:
        secrets.create_secret(Name=NAME, SecretString="s3same-value")
    aws.control("rotation", name=NAME, kind="works")
    return aws


def versions(aws: AwsServer) -> dict[str, list[str]]:
    found: dict[str, list[str]] = aws.control("secret_versions", name=NAME)
    return found


async def test_a_rotation_is_finished_when_the_new_version_is_the_current_one(rotating: AwsServer) -> None:
    (old,) = versions(rotating)
    shown = await preview("aws_secrets.rotate", rotating.address(), name=NAME)
    assert lines(shown)["secret"] == (NAME, NAME)
    assert warnings(shown) == [f"Whatever read {NAME} at its start keeps the old value until it is restarted."]
    assert shown.state["version"] == old
    done = await execute("aws_secrets.rotate", rotating.address(), shown)
    assert done == f"{NAME} was rotated; restart what reads it only at its start"
    after = versions(rotating)
    assert after[old] == ["AWSPREVIOUS"]
    assert sorted(after.values()) == [["AWSCURRENT"], ["AWSPREVIOUS"]]
    assert set(rotating.asked()) == {"secretsmanager:DescribeSecret", "secretsmanager:RotateSecret"}


async def test_a_rotation_that_was_approved_once_is_not_made_twice(rotating: AwsServer) -> None:
    shown = await preview("aws_secrets.rotate", rotating.address(), name=NAME)
    await execute("aws_secrets.rotate", rotating.address(), shown)
    error = await refused(execute("aws_secrets.rotate", rotating.address(), shown))
    assert spoken(error) == f"{NAME} was rotated or changed meanwhile; nothing was done."
    assert len(versions(rotating)) == 2


async def test_a_lost_answer_is_looked_up(rotating: AwsServer) -> None:
    shown = await preview("aws_secrets.rotate", rotating.address(), name=NAME)
    rotating.control("fault", action="secretsmanager:RotateSecret", kind="lost after")
    assert "was rotated" in await execute("aws_secrets.rotate", rotating.address(), shown)
    assert rotating.asked().count("secretsmanager:RotateSecret") == 1


async def test_a_secret_without_a_rotation_function_or_in_rotation_is_refused(rotating: AwsServer) -> None:
    rotating.control("rotation", name=NAME, kind="hangs")
    with rotating.client("secretsmanager") as secrets:
        secrets.create_secret(Name="prod/by-hand", SecretString="s3same-value")
        secrets.rotate_secret(SecretId=NAME, ClientRequestToken="0" * 32)
    by_hand = await refused(preview("aws_secrets.rotate", rotating.address(), name="prod/by-hand"))
    assert spoken(by_hand).startswith("prod/by-hand has no rotation function in Secrets Manager.")
    begun = await refused(preview("aws_secrets.rotate", rotating.address(), name=NAME))
    assert spoken(begun).startswith(f"A rotation of {NAME} has begun and is not finished.")
    gone = await refused(preview("aws_secrets.rotate", rotating.address(), name="prod/none"))
    assert spoken(gone) == "There is no secret prod/none."


async def test_a_missing_permission_is_named(rotating: AwsServer) -> None:
    shown = await preview("aws_secrets.rotate", rotating.address(), name=NAME)
    statement = {"Effect": "Allow", "Action": "secretsmanager:DescribeSecret", "Resource": "*"}
    rotating.control("policy", key="bot", policy={"Statement": [statement]})
    with pytest.raises(Denied) as caught:
        await execute("aws_secrets.rotate", rotating.address(), shown)
    assert "`secretsmanager:RotateSecret`" in spoken(caught.value)
    assert len(versions(rotating)) == 1


@pytest.fixture
def bot_in_aws(aws: AwsServer, monkeypatch: pytest.MonkeyPatch) -> AwsServer:
    """The bot's own user, as its environment gives it, who may read the store."""
    found = {"AWS_ENDPOINT_URL": aws.url, "AWS_ACCESS_KEY_ID": "admin", "AWS_SECRET_ACCESS_KEY": SECRET}
    for name, value in (found | {"AWS_DEFAULT_REGION": REGION}).items():
        monkeypatch.setenv(name, value)
    return aws


async def test_a_reference_leads_to_the_present_version_or_to_the_one_before(bot_in_aws: AwsServer) -> None:
    with bot_in_aws.client("secretsmanager") as secrets:
        secrets.create_secret(Name=NAME, SecretString="s3same-earlier")
        with pytest.raises(Absent) as caught:
            await resolve(f"aws-secret:{NAME}#AWSPREVIOUS", {})
        assert spoken(caught.value) == f"not configured: AWS keeps no version AWSPREVIOUS of {NAME}"
        secrets.put_secret_value(SecretId=NAME, SecretString="s3same-newer")
    assert await resolve(f"aws-secret:{NAME}", {}) == "s3same-newer"
    assert await resolve(f"aws-secret:{NAME}#AWSPREVIOUS", {}) == "s3same-earlier"
    with pytest.raises(TargetError) as missing:
        await resolve("aws-secret:prod/another", {})
    assert "cannot be read from AWS" in spoken(missing.value)


async def test_a_secret_that_is_no_text_and_a_store_that_hangs_are_told(
    bot_in_aws: AwsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    with bot_in_aws.client("secretsmanager") as secrets:
        secrets.create_secret(Name=NAME, SecretBinary=b"s3same")
    with pytest.raises(TargetError) as odd:
        await resolve(f"aws-secret:{NAME}", {})
    async with hanging() as nobody:
        monkeypatch.setenv("AWS_ENDPOINT_URL", nobody)
        with pytest.raises(TargetError) as hung:
            await resolve(f"aws-secret:{NAME}", {})
    assert {spoken(odd.value), spoken(hung.value)} == {f"not configured: the secret {NAME} cannot be read from AWS"}
