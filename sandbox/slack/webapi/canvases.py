"""canvases.*: documents of Markdown, kept as sections with ids; one change for each edit."""

import json
import re
from typing import Any

from ..refusal import SlackRefusal
from ..workspace import Canvas
from .call import Answer, Call

LARGEST_CHANGE = 1_048_576
_HEADER = re.compile(r"^(#{1,3}) ")


def create(call: Call) -> Answer:
    canvas = _new(call)
    if call.args.has("channel_id"):
        canvas.channel = call.seen(call.args.text("channel_id"), "canvas_creation_failed").id
        if _of_channel(call, canvas.channel):
            raise SlackRefusal("free_team_canvas_tab_already_exists")
    return _kept(call, canvas)


def create_in_channel(call: Call) -> Answer:
    channel = call.seen(call.args.text("channel_id"), "canvas_creation_failed")
    if _of_channel(call, channel.id):
        raise SlackRefusal("channel_canvas_already_exists")
    canvas = _new(call)
    canvas.channel = channel.id
    return _kept(call, canvas)


def edit(call: Call) -> Answer:
    canvas = _canvas(call)
    changes = call.args.structure("changes", "invalid_arguments")
    if not isinstance(changes, list) or len(changes) != 1 or not isinstance(changes[0], dict):
        raise SlackRefusal.with_messages("invalid_arguments", ["must contain exactly 1 item [json-pointer:/changes]"])
    canvas.sections = _changed(call, canvas, changes[0])
    call.emulator.workspace.changes.note()
    return {}


def delete(call: Call) -> Answer:
    del call.emulator.workspace.canvases[_canvas(call).id]
    call.emulator.workspace.changes.note()
    return {}


def find_sections(call: Call) -> Answer:
    """Sections that hold a text, or headings; both when both are asked for."""
    canvas = _canvas(call)
    criteria = call.args.structure("criteria", "invalid_arguments")
    if not isinstance(criteria, dict) or not criteria:
        raise SlackRefusal.with_messages("invalid_arguments", ["must not be empty [json-pointer:/criteria]"])
    kinds, words = criteria.get("section_types") or [], str(criteria.get("contains_text", ""))
    found = [key for key, text in canvas.sections.items() if words in text and (not kinds or _kinds(text) & set(kinds))]
    return {"sections": [{"id": key} for key in found]}


def _new(call: Call) -> Canvas:
    mint = call.emulator.workspace.mint
    canvas = Canvas(mint.object_id("F"), call.args.text("title"), call.bot_user)
    canvas.sections = _sections(call, call.args.structure("document_content", "canvas_creation_failed"))
    return canvas


def _kept(call: Call, canvas: Canvas) -> Answer:
    call.emulator.workspace.canvases[canvas.id] = canvas
    call.emulator.workspace.changes.note()
    return {"canvas_id": canvas.id}


def _canvas(call: Call) -> Canvas:
    canvas = call.emulator.workspace.canvases.get(call.args.text("canvas_id"))
    if canvas is None:
        raise SlackRefusal("canvas_not_found")
    return canvas


def _of_channel(call: Call, channel: str) -> bool:
    return any(canvas.channel == channel for canvas in call.emulator.workspace.canvases.values())


def _changed(call: Call, canvas: Canvas, change: dict[str, Any]) -> dict[str, str]:
    operation, section = change.get("operation"), change.get("section_id")
    if section is not None and section not in canvas.sections:
        raise SlackRefusal("canvas_editing_failed", detail="the section does not exist")
    if len(json.dumps(change)) > LARGEST_CHANGE:
        raise SlackRefusal("canvas_too_large")
    old = list(canvas.sections.items())
    place = next((index for index, (key, _) in enumerate(old) if key == section), None)
    new = [] if operation in ("delete", "rename") else list(_sections(call, change.get("document_content")).items())
    match operation, place:
        case "insert_at_start", _:
            return dict(new + old)
        case "insert_at_end", _:
            return dict(old + new)
        case "replace", None:
            return dict(new)
        case "replace", int(at):
            return dict(old[:at] + new + old[at + 1 :])
        case "insert_before", int(at):
            return dict(old[:at] + new + old[at:])
        case "insert_after", int(at):
            return dict(old[: at + 1] + new + old[at + 1 :])
        case "delete", int(at):
            return dict(old[:at] + old[at + 1 :])
    raise SlackRefusal("canvas_editing_failed", detail=f"{operation!r} cannot be done here")


def _sections(call: Call, document: Any) -> dict[str, str]:
    """Paragraphs of Markdown under new ids; there is no other kind of content."""
    if document is None:
        return {}
    if not isinstance(document, dict) or document.get("type") != "markdown":
        raise SlackRefusal.with_messages(
            "invalid_arguments", ["must be markdown [json-pointer:/document_content/type]"]
        )
    pieces = [piece for piece in re.split(r"\n\s*\n", str(document.get("markdown", ""))) if piece.strip()]
    return {f"temp:C:{call.emulator.workspace.mint.secret()[:28]}": piece for piece in pieces}


def _kinds(text: str) -> set[str]:
    heading = _HEADER.match(text)
    return {"any_header", f"h{len(heading[1])}"} if heading else set()
