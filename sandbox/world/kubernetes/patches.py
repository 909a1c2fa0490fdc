"""The three patch formats of the Kubernetes API: strategic merge, merge and JSON patch."""

from copy import deepcopy
from typing import Any

from sandbox.world.kubernetes.refusals import bad_request, unprocessable_patch, unsupported_media_type
from sandbox.world.kubernetes.resources import Document

_MERGE_KEYS = {
    "containers": "name",
    "initContainers": "name",
    "env": "name",
    "volumes": "name",
    "imagePullSecrets": "name",
    "volumeMounts": "mountPath",
    "ports": "containerPort",
    "conditions": "type",
    "ownerReferences": "uid",
}


def apply_patch(content_type: str, current: Document, patch: Any) -> Document:
    """The document after the patch; `current` stays as it is."""
    if content_type == "application/json-patch+json":
        return _json_patch(current, _as_list(patch))
    if content_type == "application/merge-patch+json":
        return _merge(current, _as_object(patch))
    if content_type == "application/strategic-merge-patch+json":
        return _strategic(current, _as_object(patch))
    raise unsupported_media_type(content_type)


def _as_list(patch: Any) -> list[Any]:
    if not isinstance(patch, list):
        raise bad_request("error decoding patch: json: cannot unmarshal object into Go value of type jsonpatch.Patch")
    return patch


def _as_object(patch: Any) -> Document:
    if not isinstance(patch, dict):
        raise bad_request("error decoding patch: json: cannot unmarshal into Go value of type map[string]interface {}")
    return patch


def _merge(current: Any, patch: Document) -> Document:
    merged: Document = deepcopy(current) if isinstance(current, dict) else {}
    for key, value in patch.items():
        if value is None:
            merged.pop(key, None)
        elif isinstance(value, dict):
            merged[key] = _merge(merged.get(key), value)
        else:
            merged[key] = deepcopy(value)
    return merged


def _strategic(current: Any, patch: Document) -> Document:
    if patch.get("$patch") == "replace":
        return {key: deepcopy(value) for key, value in patch.items() if key != "$patch"}
    merged: Document = deepcopy(current) if isinstance(current, dict) else {}
    for key, value in patch.items():
        if key.startswith("$"):
            continue  # list-ordering hints of kubectl; the emulator keeps the stored order
        if value is None:
            merged.pop(key, None)
        elif isinstance(value, dict):
            merged[key] = _strategic(merged.get(key), value)
        elif isinstance(value, list) and key in _MERGE_KEYS:
            merged[key] = _merge_list(merged.get(key) or [], value, _MERGE_KEYS[key])
        else:
            merged[key] = deepcopy(value)
    return merged


def _merge_list(current: list[Any], patch: list[Any], key: str) -> list[Any]:
    if any(item.get("$patch") == "replace" for item in patch):
        return [deepcopy(item) for item in patch if "$patch" not in item]
    merged = deepcopy(current)
    for item in patch:
        if key not in item:
            raise bad_request(f"map: {item} does not contain declared merge key: {key}")
        place = next((index for index, held in enumerate(merged) if held.get(key) == item[key]), None)
        if item.get("$patch") == "delete":
            merged = [held for held in merged if held.get(key) != item[key]]
        elif place is None:
            merged.append(_strategic({}, item))
        else:
            merged[place] = _strategic(merged[place], item)
    return merged


def _json_patch(current: Document, operations: list[Any]) -> Document:
    document: Any = deepcopy(current)
    for operation in operations:
        try:
            _apply_operation(document, operation)
        except (KeyError, IndexError, ValueError, TypeError) as error:
            raise unprocessable_patch() from error
    return document  # type: ignore[no-any-return]


def _apply_operation(document: Document, operation: Document) -> None:
    verb, path = operation["op"], operation["path"]
    if verb == "test":
        if _value_at(document, path) != operation["value"]:
            raise ValueError(path)
    elif verb == "remove":
        _remove(document, path)
    elif verb == "replace":
        _remove(document, path)
        _add(document, path, operation["value"])
    elif verb == "add":
        _add(document, path, operation["value"])
    elif verb in {"copy", "move"}:
        value = deepcopy(_value_at(document, operation["from"]))
        if verb == "move":
            _remove(document, operation["from"])
        _add(document, path, value)
    else:
        raise ValueError(verb)


def _steps(path: str) -> list[str]:
    if not path.startswith("/"):
        raise ValueError(path)
    return [step.replace("~1", "/").replace("~0", "~") for step in path[1:].split("/")]


def _walk(document: Any, steps: list[str]) -> Any:
    for step in steps:
        document = document[int(step)] if isinstance(document, list) else document[step]
    return document


def _value_at(document: Document, path: str) -> Any:
    return _walk(document, _steps(path))


def _add(document: Document, path: str, value: Any) -> None:
    *above, last = _steps(path)
    parent = _walk(document, above)
    if isinstance(parent, list):
        parent.insert(len(parent) if last == "-" else int(last), deepcopy(value))
    else:
        parent[last] = deepcopy(value)


def _remove(document: Document, path: str) -> None:
    *above, last = _steps(path)
    parent = _walk(document, above)
    if isinstance(parent, list):
        del parent[int(last)]
    else:
        del parent[last]
