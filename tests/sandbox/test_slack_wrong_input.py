"""Wrong input to the control interface: for every path a 4xx with a sentence, and nothing done."""

from typing import Any

import pytest
from slack_office import Office

from sandbox.slack.control.routes import ACTS

# One body for each path that has the right fields, to be spoilt.
SOUND: dict[str, dict[str, Any]] = {
    "command": {"user": "ana", "channel": "incidents", "text": "/incident"},
    "click": {"user": "ana", "channel": "incidents", "ts": "1.0", "action_id": "a"},
    "suggest": {"user": "ana", "channel": "incidents", "ts": "1.0", "action_id": "a", "value": "x"},
    "submit": {"user": "ana", "view_id": "V1"},
    "close": {"user": "ana", "view_id": "V1"},
    "message": {"user": "ana", "channel": "incidents", "text": "x"},
    "edit": {"user": "ana", "channel": "incidents", "ts": "1.0", "text": "x"},
    "delete": {"user": "ana", "channel": "incidents", "ts": "1.0"},
    "reaction": {"user": "ana", "channel": "incidents", "ts": "1.0", "name": "fire"},
    "unreact": {"user": "ana", "channel": "incidents", "ts": "1.0", "name": "fire"},
    "join": {"user": "ana", "channel": "incidents"},
    "leave": {"user": "ana", "channel": "incidents"},
    "invite": {"user": "ana", "channel": "incidents", "member": "otto"},
    "kick": {"user": "ana", "channel": "incidents", "member": "otto"},
    "usergroup": {"user": "ana", "usergroup": "oncall", "users": ["otto"]},
    "shortcut": {"user": "ana", "callback_id": "declare"},
    "home": {"user": "ana"},
    "faults": {"method": "chat.postMessage", "kind": "down"},
    "clock": {"advance": 1},
    "app": {"request_url": None},
    "apps": {"manifest": {}},
    "authorize": {"user": "ana"},
    "uninstall": {"app": "Plantão"},
    "revoke": {"app": "Plantão"},
    "deactivate": {"app": "Plantão"},
    "verify": {"app": "Plantão"},
    "ssl_check": {"app": "Plantão"},
    "deliver": {"again": "DLV1"},
}
WRONG_VALUES: list[tuple[str, dict[str, Any]]] = [
    ("command", {"text": "no slash"}),
    ("command", {"channel": "nowhere"}),
    ("click", {"ts": None}),
    ("click", {"values": []}),
    ("suggest", {"ts": None}),
    ("submit", {"values": "all"}),
    ("close", {"all": "perhaps"}),
    ("message", {"text": ""}),
    ("message", {"thread_ts": "1.0"}),
    ("reaction", {"name": "FIRE!"}),
    ("usergroup", {"users": []}),
    ("usergroup", {"usergroup": "nobody"}),
    ("invite", {"member": "eve"}),
    ("shortcut", {"callback_id": "nothing"}),
    ("shortcut", {"callback_id": "keep"}),
    ("home", {"tab": "about"}),
    ("home", {"app": "A404"}),
    ("faults", {"kind": "mischief"}),
    ("faults", {"kind": None}),
    ("faults", {"delivery": "sideways"}),
    ("faults", {"error": "Not A Name"}),
    ("faults", {"delivery": "delay", "of": "pigeon"}),
    ("clock", {"advance": -1}),
    ("clock", {"advance": "soon"}),
    ("app", {"request_url": "https://example.org/"}),
    ("apps", {"manifest": {"oauth_config": {"scopes": {"bot": "chat:write"}}}}),
    ("apps", {"channels": ["nowhere"]}),
    ("authorize", {"org": True}),
    ("uninstall", {"app": "A404"}),
    ("deliver", {"again": "DLV404"}),
]


def test_every_path_is_tried() -> None:
    assert {path.removeprefix("/control/") for verb, path, _ in ACTS if verb == "POST"} == SOUND.keys()


@pytest.mark.parametrize("act", SOUND)
async def test_what_is_no_json_object_is_refused(office: Office, act: str) -> None:
    for body in (b"", b"{", b"[]", b"null", b'"text"', b"\xff"):
        headers = {"Content-Type": "application/json"}
        async with office.session.post(f"{office.sandbox.url}/control/{act}", data=body, headers=headers) as response:
            told = await response.json()
        assert (response.status, told["ok"], bool(told["error"])) == (400, False, True)
    async with office.session.post(f"{office.sandbox.url}/control/{act}", data={"user": "ana"}) as response:
        assert response.status == 415


@pytest.mark.parametrize("act", SOUND)
async def test_a_field_that_does_not_exist_is_refused_by_its_name(office: Office, act: str) -> None:
    assert await office.refused(act, **SOUND[act], usr="ana") == (400, "usr: Extra inputs are not permitted")


@pytest.mark.parametrize("act", [act for act, body in SOUND.items() if "user" in body])
async def test_a_person_who_does_not_exist_cannot_act(office: Office, act: str) -> None:
    status, sentence = await office.refused(act, **(SOUND[act] | {"user": "eve"}))
    assert (status, sentence.split(";")[0]) == (404, "there is no user 'eve'")
    assert (await office.state())["deliveries"] == []


@pytest.mark.parametrize(("act", "wrong"), WRONG_VALUES)
async def test_a_wrong_value_is_refused_with_a_sentence(office: Office, act: str, wrong: dict[str, Any]) -> None:
    before = (await office.state())["version"]
    status, sentence = await office.refused(act, **(SOUND[act] | wrong))
    assert (400 <= status < 500, len(sentence) > 10) == (True, True)
    assert (await office.state())["version"] == before
