"""The emulated engine beside a real one: the same refusals, and nothing told that a real one does not tell."""

import json
from typing import Any

import httpx
from docker_emulated import EmulatedEngine
from docker_engine import IMAGE, DockerEngine

pytest_plugins = ["docker_fixtures"]
REFUSED: list[tuple[str, str, dict[str, str], object]] = [
    ("GET", "/nowhere", {}, None),
    ("PUT", "/containers/{one}/json", {}, None),
    ("GET", "/containers/nobody/json", {}, None),
    ("GET", "/containers/nobody/logs", {"stdout": "1"}, None),
    ("POST", "/containers/nobody/restart", {}, None),
    ("POST", "/containers/{one}/start", {}, None),
    ("POST", "/containers/{off}/stop", {}, None),
    ("POST", "/containers/{off}/exec", {}, {"Cmd": ["echo"]}),
    ("POST", "/containers/{off}/rename", {"name": "{one}"}, None),
    ("POST", "/containers/create", {"name": "{one}"}, {"Image": IMAGE, "Cmd": ["sleep", "9"]}),
    ("POST", "/containers/create", {"name": "another"}, {"Image": IMAGE}),
    ("POST", "/containers/create", {"name": "an other"}, {"Image": IMAGE, "Cmd": ["sleep", "9"]}),
    ("POST", "/containers/create", {"name": "another"}, {"Image": "none:1", "Cmd": ["sleep", "9"]}),
    ("DELETE", "/containers/{one}", {}, None),
    ("DELETE", "/containers/nobody", {}, None),
    ("GET", "/containers/{one}/logs", {}, None),
    ("POST", "/networks/nonet/connect", {}, {"Container": "{one}"}),
    ("POST", "/images/none/tag", {"repo": "api", "tag": "b"}, None),
    ("GET", "/images/nobody:1/json", {}, None),
    ("GET", "/exec/abc/json", {}, None),
]


def test_it_refuses_with_the_status_and_words_of_the_real_one(dockerd: DockerEngine, emulator: EmulatedEngine) -> None:
    told = {}
    for engine in (dockerd, emulator):
        ids = {"one": engine.run("one"), "off": engine.create("off")}
        told[engine] = [_refusal(engine.client, ids, *asked) for asked in REFUSED]
        engine.remove("one")
        engine.remove("off")
    assert [status for status, _ in told[emulator] if status < 300] == []
    assert told[emulator] == told[dockerd]


def _refusal(client: httpx.Client, ids: dict[str, str], *asked: Any) -> tuple[int, str]:
    """The status and the words, ids by the name of their container."""
    verb, path, query, body = asked
    names = {f"{{{name}}}": name for name in ids}
    for held, name in names.items():
        path, body = path.replace(held, name), json.loads(json.dumps(body).replace(held, name))
        query = {key: value.replace(held, name) for key, value in query.items()}
    answer = client.request(verb, path, params=query, json=body)
    words = json.loads(answer.text)["message"] if answer.text else ""
    for name, identity in ids.items():
        words = words.replace(identity, name)
    return answer.status_code, words


def test_what_is_told_of_a_container_has_the_shape_of_what_the_real_one_tells(
    dockerd: DockerEngine, emulator: EmulatedEngine
) -> None:
    check = {"Test": ["CMD-SHELL", "echo ok"], "Interval": 100_000_000, "Retries": 1}
    wanted: dict[str, Any] = {"Healthcheck": check, "Labels": {"tier": "api"}, "Volumes": {"/anon": {}}}
    shapes = {}
    for engine in (dockerd, emulator):
        engine.run("shaped", **wanted, host={"Memory": 64 * 1024 * 1024, "Binds": ["kept:/data"]})
        [listed] = engine.get("/containers/json", filters=json.dumps({"label": ["tier=api"]}))
        pages = {
            "inspect": engine.inspect("shaped"),
            "list": listed,
            "stats": engine.get("/containers/shaped/stats", stream="false"),
            "image": engine.get(f"/images/{IMAGE}/json"),
            "images": engine.get("/images/json")[0],
        }
        shapes[engine] = {name: _shape(page) for name, page in pages.items()}
        headers = engine.client.get("/_ping").headers
        shapes[engine]["headers"] = {headers["api-version"], headers["ostype"]}
        engine.remove("shaped")
    for name, shape in shapes[emulator].items():
        assert shape - shapes[dockerd][name] == set(), name


def _shape(value: object, path: str = "") -> set[str]:
    """The paths of all that is told, with its type; what is null may be anything."""
    if isinstance(value, dict) and path.rpartition(".")[2] not in {"Labels", "Volumes", "Networks"}:
        return {one for key, inner in value.items() for one in _shape(inner, f"{path}.{key}")} | {path}
    if isinstance(value, list):
        return {one for inner in value for one in _shape(inner, f"{path}[]")} | {path}
    return {path}
