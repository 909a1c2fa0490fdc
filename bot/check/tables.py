"""The literal tables against each other: operations, facts, reactions, jobs, forms."""

from collections.abc import Collection, Iterable, Mapping

from bot.check.complaint import Complaint
from bot.core.codec import KINDS
from bot.core.errors import ConfigError
from bot.flows.reactions import JOBS, REACTIONS
from bot.providers import names, operation
from bot.slack.clicks import CLICKS, FORMS
from bot.slack.submissions import SUBMISSIONS

STREAMS = ("incident", "run", "handoff", "watch", "freeze", "reveal")
# Kinds that are parts of facts or states folded from them; every other kind of a stream is a fact.
NO_FACTS = frozenset({"state", "phase", "line", "preview", "note"})


def table_complaints() -> list[Complaint]:
    """Everything that is wrong in the tables of this version."""
    return [
        *operation_complaints(names()),
        *reaction_complaints(REACTIONS, JOBS, facts(KINDS)),
        *form_complaints(FORMS, CLICKS, SUBMISSIONS),
    ]


def facts(kinds: Iterable[str]) -> list[str]:
    """Those of the record's kinds that are facts."""
    split = [(kind, *kind.partition(".")) for kind in kinds]
    return [kind for kind, family, _, name in split if family in STREAMS and name not in NO_FACTS]


def operation_complaints(operations: Iterable[str]) -> list[Complaint]:
    """Operations whose code is not where the table says."""
    complaints = []
    for name in operations:
        try:
            operation(name)
        except (ConfigError, ImportError, AttributeError) as error:
            hint = "Correct its row in bot/providers/__init__.py."
            complaints.append(Complaint("table.operation", f"{name}: {error}", hint))
    return complaints


def reaction_complaints(
    reactions: Mapping[str, Collection[str]], jobs: Collection[str], kinds: Collection[str]
) -> list[Complaint]:
    """Facts that nothing reacts to, reactions to what is no fact, and jobs that do not exist."""
    row = "Correct REACTIONS in bot/flows/reactions.py; a fact without consequences has an empty row."
    unknown = sorted({job for started in reactions.values() for job in started} - set(jobs))
    return [
        *(
            Complaint("table.reaction", f"no reaction to the fact {kind}", row)
            for kind in kinds
            if kind not in reactions
        ),
        *(Complaint("table.reaction", f"{kind} is no fact", row) for kind in reactions if kind not in kinds),
        *(Complaint("table.job", f"no job named {job}", "Correct REACTIONS or JOBS.") for job in unknown),
    ]


def form_complaints(forms: Iterable[str], clicks: Collection[str], views: Collection[str]) -> list[Complaint]:
    """Buttons that open a form nobody can send, or that are bound twice."""
    hint = "Correct FORMS in bot/slack/clicks.py or SUBMISSIONS in submissions.py."
    return [
        *(Complaint("table.form", f"the button {name} opens no form", hint) for name in forms if name not in views),
        *(Complaint("table.form", f"the button {name} is bound twice", hint) for name in forms if name in clicks),
    ]
