"""Slash commands through a real Bolt app, over both transports."""

import asyncio
from typing import Any

import pytest
from slack_bolt.async_app import AsyncApp
from slack_office import ANA, GENERAL, INCIDENTS, TRANSPORTS, Office, bolt_app, over_http, over_socket

pytestmark = pytest.mark.parametrize("transport", ["http", "socket"])


def answering(office: Office, answer: Any) -> AsyncApp:
    """An app whose commands acknowledge with the answer and remember what they were sent."""
    app = bolt_app(office)

    async def listener(ack: Any, command: dict[str, Any]) -> None:
        await (ack(answer) if answer is not None else ack())

    app.command("/incident")(listener)
    app.command("/plain")(listener)
    return app


async def test_the_acknowledgement_is_what_the_person_reads(office: Office, transport: str) -> None:
    async with TRANSPORTS[transport](office, answering(office, "INC-1 declared")):
        told = await office.do("command", user="ana", channel="#incidents", text="/incident declare P1")
    state = await office.state()
    assert told["error"] is None
    assert [one["text"] for one in state["ephemerals"][ANA]] == ["INC-1 declared"]
    assert state["notices"] == []


async def test_the_payload_has_every_field_of_a_slash_command(office: Office, transport: str) -> None:
    app, seen = bolt_app(office), {}

    @app.command("/incident")
    async def listener(ack: Any, body: dict[str, Any]) -> None:
        seen.update(body)
        await ack()

    async with TRANSPORTS[transport](office, app):
        await office.do("command", user=ANA, channel=INCIDENTS, text="/incident declare P1")
    assert seen.pop("trigger_id")
    assert seen.pop("response_url").startswith(f"{office.sandbox.url}/response/")
    assert seen.pop("token") == ""
    assert seen == {
        "team_id": "T0PLANTAO",
        "team_domain": "plantao-demo",
        "channel_id": INCIDENTS,
        "channel_name": "incidents",
        "user_id": ANA,
        "user_name": "ana",
        "command": "/incident",
        "text": "declare P1",
        "api_app_id": "A0PLANTAO",
        "is_enterprise_install": "false",
    }


@pytest.mark.parametrize(
    ("typed", "arrives"),
    [
        ("/incident for @bruno in #general", "for <@U0BRUNO|bruno> in <#C0GENERAL|general>"),
        ("/incident a < b & <@U0ANA> > c", "a &lt; b &amp; &lt;@U0ANA&gt; &gt; c"),
        ("/incident mail x@bruno.example to @nobody", "mail x@bruno.example to @nobody"),
        ("/incident page @oncall and @here", "page <!subteam^S0ONCALL|@oncall> and <!here>"),
        ("/plain for @bruno < #general", "for @bruno &lt; #general"),
    ],
)
async def test_names_are_escaped_only_when_the_manifest_says_so(
    office: Office, transport: str, typed: str, arrives: str
) -> None:
    app, texts = bolt_app(office), []

    async def listener(ack: Any, command: dict[str, Any]) -> None:
        texts.append(command["text"])
        await ack()

    app.command("/incident")(listener)
    app.command("/plain")(listener)
    async with TRANSPORTS[transport](office, app):
        await office.do("command", user="ana", channel="incidents", text=typed)
    assert texts == [arrives]


async def test_an_empty_acknowledgement_shows_nothing(office: Office, transport: str) -> None:
    async with TRANSPORTS[transport](office, answering(office, None)):
        await office.do("command", user="ana", channel="incidents", text="/incident")
    assert (await office.state())["ephemerals"] == {}


async def test_an_in_channel_answer_shows_the_typed_command_to_everybody(office: Office, transport: str) -> None:
    answer = {"response_type": "in_channel", "text": "INC-1 declared"}
    async with TRANSPORTS[transport](office, answering(office, answer)):
        await office.do("command", user="ana", channel="incidents", text="/incident declare")
    echo, reply = await office.messages()
    assert (echo["user"], echo["text"]) == (ANA, "/incident declare")
    assert (reply["bot_id"], reply["text"]) == ("B0PLANTAO", "INC-1 declared")


async def test_in_channel_alone_echoes_the_command_and_says_no_more(office: Office, transport: str) -> None:
    async with TRANSPORTS[transport](office, answering(office, {"response_type": "in_channel"})):
        await office.do("command", user="ana", channel="incidents", text="/incident list")
    assert [one["text"] for one in await office.messages()] == ["/incident list"]


async def test_an_answer_with_bad_blocks_is_shown_to_nobody(office: Office, transport: str) -> None:
    answer = {"text": "x", "blocks": [{"type": "header", "text": {"type": "plain_text", "text": "h" * 151}}]}
    async with TRANSPORTS[transport](office, answering(office, answer)):
        told = await office.do("command", user="ana", channel="incidents", text="/incident")
    state = await office.state()
    assert told["error"] == "invalid_blocks"
    assert state["ephemerals"] == {}
    assert "invalid_blocks" in state["notices"][0]["text"]


