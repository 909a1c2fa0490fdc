"""Every letter of every system: with the longest answers it is still one that a card shows whole and a server takes."""

from itertools import product

import pytest
from proving import ROOT, system

from bot.catalog.ask import Ask
from bot.catalog.entries import Action
from bot.core.errors import WrongValue
from bot.core.text import Words
from bot.flows.choices import missing
from bot.providers.email.send import Letter
from bot.slack.blocks import parts

SYSTEMS = sorted(path.parent.name for path in (ROOT / "catalog").glob("*/system.yml"))
LETTERS = [
    (name, action.name, kind)
    for name in SYSTEMS
    for action in system(name).actions.values()
    for kind, sentence in action.tells.items()
    if sentence.to
]


def test_the_systems_with_a_mail_server_have_letters() -> None:
    assert {name for name, _, _ in LETTERS} == {"customer-support", "etp-express", "harven"}
    assert len(LETTERS) == 10


@pytest.mark.parametrize(("name", "action", "kind"), LETTERS)
def test_a_letter_is_short_enough_and_says_what_it_is_about_in_both_languages(
    name: str, action: str, kind: str
) -> None:
    found = system(name).actions[action]
    sentence = found.tells[kind]
    assert isinstance(sentence.subject, Words)
    answers = {asked: _longest(found, ask) for asked, ask in found.asks.items()}
    pairs = ((sentence.subject.en, sentence.says.en), (sentence.subject.pt, sentence.says.pt))
    recipients = found.asks["vendor"].choices if sentence.to == "{vendor}" else ("users",)
    for (subject, says), to in product(pairs, recipients):
        letter = Letter(to=to, subject=subject.format(**answers), message=says.format(**answers))
        assert letter.subject.startswith("[")
        assert len(letter.message) < parts.SECTION_LIMIT


@pytest.mark.parametrize("name", SYSTEMS)
def test_no_answer_of_an_announcement_may_break_a_line_or_hold_an_address(name: str) -> None:

    asked = [(action, ask) for action in system(name).actions.values() if action.tells for ask in action.asks]
    for action, ask in asked:
        for odd in ("a\nb", "a\r\nBcc: x@y.example", "x@y.example", "<!channel>"):
            with pytest.raises(WrongValue):
                missing(action, {ask: odd})


def _longest(action: Action, ask: Ask) -> str:
    return max(ask.choices, key=len) if ask.choices else "9" * 30
