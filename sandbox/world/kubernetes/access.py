"""Who may do what: bearer tokens, the accounts behind them, and role-based refusals."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from sandbox.world.kubernetes.refusals import forbidden, unauthorized
from sandbox.world.kubernetes.resources import Resource

READ_VERBS = frozenset({"get", "list", "watch"})
WRITE_VERBS = frozenset({"create", "update", "patch", "delete"})


@dataclass(frozen=True)
class Attempt:
    """What a request wants to do; `subresource` is `log`, `scale` or the like, `namespace` empty for all."""

    verb: str
    resource: Resource
    namespace: str
    name: str = ""
    subresource: str = ""

    @property
    def plural(self) -> str:
        return f"{self.resource.plural}/{self.subresource}" if self.subresource else self.resource.plural


@dataclass(frozen=True)
class Rule:
    """One rule of a Role; without names it holds for every object."""

    groups: frozenset[str]
    resources: frozenset[str]
    verbs: frozenset[str]
    names: frozenset[str] = frozenset()

    @classmethod
    def of(cls, document: dict[str, Any]) -> "Rule":
        """From a rule as a Role's manifest writes it."""
        return cls(
            frozenset(document["apiGroups"]),
            frozenset(document["resources"]),
            frozenset(document["verbs"]),
            frozenset(document.get("resourceNames", ())),
        )

    def allows(self, attempt: Attempt) -> bool:
        return (
            attempt.resource.group in self.groups
            and attempt.plural in self.resources
            and attempt.verb in self.verbs
            and (not self.names or attempt.name in self.names)
        )


@dataclass(frozen=True)
class Account:
    """A service account whose role is bound to its own namespace: rules, or the same verbs for everything.

    `everywhere` are the rules of its ClusterRole, which hold in all of the cluster.
    """

    name: str
    namespace: str
    verbs: frozenset[str] = frozenset()
    rules: tuple[Rule, ...] = ()
    everywhere: tuple[Rule, ...] = ()

    @property
    def user(self) -> str:
        return f"system:serviceaccount:{self.namespace}:{self.name}"

    def may(self, attempt: Attempt) -> bool:
        if any(rule.allows(attempt) for rule in self.everywhere):
            return True
        is_granted = attempt.verb in self.verbs or any(rule.allows(attempt) for rule in self.rules)
        return is_granted and attempt.namespace == self.namespace


@dataclass
class Access:
    """Authenticates and authorizes; `withdrawn` verbs are refused to everybody."""

    accounts: dict[str, Account]
    withdrawn: frozenset[str] = field(default=frozenset())

    def admit(
        self,
        token: str,
        name: str,
        namespace: str,
        rules: Iterable[dict[str, Any]],
        everywhere: Iterable[dict[str, Any]] = (),
    ) -> None:
        """One more account, with exactly the rules of the manifests of a Role and of a ClusterRole."""
        granted = tuple(map(Rule.of, rules))
        self.accounts[token] = Account(name, namespace, rules=granted, everywhere=tuple(map(Rule.of, everywhere)))

    def account(self, authorization: str) -> Account:
        scheme, _, token = authorization.partition(" ")
        account = self.accounts.get(token)
        if scheme != "Bearer" or account is None:
            raise unauthorized()
        return account

    def allows(self, account: Account, attempt: Attempt) -> bool:
        return attempt.verb not in self.withdrawn and account.may(attempt)

    def require(self, account: Account, attempt: Attempt) -> None:
        if self.allows(account, attempt):
            return
        place = f'in the namespace "{attempt.namespace}"' if attempt.namespace else "at the cluster scope"
        resource = attempt.resource
        what = f'cannot {attempt.verb} resource "{attempt.plural}" in API group "{resource.group}" {place}'
        raise forbidden(resource, attempt.name, f'User "{account.user}" {what}')
