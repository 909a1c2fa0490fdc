"""Error answers, with MongoDB's own codes."""

from sandbox.world.mongodb.wire import Document

UNAUTHORIZED = 13
AUTHENTICATION_FAILED = 18
NAMESPACE_NOT_FOUND = 26
MAX_TIME_EXPIRED = 50
COMMAND_NOT_FOUND = 59
BAD_VALUE = 2
_NAMES = {
    UNAUTHORIZED: "Unauthorized",
    AUTHENTICATION_FAILED: "AuthenticationFailed",
    NAMESPACE_NOT_FOUND: "NamespaceNotFound",
    MAX_TIME_EXPIRED: "MaxTimeMSExpired",
    COMMAND_NOT_FOUND: "CommandNotFound",
    BAD_VALUE: "BadValue",
}


class Refusal(Exception):
    """A command that is answered with `ok: 0`."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code

    def answer(self) -> Document:
        return {"ok": 0.0, "errmsg": str(self), "code": self.code, "codeName": _NAMES.get(self.code, "Error")}
