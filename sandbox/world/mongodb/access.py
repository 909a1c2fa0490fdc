"""Users, roles and privileges, checked for each command as the real server does."""

from dataclasses import dataclass, field
from typing import Any

from sandbox.world.mongodb.refusals import UNAUTHORIZED, Refusal
from sandbox.world.mongodb.wire import Document

ROOT = "root"


@dataclass
class Access:
    """Who may do what; a role is a list of privileges, each a resource with actions."""

    passwords: dict[str, str] = field(default_factory=dict)
    granted: dict[str, list[str]] = field(default_factory=dict)
    roles: dict[str, list[Document]] = field(default_factory=dict)

    def create_role(self, name: str, privileges: list[Document]) -> None:
        self.roles[name] = privileges

    def create_user(self, name: str, password: str, roles: list[Any]) -> None:
        self.passwords[name] = password
        self.granted[name] = [role["role"] if isinstance(role, dict) else str(role) for role in roles]

    def require(self, user: str, action: str, database: str, collection: str, command: str) -> None:
        """Refuse with `not authorized` what no role of this user allows; an empty database means the cluster."""
        if not self.passwords:
            return
        if not user:
            raise Refusal(UNAUTHORIZED, f"command {command} requires authentication")
        roles = self.granted.get(user, [])
        privileges = [privilege for role in roles for privilege in self.roles.get(role, [])]
        if ROOT in roles or any(_allows(one, action, database, collection) for one in privileges):
            return
        raise Refusal(
            UNAUTHORIZED, f"not authorized on {database or 'admin'} to execute command {{ {command}: 1, lsid: 1 }}"
        )


def _allows(privilege: Document, action: str, database: str, collection: str) -> bool:
    resource = privilege["resource"]
    if action not in privilege["actions"]:
        return False
    if not database:
        return bool(resource.get("cluster"))
    if resource.get("cluster") or resource.get("db") not in ("", database):
        return False
    is_system = collection.startswith("system.")
    return resource["collection"] == collection or (resource["collection"] == "" and not is_system)
