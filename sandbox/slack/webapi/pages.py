"""Cursor pagination."""

import base64
import binascii
from collections.abc import Sequence
from typing import Any, TypeVar

from ..refusal import SlackRefusal
from .call import Call

T = TypeVar("T")
LARGEST_PAGE = 1_000


def one_page(
    call: Call, rows: Sequence[T], default: int = 100, most: int = LARGEST_PAGE
) -> tuple[list[T], dict[str, Any]]:
    """The rows of the page that `cursor` and `limit` ask for, and the metadata that leads to the next."""
    start = _start(call.args.text("cursor"))
    limit = min(max(call.args.number("limit", default), 1), most)
    end = start + limit
    following = base64.b64encode(f"next:{end}".encode()).decode() if end < len(rows) else ""
    return list(rows[start:end]), {"response_metadata": {"next_cursor": following}}


def _start(cursor: str) -> int:
    if not cursor:
        return 0
    try:
        return int(base64.b64decode(cursor, validate=True).decode().removeprefix("next:"))
    except (binascii.Error, ValueError):
        raise SlackRefusal("invalid_cursor") from None
