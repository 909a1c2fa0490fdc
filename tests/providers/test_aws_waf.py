"""Blocking addresses at the edge: never ourselves, never twice, never over somebody else's change."""

from datetime import UTC, datetime, timedelta

import pytest
from aws_changes import change, execute, lines, preview, refused, warnings
from aws_server import AwsServer
from pydantic import ValidationError
from readings import measured, read, refusal, spoken, summary

from bot.core.errors import Denied, TargetError

pytest_plugins = ["aws_fixtures"]

Named = dict[str, str]


@pytest.fixture
def blocked(aws: AwsServer) -> Named:
    """A list that blocks one address for good."""
    return make(aws, "blocked", ["9.9.9.9/32"])


def make(aws: AwsServer, name: str, addresses: list[str], version: str = "IPV4") -> Named:
    with aws.client("wafv2") as waf:
        made = waf.create_ip_set(
            Name=name, Scope="REGIONAL", IPAddressVersion=version, Addresses=addresses, Description="by hand"
        )
    return {"name": name, "id": made["Summary"]["Id"]}


def listed(aws: AwsServer, named: Named) -> list[str]:
    with aws.client("wafv2") as waf:
        found = waf.get_ip_set(Name=named["name"], Id=named["id"], Scope="REGIONAL")["IPSet"]
    assert found["Description"] == "by hand"
    return sorted(found["Addresses"])


def tag(aws: AwsServer, named: Named, address: str, end: datetime) -> None:
    with aws.client("wafv2") as waf:
        arn = waf.get_ip_set(Name=named["name"], Id=named["id"], Scope="REGIONAL")["IPSet"]["ARN"]
        waf.tag_resource(ResourceARN=arn, Tags=[{"Key": f"plantao/{address}", "Value": f"{end:%Y-%m-%dT%H:%MZ}"}])


def tags(aws: AwsServer, named: Named) -> list[str]:
    with aws.client("wafv2") as waf:
        arn = waf.get_ip_set(Name=named["name"], Id=named["id"], Scope="REGIONAL")["IPSet"]["ARN"]
        kept = waf.list_tags_for_resource(ResourceARN=arn)["TagInfoForResource"]["TagList"]
    return [one["Key"] for one in kept]


async def test_an_address_is_added_to_what_is_there_with_the_end_of_its_block(aws: AwsServer, blocked: Named) -> None:
    begun = datetime.now(UTC)
    shown = await preview("waf.block", aws.address(), **blocked, address="1.2.3.4", hours=6, never=("8.8.8.0/24",))
    assert lines(shown) == {"address": ("", "1.2.3.4/32"), "blocked for": ("", "6 h"), "addresses blocked": ("1", "2")}
    assert shown.undo == {}
    assert listed(aws, blocked) == ["9.9.9.9/32"]
    assert (await execute("waf.block", aws.address(), shown)).startswith("1.2.3.4/32 is blocked by blocked until 20")
    assert listed(aws, blocked) == ["1.2.3.4/32", "9.9.9.9/32"]
    reading = await read("waf.ip_set", aws.address(), **blocked)
    assert measured(reading) == {"addresses": 2, "temporary": 1, "overdue": 0}
    days = [f"{moment + timedelta(hours=6):%Y-%m-%d}" for moment in (begun, datetime.now(UTC))]
    assert any(f"1.2.3.x/32  until {day}" in line for line in reading.evidence for day in days)


async def test_a_block_that_lasts_longer_than_decided_is_overdue(aws: AwsServer, blocked: Named) -> None:
    tag(aws, blocked, "9.9.9.9/32", datetime.now(UTC) - timedelta(minutes=2))
    tag(aws, blocked, "7.7.7.7/32", datetime.now(UTC) - timedelta(minutes=2))
    reading = await read("waf.ip_set", aws.address(), **blocked)
    assert measured(reading) == {"addresses": 1, "temporary": 1, "overdue": 1}
    assert summary(reading) == "addresses blocked by blocked: 1, longer than decided: 1"


async def test_an_address_is_let_in_again_and_its_end_forgotten(aws: AwsServer, blocked: Named) -> None:
    await execute("waf.block", aws.address(), await preview("waf.block", aws.address(), **blocked, address="1.2.3.4"))
    shown = await preview("waf.unblock", aws.address(), **blocked, address="1.2.3.4")
    assert lines(shown) == {"address": ("1.2.3.4/32", ""), "addresses blocked": ("2", "1")}
    assert await execute("waf.unblock", aws.address(), shown) == "1.2.3.4/32 is no longer blocked by blocked"
    assert listed(aws, blocked) == ["9.9.9.9/32"]
    assert aws.asked()[-1] == "wafv2:UntagResource"
    error = await refused(preview("waf.unblock", aws.address(), **blocked, address="1.2.3.4"))
    assert spoken(error) == "1.2.3.4/32 is not blocked by blocked."


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("10.1.2.3", "private or reserved"),
        ("127.0.0.1", "private or reserved"),
        ("169.254.169.254", "private or reserved"),
        ("100.64.0.9", "private or reserved"),
        ("224.0.0.1", "private or reserved"),
        ("0.0.0.0/0", "too wide"),
        ("1.2.0.0/23", "At most a /24."),
        ("8.8.8.8", "the catalog lists 8.8.8.0/24 as ours or a partner's"),
        ("8.8.4.0/24", "the catalog lists 8.8.4.4/32 as ours or a partner's"),
        ("2606:4700::1", "holds IPv4 addresses only"),
        ("9.9.9.9", "9.9.9.9/32 is blocked already, by 9.9.9.9/32."),
    ],
)
async def test_who_must_not_be_blocked_is_refused(aws: AwsServer, blocked: Named, address: str, words: str) -> None:
    never = ("8.8.8.0/24", "8.8.4.4", "2606:4700:4700::/48")
    error = await refused(preview("waf.block", aws.address(), **blocked, address=address, never=never))
    assert words in spoken(error)
    assert "wafv2:UpdateIPSet" not in aws.asked()


