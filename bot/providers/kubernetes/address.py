"""Where a cluster is, and as whom to speak to it."""

from ipaddress import ip_address
from typing import Self
from urllib.parse import urlsplit

from pydantic import ConfigDict, Field, SecretStr, model_validator

from bot.core.operation import Parameters

NAME = r"^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$"


class Address(Parameters):
    """One namespace, reached by server and token, by a kubeconfig file, or from a pod inside the cluster."""

    model_config = ConfigDict(hide_input_in_errors=True)

    namespace: str = Field(pattern=NAME)
    server: str = ""
    token: SecretStr = SecretStr("")
    ca: str = ""
    kubeconfig: str = ""
    context: str = ""
    in_cluster: bool = False

    @model_validator(mode="after")
    def _is_one_way_in(self) -> Self:
        if sum(map(bool, (self.server, self.kubeconfig, self.in_cluster))) != 1:
            raise ValueError("give exactly one of server (with token), kubeconfig, or in_cluster: true")
        if self.server and not self.token.get_secret_value():
            raise ValueError("server needs a token")
        if self.server and not _is_private_way(self.server):
            raise ValueError("server must begin with https:// (http:// only on this machine), or the token would leak")
        return self


def _is_private_way(server: str) -> bool:
    parts = urlsplit(server)
    return parts.scheme == "https" or (parts.scheme == "http" and _is_loopback(parts.hostname or ""))


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
