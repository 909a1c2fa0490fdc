"""Who may do what: bearer tokens, the accounts behind them, and role-based refusals."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from sandbox.world.kubernetes.refusals import forbidden, unauthorized
from sandbox.world.kubernetes.resources import Resource

READ_VERBS = frozenset({"get", "list", "watch"})
WRITE_VERBS = frozenset({"create", "update", "patch", "delete"})


@dataclass(frozen=True)
class Account:
    """A service account whose role is bound to its own namespace only."""

    name: str
    namespace: str
    verbs: frozenset[str]

    @property
    def user(self) -> str:
        return f"system:serviceaccount:{self.namespace}:{self.name}"


@dataclass(frozen=True)
class Attempt:
    """What a request wants to do; `subresource` is `log`, `scale` or the like, `namespace` empty for all."""

    verb: str
    resource: Resource
    namespace: str
    name: str = ""
    subresource: str = ""


@dataclass
class Access:
    """Authenticates and authorizes; `withdrawn` verbs are refused to everybody."""

    accounts: Mapping[str, Account]
    withdrawn: frozenset[str] = field(default=frozenset())

    def account(self, authorization: str) -> Account:
        scheme, _, token = authorization.partition(" ")
        account = self.accounts.get(token)
        if scheme != "Bearer" or account is None:
            raise unauthorized()
        return account

    def allows(self, account: Account, attempt: Attempt) -> bool:
        is_granted = attempt.verb in account.verbs - self.withdrawn
        return is_granted and attempt.namespace == account.namespace

    def require(self, account: Account, attempt: Attempt) -> None:
        if self.allows(account, attempt):
            return
        resource = attempt.resource
        plural = f"{resource.plural}/{attempt.subresource}" if attempt.subresource else resource.plural
        place = f'in the namespace "{attempt.namespace}"' if attempt.namespace else "at the cluster scope"
        why = f'User "{account.user}" cannot {attempt.verb} resource "{plural}" in API group "{resource.group}" {place}'
        raise forbidden(resource, attempt.name, why)
