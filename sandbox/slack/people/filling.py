"""What Slack's client checks before it lets a modal go."""

import re
from typing import Any

from ..inputs import is_filled
from ..views import Values

_ADDRESS = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")


def missing_or_wrong(blocks: list[dict[str, Any]], values: Values) -> dict[str, str]:
    """The reason for each input block that stops the submission."""
    problems: dict[str, str] = {}
    for block in blocks:
        if block["type"] != "input":
            continue
        element = block["element"]
        state = values.get(block["block_id"], {}).get(element["action_id"], {})
        reason = _reason(element, state) if is_filled(state) else "" if block.get("optional") else "a value is required"
        if reason:
            problems[block["block_id"]] = reason
    return problems


def _reason(element: dict[str, Any], state: dict[str, Any]) -> str:
    match element["type"]:
        case "plain_text_input":
            return _length(element, str(state["value"]))
        case "number_input":
            return _number(element, str(state["value"]))
        case "email_text_input":
            return "" if _ADDRESS.fullmatch(str(state["value"])) else "an e-mail address is required"
        case "url_text_input":
            return "" if str(state["value"]).startswith(("http://", "https://")) else "a link is required"
        case "checkboxes" | "multi_static_select" | "multi_users_select":
            return _count(element, next(part for part in state.values() if isinstance(part, list)))
    return ""


def _length(element: dict[str, Any], value: str) -> str:
    if len(value) < element.get("min_length", 0):
        return f"at least {element['min_length']} characters are required"
    if len(value) > element.get("max_length", 3_000):
        return f"at most {element.get('max_length', 3_000)} characters are allowed"
    return ""


def _number(element: dict[str, Any], value: str) -> str:
    pattern = r"-?\d+(\.\d+)?" if element.get("is_decimal_allowed") else r"-?\d+"
    if not re.fullmatch(pattern, value):
        return "a number is required" if element.get("is_decimal_allowed") else "a whole number is required"
    if float(value) < float(element.get("min_value", "-inf")) or float(value) > float(element.get("max_value", "inf")):
        return "the number is out of range"
    return ""


def _count(element: dict[str, Any], picked: list[Any]) -> str:
    most = element.get("max_selected_items")
    return f"at most {most} can be chosen" if most and len(picked) > most else ""
