"""JSON Schemas of the catalog's files, so that an editor completes names and marks mistakes while they are typed."""

import json
import sys
from pathlib import Path
from typing import Any

from pydantic.json_schema import models_json_schema

from bot.catalog.load import FILES
from bot.core.operation import Change, Read
from bot.providers import names, operation

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_NOT_WRITTEN = ("name", "system", "given")

Document = dict[str, Any]


def write_schemas(folder: Path) -> int:
    """Write a schema per file of a catalog folder, and print the first line that such a file needs to use it."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in FILES:
        path = folder / name.replace(".yml", ".schema.json")
        path.write_text(json.dumps(schema(name), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        sys.stdout.write(f"{name:12}# yaml-language-server: $schema={path.resolve().as_uri()}\n")
    return 0


def schema(name: str) -> Document:
    """The schema of one of a catalog folder's files."""
    shape = FILES[name]
    found, definitions = models_json_schema([(shape, "validation")])
    document: Document = {"$schema": DIALECT, **definitions, **found[shape, "validation"]}
    document = {**document, **document["$defs"].pop(shape.__name__), "title": name}
    del document["$ref"]
    for entry in ("Check", "Action", "Alert"):
        for field in _NOT_WRITTEN:
            document["$defs"].get(entry, {}).get("properties", {}).pop(field, None)
    if name == "checks.yml":
        _narrow(document["$defs"], "Check", [one for one in map(operation, names()) if isinstance(one, Read)])
    if name == "actions.yml":
        _narrow(document["$defs"], "Action", [one for one in map(operation, names()) if isinstance(one, Change)])
    return document


def _narrow(defined: Document, entry: str, operations: list[Read] | list[Change]) -> None:
    """Let only these operations be named, and let each have its own parameters only."""
    shapes = {one.name: one.parameters.model_json_schema() for one in operations}
    for shape in shapes.values():
        defined.update(shape.pop("$defs", {}))
        if entry == "Action":
            shape.pop("required", None)  # a person may be asked for it
            # What a run recorded comes back as strings, so every changing operation reads those too.
            shape["properties"] = {
                field: {"anyOf": [one, {"type": "string"}]} for field, one in shape["properties"].items()
            }
    defined[entry]["properties"]["operation"] = {"enum": list(shapes), "title": "Operation"}
    defined[entry]["allOf"] = [
        {
            "if": {"properties": {"operation": {"const": name}}, "required": ["operation"]},
            "then": {"properties": {"parameters": shape}},
        }
        for name, shape in shapes.items()
    ]
