"""The Portuguese catalogue says everything that the code says, and nothing it no longer says."""

import ast
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from string import Formatter

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from bot.locale import ENGLISH, PORTUGUESE, catalogue, known

ROOT = Path(__file__).parents[2]
ROOMS = ("bot", "commands")
ROOTS_OF_ERRORS = frozenset({"UserError", "TargetError"})
# Here `say` and the errors hand a message id on; their callers are looked at instead.
SAY = ROOT / "bot/core/text.py"
ERRORS = ROOT / "bot/core/errors.py"


@cache
def modules() -> dict[Path, ast.Module]:
    return {
        path: ast.parse(path.read_text(encoding="utf-8"))
        for room in ROOMS
        for path in sorted(ROOT.glob(f"{room}/**/*.py"))
    }


@cache
def speaking_errors() -> frozenset[str]:
    """The errors that carry a sentence for people, wherever in the rooms they are derived."""
    classes = [node for tree in modules().values() for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
    found = ROOTS_OF_ERRORS
    while more := {node.name for node in classes if found & {name_of(base) for base in node.bases}} - found:
        found |= more
    return found


def name_of(node: ast.expr) -> str:
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case _:
            return ""


def sentences(tree: ast.AST) -> Iterator[tuple[ast.Call, ast.expr]]:
    """Every call that says something, with its first argument."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and node.args and name_of(node.func) in {"say", *speaking_errors()}:
            yield node, node.args[0]


@cache
def said() -> frozenset[str]:
    """The message ids, read from the syntax tree."""
    return frozenset(
        words.value
        for tree in modules().values()
        for _, words in sentences(tree)
        if isinstance(words, ast.Constant) and isinstance(words.value, str)
    )


def extracted() -> set[str]:
    """The message ids, as the extraction into the catalogue finds them."""
    keywords = dict.fromkeys(["say", *speaking_errors()])
    return {
        str(message)
        for room in ROOMS
        for _, _, message, _, _ in extract_from_dir(ROOT / room, [("**.py", "python")], keywords=keywords)
    }


@cache
def portuguese() -> Catalog:
    with (ROOT / "bot/locale/pt_BR.po").open("rb") as file:
        return read_po(file, abort_invalid=True)


@cache
def translations() -> dict[str, str]:
    return {str(message.id): str(message.string) for message in portuguese() if message.id}


def placeholders(sentence: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(sentence) if name is not None}


def marks(sentence: str) -> Counter[str]:
    """What Slack draws or breaks lines at: bold, code, emoji and arrows, line ends."""
    return Counter(sign for sign in sentence if sign in "*`\n" or unicodedata.category(sign) in {"So", "Sm"})


def commands(sentence: str) -> list[str]:
    """The slash commands with their verbs, which nobody can type in translation."""
    return re.findall(r"`(/[a-z]+(?: (?:declare|update|resolve|list|note|help|all)\b)?)", sentence)


def margins(sentence: str) -> tuple[int, int]:
    return len(sentence) - len(sentence.lstrip()), len(sentence) - len(sentence.rstrip())


def test_every_sentence_is_there_in_portuguese() -> None:
    assert {sentence for sentence in said() if not translations().get(sentence)} == set()


def test_the_catalogue_keeps_no_sentence_that_the_code_no_longer_says() -> None:
    assert set(translations()) - said() == set()
    assert not portuguese().obsolete


def test_no_translation_is_only_a_guess() -> None:
    assert [message.id for message in portuguese() if message.fuzzy] == []


def test_a_translation_has_the_same_placeholders() -> None:
    assert {
        sentence for sentence, told in translations().items() if placeholders(sentence) != placeholders(told)
    } == set()


def test_a_translation_has_the_same_marks_and_margins() -> None:
    assert {
        sentence
        for sentence, told in translations().items()
        if marks(sentence) != marks(told) or margins(sentence) != margins(told)
    } == set()


def test_a_translation_leaves_the_slash_commands_as_they_are_typed() -> None:
    assert {sentence for sentence, told in translations().items() if commands(sentence) != commands(told)} == set()


def test_portuguese_translates_and_english_is_what_the_code_says() -> None:
    sentence = "✋ {who} acknowledged"
    assert catalogue(PORTUGUESE).gettext(sentence) == "✋ {who} reconheceu"
    assert catalogue(ENGLISH).gettext(sentence) == sentence


def test_an_unknown_sentence_is_shown_as_it_is() -> None:
    assert catalogue(PORTUGUESE).gettext("Nobody wrote this.") == "Nobody wrote this."


@pytest.mark.parametrize(
    ("locale", "language"),
    [
        ("pt-BR", PORTUGUESE),
        ("pt_BR", PORTUGUESE),
        ("pt-PT", PORTUGUESE),
        ("en-GB", ENGLISH),
        ("fr-FR", ENGLISH),
        ("", ENGLISH),
    ],
)
def test_a_locale_is_answered_in_the_nearest_language_there_is(locale: str, language: str) -> None:
    assert known(locale) == language


def test_nothing_is_said_in_words_that_the_extraction_cannot_read() -> None:
    assert [
        f"{path.relative_to(ROOT)}:{call.lineno}"
        for path, tree in modules().items()
        if path != ERRORS
        for call, words in sentences(tree)
        if not (isinstance(words, ast.Constant) or (name_of(call.func) != "say" and is_text(words, tree)))
    ] == []


def test_nothing_is_said_where_the_extraction_does_not_look() -> None:
    """Before Python 3.12 a call inside an f-string is invisible to it."""
    assert said() - extracted() == set()


def test_nobody_builds_a_sentence_without_say() -> None:
    assert [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path, tree in modules().items()
        if path != SAY
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and name_of(node.func) == "Text" and isinstance(node.args[0], ast.Constant)
    ] == []


def is_text(words: ast.expr, tree: ast.Module) -> bool:
    """A sentence built elsewhere: `error.text`, `Text(...)`, or a parameter that is declared as one."""
    match words:
        case ast.Attribute(attr="text") | ast.Call(func=ast.Name(id="Text")):
            return True
        case ast.Name(id=name):
            return name in text_parameters(tree, words)
        case _:
            return False


def text_parameters(tree: ast.Module, inside: ast.expr) -> set[str]:
    """The parameters declared as Text of the functions around an expression."""
    around = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and inside in ast.walk(node)
    ]
    return {
        parameter.arg
        for function in around
        for parameter in [*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs]
        if parameter.annotation is not None and name_of(parameter.annotation) == "Text"
    }
