"""The server's side of SCRAM-SHA-256 (RFC 5802, RFC 7677): the password never crosses the wire."""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Mapping
from typing import Final

from sandbox.world.mongodb.refusals import AUTHENTICATION_FAILED, Refusal

ROUNDS: Final = 4096  # the least that drivers accept


class Conversation:
    """One login; `user` is set once the client's proof was right."""

    def __init__(self, passwords: Mapping[str, str]) -> None:
        self.user = ""
        self._passwords = passwords
        self._name = ""
        self._salt = secrets.token_bytes(28)
        self._nonce = ""
        self._first = ""

    def start(self, payload: bytes) -> bytes:
        """Answer the client's first message with salt and nonce; an unknown user gets them too."""
        bare = payload.decode().removeprefix("n,,")
        fields = _fields(bare)
        self._name = fields["n"].replace("=2C", ",").replace("=3D", "=")
        self._nonce = fields["r"] + base64.b64encode(secrets.token_bytes(18)).decode()
        answer = f"r={self._nonce},s={base64.b64encode(self._salt).decode()},i={ROUNDS}"
        self._first = f"{bare},{answer}"
        return answer.encode()

    def proceed(self, payload: bytes) -> bytes:
        """Check the client's proof and give the server's signature."""
        fields = _fields(payload.decode())
        salted = hashlib.pbkdf2_hmac("sha256", self._passwords.get(self._name, "").encode(), self._salt, ROUNDS)
        client_key = hmac.digest(salted, b"Client Key", "sha256")
        spoken = f"{self._first},c={fields['c']},r={fields['r']}".encode()
        signature = hmac.digest(hashlib.sha256(client_key).digest(), spoken, "sha256")
        expected = bytes(a ^ b for a, b in zip(client_key, signature, strict=True))
        is_right = hmac.compare_digest(expected, base64.b64decode(fields["p"])) and fields["r"] == self._nonce
        if not is_right or self._name not in self._passwords:
            raise Refusal(AUTHENTICATION_FAILED, "Authentication failed.")
        self.user = self._name
        server_key = hmac.digest(salted, b"Server Key", "sha256")
        return b"v=" + base64.b64encode(hmac.digest(server_key, spoken, "sha256"))


def _fields(message: str) -> dict[str, str]:
    return dict(part.split("=", 1) for part in message.split(","))
