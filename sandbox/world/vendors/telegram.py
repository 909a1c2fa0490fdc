"""Emulator of Telegram's Bot API for one bot: its webhook, the updates that wait, its chats and what was sent."""

from typing import Any

from aiohttp import web

from sandbox.world.vendors.trouble import Vendor


class Telegram(Vendor):
    """A revoked token answers 401, one of another shape 404, as with the real one."""

    def __init__(self) -> None:
        super().__init__()
        self.token = "123456789:AAEmulatedEmulatedEmulatedEmulated00"  # noqa: S105
        self.username = "suporte_bot"
        self.webhook = ""
        self.pending = 3
        self.last_error: tuple[int, str] | None = None
        self.chats: dict[int, dict[str, Any]] = {-1001: {"id": -1001, "type": "supergroup", "title": "Plantão"}}
        self.sent: list[tuple[int, str]] = []
        self.blocked: set[int] = set()
        self.methods: set[str] = set()
        """Those that were called."""
        self.stubborn = ""
        """The webhook that somebody sets again as soon as one is deleted."""

    def routes(self) -> list[web.RouteDef]:
        return [web.route("*", "/bot{token}/{method}", self._call)]

    def writes(self, request: web.Request) -> bool:
        """By the method's name: Telegram takes parameters of reads in a POST too."""
        return not request.path.rpartition("/")[2].startswith("get")

    def updates(self) -> int:
        """What a polling bot gets now; nothing while a webhook takes the updates."""
        return 0 if self.webhook else self.pending

    async def _call(self, request: web.Request) -> web.Response:
        token = request.match_info["token"]
        if token != self.token:
            known_shape = token.partition(":")[0].isdecimal() and ":" in token
            return _refused(401, "Unauthorized") if known_shape else _refused(404, "Not Found")
        self.methods.add(request.match_info["method"])
        fields = await request.json() if request.can_read_body else {}
        match request.match_info["method"]:
            case "getMe":
                return _result({"id": 123456789, "is_bot": True, "username": self.username})
            case "getWebhookInfo":
                return _result(self._webhook_info())
            case "deleteWebhook":
                self.webhook = self.stubborn
                self.pending = 0 if fields.get("drop_pending_updates") else self.pending
                return _result(True)
            case "getChat":
                chat = self._chat(fields["chat_id"])
                return _result(chat) if chat else _refused(400, "Bad Request: chat not found")
            case "sendMessage":
                return self._send(int(fields["chat_id"]), fields["text"])
        return _refused(404, "Not Found: method not found")

    def _webhook_info(self) -> dict[str, Any]:
        info: dict[str, Any] = {"url": self.webhook, "pending_update_count": self.pending}
        if self.last_error:
            info |= {"last_error_date": self.last_error[0], "last_error_message": self.last_error[1]}
        return info

    def _chat(self, named: object) -> dict[str, Any] | None:
        by_name = {f"@{chat['username']}": chat for chat in self.chats.values() if "username" in chat}
        return by_name.get(str(named)) or next((one for key, one in self.chats.items() if str(key) == str(named)), None)

    def _send(self, chat: int, text: str) -> web.Response:
        if chat in self.blocked:
            return _refused(403, "Forbidden: bot was kicked from the supergroup chat")
        self.sent.append((chat, text))
        return _result({"message_id": len(self.sent), "chat": {"id": chat}})


def _result(result: object) -> web.Response:
    return web.json_response({"ok": True, "result": result})


def _refused(status: int, description: str) -> web.Response:
    return web.json_response({"ok": False, "error_code": status, "description": description}, status=status)