async def test_a_late_acknowledgement_times_out_for_the_person(office: Office, transport: str) -> None:
    app, may_ack = bolt_app(office), asyncio.Event()

    @app.command("/incident")
    async def listener(ack: Any) -> None:
        await may_ack.wait()
        await ack("too late")

    async with TRANSPORTS[transport](office, app):
        typing = asyncio.create_task(office.do("command", user="ana", channel="incidents", text="/incident"))
        await office.until(lambda state: state["deliveries"])
        await office.do("clock", advance=3)
        told = await typing
        may_ack.set()
    state = await office.state()
    assert told["error"] == "operation_timeout"
    assert told["ms"] < 3_000
    assert state["notices"][0]["text"] == '/incident failed with the error "operation_timeout"'
    assert state["ephemerals"] == {}


async def test_an_unknown_command_is_told_to_the_person(office: Office, transport: str) -> None:
    async with TRANSPORTS[transport](office, answering(office, "x")):
        status, sentence = await office.refused("command", user="ana", channel="incidents", text="/deploy now")
    assert (status, sentence) == (404, "/deploy is not a valid command; the commands are /incident, /plain")
    assert (await office.state())["notices"][0]["text"] == "/deploy is not a valid command."


async def test_a_command_needs_somebody_who_is_in_the_channel(office: Office, transport: str) -> None:
    del office.sandbox.workspace.channels[GENERAL].members[ANA]
    async with TRANSPORTS[transport](office, answering(office, "x")):
        status, sentence = await office.refused("command", user="ana", channel="general", text="/incident")
    assert (status, sentence) == (403, "ana is not in #general and cannot do that there")
    assert (await office.state())["deliveries"] == []


async def test_nobody_there_to_take_a_command_is_a_dispatch_failure(office: Office, transport: str) -> None:
    if transport == "http":
        async with over_http(office, bolt_app(office)):
            pass
    told = await office.do("command", user="ana", channel="incidents", text="/incident")
    assert told["error"] == "dispatch_failed"
    assert (await office.state())["notices"][0]["text"] == '/incident failed with the error "dispatch_failed"'


async def test_a_failing_app_is_a_failure_for_the_person(office: Office, transport: str) -> None:
    app = bolt_app(office)

    @app.command("/incident")
    async def listener() -> None:
        raise LookupError("before the acknowledgement")

    async with TRANSPORTS[transport](office, app):
        typing = asyncio.create_task(office.do("command", user="ana", channel="incidents", text="/incident"))
        await office.until(lambda state: state["deliveries"])
        if transport == "socket":
            # Over a socket Bolt sends no frame at all: only time tells.
            await office.do("clock", advance=3)
        told = await typing
    assert told["error"] == ("dispatch_failed" if transport == "http" else "operation_timeout")


async def test_a_duplicated_delivery_arrives_twice(office: Office, transport: str) -> None:
    app, triggers = bolt_app(office), []

    @app.command("/incident")
    async def listener(ack: Any, command: dict[str, Any]) -> None:
        triggers.append(command["trigger_id"])
        await ack("noted")

    async with TRANSPORTS[transport](office, app):
        await office.do("faults", delivery="duplicate", times=1)
        await office.do("command", user="ana", channel="incidents", text="/incident")
        await office.do("command", user="ana", channel="incidents", text="/incident")
    assert len(triggers) == 3
    assert len(set(triggers)) == 2
    assert len((await office.state())["ephemerals"][ANA]) == 2


async def test_an_earlier_delivery_can_be_repeated_byte_for_byte(office: Office, transport: str) -> None:
    app, triggers = bolt_app(office), []

    @app.command("/incident")
    async def listener(ack: Any, command: dict[str, Any]) -> None:
        triggers.append(command["trigger_id"])
        await ack("noted")

    async with TRANSPORTS[transport](office, app):
        first = await office.do("command", user="ana", channel="incidents", text="/incident")
        again = await office.do("deliver", kind="command", again=first["delivery"]["id"])
    assert triggers[0] == triggers[1]
    assert again["ack"] == first["ack"]
    assert len((await office.state())["ephemerals"][ANA]) == 1


async def test_the_transport_changes_at_run_time(office: Office, transport: str) -> None:
    """Start on the other transport, then change over."""
    here, there = answering(office, "here"), answering(office, "there")
    if transport == "http":
        async with over_socket(office, here):
            assert await said(office) == {"text": "here"}
        async with over_http(office, there):
            assert await said(office) == "there"
    else:
        async with over_http(office, there):
            assert await said(office) == "there"
            await office.do("app", request_url=None)
            async with over_socket(office, here):
                assert await said(office) == {"text": "here"}


async def said(office: Office) -> Any:
    return (await office.do("command", user="ana", channel="incidents", text="/incident"))["ack"]