async def test_a_whole_network_says_how_many_it_locks_out(aws: AwsServer, blocked: Named) -> None:
    shown = await preview("waf.block", aws.address(), **blocked, address="1.2.3.0/24")
    assert warnings(shown)[0] == "This blocks 256 addresses at once."
    sixth = make(aws, "sixth", [], "IPV6")
    wide = await refused(preview("waf.block", aws.address(), **sixth, address="2a00::/32"))
    assert "At most a /48." in spoken(wide)
    narrow = await preview("waf.block", aws.address(), **sixth, address="2a00:1450::1")
    assert narrow.arguments["address"] == "2a00:1450::1/128"


async def test_a_list_that_somebody_else_changed_is_not_overwritten(aws: AwsServer, blocked: Named) -> None:
    shown = await preview("waf.block", aws.address(), **blocked, address="1.2.3.4")
    other = await preview("waf.block", aws.address(), **blocked, address="5.6.7.8")
    await execute("waf.block", aws.address(), other)
    error = await refused(execute("waf.block", aws.address(), shown))
    assert spoken(error) == "The list blocked no longer looks as it was shown; nothing was done."
    assert listed(aws, blocked) == ["5.6.7.8/32", "9.9.9.9/32"]


async def test_the_lock_refuses_a_change_between_the_look_and_the_write(aws: AwsServer, blocked: Named) -> None:
    """The gate answers as WAF does when another writer was faster by a moment."""
    shown = await preview("waf.block", aws.address(), **blocked, address="1.2.3.4")
    aws.control("fault", action="wafv2:UpdateIPSet", kind="stale lock")
    error = await refused(execute("waf.block", aws.address(), shown))
    assert "changed by somebody else at the same moment" in spoken(error)
    assert (listed(aws, blocked), tags(aws, blocked)) == (["9.9.9.9/32"], [])


async def test_a_lost_answer_is_looked_up_and_the_list_written_once(aws: AwsServer, blocked: Named) -> None:
    shown = await preview("waf.block", aws.address(), **blocked, address="1.2.3.4")
    aws.control("fault", action="wafv2:UpdateIPSet", kind="lost after")
    assert "is blocked" in await execute("waf.block", aws.address(), shown)
    assert aws.asked().count("wafv2:UpdateIPSet") == 1
    again = await preview("waf.unblock", aws.address(), **blocked, address="1.2.3.4")
    aws.control("fault", action="wafv2:UpdateIPSet", kind="lost before")
    error = await refused(execute("waf.unblock", aws.address(), again))
    assert "Looked at again, it is unchanged." in spoken(error)
    assert listed(aws, blocked) == ["1.2.3.4/32", "9.9.9.9/32"]


async def test_without_the_right_to_note_the_end_nothing_is_blocked(aws: AwsServer, blocked: Named) -> None:
    shown = await preview("waf.block", aws.address(), **blocked, address="1.2.3.4")
    allowed = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    denied = {"Effect": "Deny", "Action": ["wafv2:TagResource"], "Resource": "*"}
    aws.control("policy", key="bot", policy={"Statement": [allowed, denied]})
    with pytest.raises(Denied) as caught:
        await execute("waf.block", aws.address(), shown)
    assert "`wafv2:TagResource`" in spoken(caught.value)
    assert listed(aws, blocked) == ["9.9.9.9/32"]


async def test_an_end_that_cannot_be_noted_or_taken_off_is_told_with_what_was_done(
    aws: AwsServer, blocked: Named
) -> None:
    shown = await preview("waf.block", aws.address(), **blocked, address="1.2.3.4")
    aws.control("fault", action="wafv2:TagResource", kind="lost after")
    error = await refused(execute("waf.block", aws.address(), shown))
    assert spoken(error) == "The connection to AWS broke before it answered. Nothing was blocked."
    assert (listed(aws, blocked), tags(aws, blocked)) == (["9.9.9.9/32"], ["plantao/1.2.3.4/32"])
    await execute("waf.block", aws.address(), shown)
    gone = await preview("waf.unblock", aws.address(), **blocked, address="1.2.3.4")
    aws.control("fault", action="wafv2:UntagResource", kind="broken")
    said = await execute("waf.unblock", aws.address(), gone)
    assert said.startswith("1.2.3.4/32 is no longer blocked by blocked; the note of its end stays there: AWS is in")
    assert listed(aws, blocked) == ["9.9.9.9/32"]


async def test_a_list_that_is_not_there_is_named(aws: AwsServer) -> None:
    error = await refusal("waf.ip_set", aws.address(), name="none", id="00000000-0000-0000-0000-000000000000")
    assert spoken(error) == "There is no address list none in WAF with this id."
    assert isinstance(error, TargetError)


def test_what_is_no_address_is_refused_before_anybody_asks() -> None:
    parameters = change("waf.block").parameters
    for wrong in ("1.2.3", "example.com", "1.2.3.4/8", "1.2.3.4; drop", ""):
        with pytest.raises(ValidationError):
            parameters.model_validate({"name": "blocked", "id": "1", "address": wrong})
    kept = parameters.model_validate(
        {"name": "blocked", "id": "1", "address": " 1.2.3.4 ", "never": "8.8.8.8, 9.9.9.0/24"}
    )
    assert kept.model_dump()["never"] == ("8.8.8.8/32", "9.9.9.0/24")
    with pytest.raises(ValidationError):
        change("waf.block").address.model_validate({"region": "eu-west-1", "scope": "CLOUDFRONT"})
