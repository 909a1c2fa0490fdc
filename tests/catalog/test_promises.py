"""What the inventory names for changes and alerts besides people: checks after and before, runbooks, first looks."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import pytest
from proving import INVENTORY, named, system

from bot.catalog.entries import Action
from bot.catalog.system import System

SYSTEMS: Final = {
    "000": "railway-chroma",
    "001": "agente-ia",
    "002": "harven",
    "003": "customer-support",
    "004": "etp-express",
}
# Each item with the diagnostics that verify it, in the inventory's words "verify".
VERIFIED: Final = {
    "000": (
        "A01 D01 D04; A02 D03 D05 D01; A03 D06; A04 D01; A07 D10 D11; A08 D11; A09 D11; A10 D18; A13 D18; A14 "
        "D19; A15 D19 D22"
    ),
    "001": (
        "A01 D02; A02 D03 D33 D10; A03 D27 D03; A04 D11; A05 D43 D44; A06 D27; A07 D47 D07 D03 D12 D09; A09 D47 "
        "D03 D31; A10 D27; A11 D27; A12 D13; A14 D47 D31; A16 D47 D07 D03; A17 D47; A18 D49 D12; A19 D70 D16; A20 "
        "D63 D71; A21 D70; A22 D12 D70; A23 D15; A24 D14; A25 D10 D12; A27 D31; A28 D78 D10; A29 D10; A35 D48; "
        "A36 D59; A37 D04 D03; A40 D50; A41 D51; A42 D51; A43 D53; A45 D53; A47 D63 D71; A48 D75 D73; A51 D77; "
        "A52 D06 D71; A54 D06; A58 D25; A59 D54"
    ),
    "002": (
        "A01 D15; A02 D02; A03 D05 D02; A04 D09 D02; A05 D09 D24 D26; A06 D09 D24 D08; A07 D25; A08 D09 D24 D25; "
        "A13 D16; A15 D18"
    ),
    "003": (
        "A01 D01 D11 D19; A02 D15 D01; A03 D15 D04; A04 D05 D15; A05 D18; A07 D08 D07; A08 D06; A09 D06 D18; A10 "
        "D26 D27; A11 D24 D27; A13 D34 D35; A14 D32; A19 D01 D11 D27; A20 D01 D03; A24 D31; A27 D34; A31 D11 D41 "
        "D01"
    ),
    "004": (
        "A01 D01 D08 D03 D02; A02 D01 D08 D04; A03 D08 D01; A04 D01; A05 D24 D25 D01; A06 D17 D01; A08 D08; A09 "
        "D22; A10 D30 D06; A11 D06; A13 D02; A15 D02; A16 D07 D03; A17 D38 D07; A18 D38 D01; A20 D25 D28; A21 D39"
    ),
}
# What the inventory wants to be known before, "pre".
KNOWN_BEFORE: Final = {
    "000": "A04 D07; A05 D09; A09 D21; A13 D13 D14; A14 D21",
    "001": "A02 D01; A05 D11; A07 D36; A08 D46; A09 D36; A10 D35; A35 D55; A37 D59",
    "002": "A04 D18",
    "003": "A03 D06; A10 D26",
    "004": "A01 D10; A04 D09; A09 D22",
}
# Where an alert leads, and what is looked at first.
RUNBOOKS: Final = {
    "000": "L01 R01; L02 R02; L03 R03; L04 R04; L05 R05; L06 R06",
    "001": (
        "L01 R15; L02 R09; L03 R21; L04 R09; L05 R10; L06 R10; L07 R09; L09 R12; L10 R20 R17; L11 R22; L12 R21; "
        "L13 R18; L14 R23"
    ),
    "002": "L01 R01; L02 R02; L03 R03; L04 R04; L05 R05",
    "003": "L01 R01; L02 R02; L03 R03; L04 R04; L05 R05; L06 R02; L07 R15; L08 R02; L09 R12; L10 R03; L11 R17",
    "004": "L01 R01; L02 R02; L03 R03; L04 R04; L05 R05; L06 R06; L07 R07; L08 R08; L09 R09; L10 R10; L11 R01",
}
FIRST: Final = {
    "001": (
        "L01 D27 D33; L02 D34 A07; L03 D28 D72; L04 D29; L05 D70 D50; L06 D13; L07 D34; L08 D24; L09 D31; L11 "
        "D18; L12 D53; L13 A31; L14 D77"
    ),
    "003": "L01 D01; L02 D19; L03 D23; L04 D06; L05 D25; L08 D12",
    "004": "L01 D01; L02 D22; L03 D31; L04 D08; L05 D02; L06 D07; L07 A19; L08 D32; L09 D10; L10 D19; L11 D09",
}
# What cannot show within the minutes of a verification: for how many minutes it is watched afterwards.
LATER: Final[Mapping[tuple[str, str], tuple[int, tuple[str, ...]]]] = {
    ("agente-ia", "cache-longer"): (120, ("redis-hit-rate", "llm-errors")),
    ("agente-ia", "purge-conversations"): (15, ("database-disk", "database-size")),
    ("customer-support", "relax-escalation"): (1440, ("ticket-escalation", "resolution-rate")),
    ("harven", "cache-longer"): (360, ("ai-cache", "openai-calls")),
}


def pairs(table: Mapping[str, str]) -> list[tuple[str, set[str]]]:
    """Each item of a table with the items it names."""
    entries = ((prefix, entry.split()) for prefix, text in table.items() for entry in text.split("; "))
    return [(f"{prefix}-{item}", {f"{prefix}-{one}" for one in wanted}) for prefix, (item, *wanted) in entries]


def of(item: str) -> tuple[System, list[Action]]:
    """The system of an item, and the actions that do what it says."""
    found = system(SYSTEMS[item[:3]])
    return found, [one for one in found.actions.values() if item in named([one.source]) and one.refused is None]


@pytest.mark.parametrize(("item", "wanted"), pairs(VERIFIED))
def test_a_change_is_verified_by_the_diagnostics_that_the_inventory_names(item: str, wanted: set[str]) -> None:
    found, actions = of(item)
    looked = named(found.checks[name].source for one in actions for name in (*one.verify, *one.later))
    assert wanted <= looked


def test_what_shows_only_later_is_watched_for_as_long_as_it_takes() -> None:
    found = [(name, one) for name in SYSTEMS.values() for one in system(name).actions.values() if one.later]
    assert {
        (name, one.name): (one.watched and one.watched.total_seconds() // 60, one.later) for name, one in found
    } == LATER


@pytest.mark.parametrize(("item", "wanted"), pairs(KNOWN_BEFORE))
def test_what_has_to_be_known_before_a_change_is_required_or_on_its_card(item: str, wanted: set[str]) -> None:
    found, actions = of(item)
    looked = named(found.checks[name].source for one in actions for name in before(one))
    assert wanted <= looked


def before(action: Action) -> tuple[str, ...]:
    held = (measured.partition(".")[0] for measured in action.measured)
    return (*action.requires, *action.guards, *held, *(action.evidence or action.verify))


@pytest.mark.parametrize(("item", "wanted"), pairs(RUNBOOKS))
def test_an_alert_leads_to_the_runbook_of_the_inventory(item: str, wanted: set[str]) -> None:
    found = system(SYSTEMS[item[:3]])
    led = [found.runbooks[one.runbook] for one in found.alerts.values() if item in named([one.source])]
    assert {id_ for one in led for id_ in origins(Path(one.source))} == wanted


def origins(document: Path) -> list[str]:
    [line] = re.findall(r"^Origem: (.*)$", document.read_text(encoding="utf-8"), re.MULTILINE)
    return re.findall(r"\d{3}-R\d\d", line)


@pytest.mark.parametrize(("item", "wanted"), pairs(FIRST))
def test_an_alert_comes_with_what_the_inventory_looks_at_first(item: str, wanted: set[str]) -> None:
    found = system(SYSTEMS[item[:3]])
    alerts = [one for one in found.alerts.values() if item in named([one.source])]
    looked = named(found.checks[name].source for one in alerts for name in one.checks)
    steps = {step for one in alerts for step in found.runbooks[one.runbook].resolution}
    done = named(one.source for one in found.actions.values() if {one.name, one.service} & steps)
    assert wanted <= looked | done


def test_the_tables_of_this_file_are_those_of_the_inventory() -> None:
    text = INVENTORY.read_text(encoding="utf-8") if INVENTORY.exists() else ""
    items = dict(re.findall(r"^- \[[ xX]\] \*\*(\d{3}-[AL]\d\d)\*\* (.*)$", text, re.MULTILINE))
    told = {
        "verify": {id_: cited(r"\*verify\*(.*?)(?=\*undo|\*approve|$)", "D", line) for id_, line in items.items()},
        "pre": {id_: cited(r"\*pre\*(.*?)(?=\*verify|\*undo|\*approve|$)", "D", line) for id_, line in items.items()},
        "leads": {id_: cited(r"(.*)", "R", line) for id_, line in items.items() if id_[4] == "L"},
        "first": {id_: cited(r"first:(.*)", "[DA]", line) for id_, line in items.items() if id_[4] == "L"},
    }
    tables = {"verify": VERIFIED, "pre": KNOWN_BEFORE, "leads": RUNBOOKS, "first": FIRST}
    for name, table in tables.items():
        assert {id_: ids for id_, ids in told[name].items() if ids} in ({}, dict(pairs(table)))


def cited(part: str, kind: str, line: str) -> set[str]:
    return {id_ for found in re.findall(part, line) for id_ in re.findall(rf"\d{{3}}-{kind}\d\d", found)}
