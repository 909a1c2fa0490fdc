"""The three-step upload: ask for a URL, send the bytes there, complete."""

import mimetypes
from typing import Any

from aiohttp import web

from ..conversations import Channel
from ..draft import Draft
from ..emulator import Emulator
from ..posting import post_as_bot
from ..refusal import SlackRefusal
from ..workspace import Upload
from .call import Answer, Call
from .content import read_blocks

MOST_CHANNELS = 100
_PICTURES = ("image/png", "image/jpeg", "image/gif", "image/webp")


def upload_url(call: Call) -> Answer:
    length = call.args.number("length", 0)
    if length < 1:
        raise SlackRefusal.with_messages("invalid_arguments", ["must be greater than 0 [json-pointer:/length]"])
    workspace = call.emulator.workspace
    upload = Upload(workspace.mint.object_id("F"), call.args.text("filename"), length)
    workspace.uploads[upload.id] = upload
    return {"upload_url": f"{call.emulator.app.base_url}/upload/{upload.id}", "file_id": upload.id}


async def receive(emulator: Emulator, request: web.Request) -> web.Response:
    """Take the bytes: raw, or as the one file of a multipart form."""
    upload = emulator.workspace.uploads.get(request.match_info["file_id"])
    if upload is None or upload.content is not None:
        raise web.HTTPNotFound(text="this upload URL is unknown or was used before")
    content = await _content(request)
    if len(content) != upload.length:
        raise web.HTTPBadRequest(text=f"{upload.length} bytes were announced, {len(content)} came")
    upload.content = content
    return web.Response(text=f"OK - {len(content)}")


async def show(emulator: Emulator, request: web.Request) -> web.Response:
    """The bytes of a file, for the browser page and for clients; the browser must not run what somebody uploaded."""
    upload = emulator.workspace.uploads.get(request.match_info["file_id"])
    if upload is None or upload.content is None:
        raise web.HTTPNotFound(text="there is no such file")
    guessed, _ = mimetypes.guess_type(upload.name)
    is_picture = (guessed or "") in ("image/png", "image/jpeg", "image/gif", "image/webp")
    kind = (
        guessed if is_picture and guessed else "text/plain" if _is_text(upload.content) else "application/octet-stream"
    )
    headers = {"X-Content-Type-Options": "nosniff", "Content-Security-Policy": "default-src 'none'; sandbox"}
    charset = "utf-8" if kind == "text/plain" else None
    return web.Response(body=upload.content, content_type=kind, charset=charset, headers=headers)


def file_info(call: Call) -> Answer:
    upload = call.emulator.workspace.uploads.get(call.args.text("file"))
    if upload is None or upload.content is None:
        raise SlackRefusal("file_not_found")
    return {"file": _told(call, upload), "comments": [], "paging": {"count": 100, "total": 0, "page": 1, "pages": 0}}


def _shown_type(name: str, content: bytes) -> str:
    guessed, _ = mimetypes.guess_type(name)
    if guessed in _PICTURES:
        return guessed
    return "text/plain" if _is_text(content) else "application/octet-stream"


def _is_text(content: bytes) -> bool:
    try:
        content.decode()
    except UnicodeDecodeError:
        return False
    return b"\0" not in content


def complete_upload(call: Call) -> Answer:
    """Share the files in one message per channel; without a channel they stay private."""
    uploads = [_uploaded(call, row) for row in call.args.structure("files", "invalid_arguments")]
    files = [_told(call, upload) for upload in uploads]
    ids = call.args.words("channel_id") or call.args.words("channels")
    if len(ids) > MOST_CHANNELS:
        raise SlackRefusal("channels_limit_exceeded")
    channels = [_reachable(call, channel_id) for channel_id in ids]
    blocks = read_blocks(call)
    for channel in channels:
        thread_ts = call.args.text("thread_ts") if call.args.text("thread_ts") in channel.messages else None
        draft = Draft(call.args.text("initial_comment"), blocks=blocks, thread_ts=thread_ts, files=files)
        post_as_bot(call.emulator, channel, draft)
    return {"files": files}


async def _content(request: web.Request) -> bytes:
    if request.content_type != "multipart/form-data":
        return await request.read()
    for value in (await request.post()).values():
        if isinstance(value, web.FileField):
            return value.file.read()
    raise web.HTTPBadRequest(text="the form holds no file")


def _uploaded(call: Call, row: Any) -> Upload:
    upload = call.emulator.workspace.uploads.get(row.get("id", "")) if isinstance(row, dict) else None
    if upload is None or upload.content is None:
        raise SlackRefusal("file_not_found")
    upload.title = row.get("title") or upload.name
    return upload


def _told(call: Call, upload: Upload) -> dict[str, Any]:
    base = call.emulator.app.base_url
    return {
        "id": upload.id,
        "name": upload.name,
        "title": upload.title,
        "size": upload.length,
        "mimetype": mimetypes.guess_type(upload.name)[0] or "text/plain",
        "user": call.bot_user,
        "url_private": f"{base}/file/{upload.id}",
    }


def _reachable(call: Call, channel_id: str) -> Channel:
    channel = call.emulator.workspace.channels.get(channel_id)
    if channel is None:
        raise SlackRefusal("channel_not_found")
    if call.bot_user not in channel.members:
        raise SlackRefusal("not_in_channel")
    return channel
