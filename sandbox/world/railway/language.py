"""As much of the GraphQL language as fixed query documents use: operations, aliases, arguments, selections."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

_TOKEN: Final = re.compile(r'"(?:[^"\\]|\\.)*"|\$?[_A-Za-z]\w*|-?\d+(?:\.\d+)?|[{}()\[\]:!=@]')


class Malformed(Exception):
    """The document is not GraphQL, or more of it than this emulator understands."""


@dataclass
class Selected:
    """One field of a selection."""

    name: str
    alias: str
    arguments: dict[str, Any] = field(default_factory=dict)
    fields: list["Selected"] = field(default_factory=list)


def parse(document: str, variables: Mapping[str, Any]) -> tuple[str, list[Selected]]:
    """Whether it is a query or a mutation, and what it selects; variables are put in place."""
    return _Reader(document, variables).operation()


class _Reader:
    def __init__(self, document: str, variables: Mapping[str, Any]) -> None:
        self._tokens = _TOKEN.findall(document)
        self._at = 0
        self._variables = variables

    def operation(self) -> tuple[str, list[Selected]]:
        kind = self._take()
        if kind not in {"query", "mutation"}:
            raise Malformed(f'Syntax Error: Unexpected "{kind}".')
        while self._peek() not in {"{", ""}:
            self._skip()
        selection = list(self._selection())
        if self._peek():
            raise Malformed(f'Syntax Error: Unexpected "{self._peek()}".')
        return kind, selection

    def _skip(self) -> None:
        """One token, or everything in round brackets: the declarations of variables."""
        if self._take() == "(":
            while self._take() != ")":
                pass

    def _selection(self) -> Iterator[Selected]:
        self._expect("{")
        while self._peek() != "}":
            yield self._field()
        self._expect("}")

    def _field(self) -> Selected:
        alias = name = self._take()
        if self._peek() == ":":
            self._take()
            name = self._take()
        selected = Selected(name, alias)
        if self._peek() == "(":
            selected.arguments = self._arguments("(", ")")
        if self._peek() == "{":
            selected.fields = list(self._selection())
        return selected

    def _arguments(self, opening: str, closing: str) -> dict[str, Any]:
        found = {}
        self._expect(opening)
        while self._peek() != closing:
            name = self._take()
            self._expect(":")
            found[name] = self._value()
        self._expect(closing)
        return found

    def _value(self) -> Any:
        sign = self._peek()
        if sign == "{":
            return self._arguments("{", "}")
        if sign == "[":
            return self._list()
        self._take()
        if sign.startswith("$"):
            return self._variables.get(sign[1:])
        if sign.startswith('"'):
            return sign[1:-1]
        known = {"true": True, "false": False, "null": None}
        return known.get(sign, int(sign) if sign.lstrip("-").isdecimal() else sign)

    def _list(self) -> list[Any]:
        self._expect("[")
        found = []
        while self._peek() != "]":
            found.append(self._value())
        self._expect("]")
        return found

    def _peek(self) -> str:
        return self._tokens[self._at] if self._at < len(self._tokens) else ""

    def _take(self) -> str:
        token = self._peek()
        if not token:
            raise Malformed("Syntax Error: Unexpected <EOF>.")
        self._at += 1
        return token

    def _expect(self, token: str) -> None:
        if (found := self._take()) != token:
            raise Malformed(f'Syntax Error: Expected "{token}", found "{found}".')
