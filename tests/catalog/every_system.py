"""What every catalog folder is held to: a system's file asks for these cases by importing them, and brings the tables.

NAME is the folder, ITEMS what the inventory has of it, PREFIX how its references begin, JUDGED and WITHOUT_VERDICT its
limits, RULES its actions, SAMPLES what a person might type, SEVERITIES its alerts.
"""

from types import ModuleType

from choosing import let_through, refused_choices, rules
from proving import (
    ROOT,
    Row,
    dead_commands,
    documents,
    inventory,
    judged,
    limits_of,
    named,
    refused_in_runbooks,
    stated,
)

from bot.catalog.system import System
from bot.check.catalog import system_complaints


def test_every_item_of_the_inventory_has_its_entry(tables: ModuleType, found: System) -> None:
    there = stated(found)
    assert [id_ for id_ in sorted(tables.ITEMS) if id_ not in there[id_[4]]] == []
    assert inventory(min(tables.ITEMS)[:4]) in (set(), tables.ITEMS)


def test_the_folder_fits_the_operations_and_holds_no_secret(found: System) -> None:
    assert system_complaints(found, ROOT / "catalog" / found.id) == []


def test_every_reference_has_the_prefix_of_this_system(tables: ModuleType, found: System) -> None:
    references = [one for target in found.profile.targets.values() for one in target.references()]
    assert len(references) > 20
    assert [one for one in references if not one.startswith(f"env:{tables.PREFIX}")] == []


def test_a_value_is_worth_what_the_document_says(found: System, row: Row) -> None:
    assert judged(found, row) is row.level


def test_every_threshold_of_the_file_is_put_to_the_test(tables: ModuleType, found: System) -> None:
    tried = {(row.check, row.measurement, row.level) for row in tables.JUDGED}
    assert sorted(limits_of(found) - tried) == []


def test_where_the_document_gives_no_limit_there_is_none(tables: ModuleType, found: System) -> None:
    unlimited = {name: check for name, check in found.checks.items() if not check.thresholds}
    assert set(unlimited) == set(tables.WITHOUT_VERDICT)
    assert [name for name, id_ in tables.WITHOUT_VERDICT.items() if id_ not in unlimited[name].source] == []


def test_every_action_has_the_risk_and_the_approvers_of_the_inventory(tables: ModuleType, found: System) -> None:
    assert rules(found) == tables.RULES


def test_every_choice_that_people_are_offered_is_accepted(tables: ModuleType, found: System) -> None:
    assert [key for key, value in tables.SAMPLES.items() if not let_through(found, *key, value)] == []
    assert refused_choices(found, tables.SAMPLES) == []


def test_the_safe_way_in_place_of_what_is_refused_is_not_refused_itself(found: System) -> None:
    ways = [found.actions[one.instead] for one in found.actions.values() if one.refused is not None and one.instead]
    assert len(ways) > 0
    assert [way.name for way in ways if way.refused is not None] == []


def test_an_alert_has_its_severity(tables: ModuleType, found: System, alert: str) -> None:
    one = found.alerts[alert]
    id_, severity, proposed = tables.SEVERITIES[alert]
    assert named([one.source]) & {id_ for id_ in tables.ITEMS if id_[4] == "L"} == {id_}
    assert (one.severity.value, one.proposed) == (severity, proposed)


def test_there_is_no_alert_besides_those_of_the_document(tables: ModuleType, found: System) -> None:
    assert set(found.alerts) == set(tables.SEVERITIES)


def test_a_runbook_names_only_what_the_bot_knows_and_would_do(found: System) -> None:
    assert dead_commands(found) == []
    assert refused_in_runbooks(found) == []
    hollow = [one for one in found.runbooks.values() if not (one.diagnosis and one.resolution and one.symptoms)]
    assert [one.name for one in hollow] == []
    assert [name for name, text in documents(found).items() if not 15 <= len(text.splitlines()) <= 45] == []
