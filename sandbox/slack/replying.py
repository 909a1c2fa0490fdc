"""What an acknowledgement or a response URL makes visible."""

from typing import Any

from aiohttp import web

from .blockkit import message_problems
from .draft import Draft
from .emulator import Emulator
from .posting import edit, post_as_bot, remove, whisper, with_ids
from .refusal import SlackRefusal
from .response_urls import ReplyTarget


def reply(emulator: Emulator, target: ReplyTarget, body: dict[str, Any]) -> None:
    """Show, replace or delete; refused as a whole with SlackRefusal when the message is not sound."""
    if body.get("delete_original"):
        _delete(emulator, target)
        return
    draft = _draft(body)
    if body.get("replace_original") and target.original != "command":
        _replace(emulator, target, draft)
    elif body.get("response_type") == "in_channel":
        post_as_bot(emulator, emulator.workspace.channels[target.channel], draft)
    else:
        whisper(emulator, target.user, emulator.workspace.channels[target.channel], draft)


async def answer_response_url(emulator: Emulator, request: web.Request) -> web.Response:
    """One use of a response URL; only a use that worked counts."""
    tenant = emulator.tenants.of_app(request.match_info["app_id"])
    if tenant is None:
        raise web.HTTPNotFound(text="there is no such app")
    emulator = tenant
    target = emulator.response_urls.find(request.match_info["key"])
    if isinstance(target, str):
        return web.json_response({"ok": False, "error": target}, status=404)
    try:
        reply(emulator, target, await _body(request))
    except SlackRefusal as refusal:
        return web.json_response({"ok": False, "error": refusal.error, **refusal.details}, status=400)
    target.uses_left -= 1
    return web.Response(text="ok")


async def _body(request: web.Request) -> dict[str, Any]:
    try:
        body = await request.json()
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise SlackRefusal("invalid_payload")
    return body


def _draft(body: dict[str, Any]) -> Draft:
    text, blocks = str(body.get("text") or ""), body.get("blocks") or []
    if not isinstance(blocks, list):
        raise SlackRefusal("invalid_blocks_format")
    problems = message_problems(blocks)
    if problems:
        raise SlackRefusal.with_messages("invalid_blocks", problems)
    if not text.strip() and not blocks:
        raise SlackRefusal("no_text")
    # A thread is only reached by an in_channel response.
    thread_ts = body.get("thread_ts") if body.get("response_type") == "in_channel" else None
    return Draft(text, blocks=blocks, thread_ts=thread_ts)


def _replace(emulator: Emulator, target: ReplyTarget, draft: Draft) -> None:
    """An ephemeral message stays ephemeral, whatever response_type says."""
    if target.original == "ephemeral":
        shown = emulator.workspace.ephemerals.get(target.user, {}).get(target.ts)
        if shown is not None:
            stamp = {"user": emulator.app.bot_user_id, "ts": emulator.workspace.mint.ts()}
            shown.message.change(draft.text, with_ids(emulator, draft.blocks), stamp)
            emulator.workspace.changes.note()
        return
    channel = emulator.workspace.channels[target.channel]
    message = channel.messages.get(target.ts)
    if message is not None and message.bot_id == emulator.app.bot_id:
        edit(emulator, channel, message, draft)


def _delete(emulator: Emulator, target: ReplyTarget) -> None:
    if target.original == "ephemeral":
        emulator.workspace.ephemerals.get(target.user, {}).pop(target.ts, None)
        emulator.workspace.changes.note()
        return
    channel = emulator.workspace.channels[target.channel]
    message = channel.messages.get(target.ts)
    if target.original == "message" and message is not None and message.bot_id == emulator.app.bot_id:
        remove(emulator, channel, message)
