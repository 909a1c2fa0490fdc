"""docs/coverage.csv says for each requirement how far the product meets it; these checks keep the table honest.

Every check is a pure function from rows to complaints, so that bad rows can prove it able to fail. Whether a proof
passes is not asked here: the run that executes this file executes the proofs as well.
"""

import ast
import csv
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parent.parent
TABLE = ROOT / "docs" / "coverage.csv"
INVENTORY = ROOT.parent / "shared" / "requirements.md"

HEADER = ["id", "title", "status", "where", "proof"]
STATUSES = {"works", "partly", "open", "refused", "manual"}
REQUIREMENT_COUNT = 574
TITLE_LIMIT = 80

REQUIREMENT_ID = re.compile(r"\d{3}-[DARPHML]\d{2}")
INVENTORY_ITEM = re.compile(r"^\s*- \[[ xX]\] \*\*([^*]+)\*\*", re.MULTILINE)
PROOF = re.compile(r"(tests/(?:[\w-]+/)*test_\w+\.py)::((?:Test\w*::)*test\w*)")
PARAMETERS = re.compile(r"\[[^\]]*\]")
SKIPPING_MARKS = {"skip", "skipif", "xfail"}


class Row(NamedTuple):
    """One line of the table."""

    id: str
    title: str = "some title"
    status: str = "open"
    where: str = ""
    proof: str = ""


Suite = Callable[[str], dict[str, bool] | None]
"""From a test file to its tests and whether each always runs; None when there is no such file."""


def table_complaints(table: Sequence[Sequence[str]]) -> list[str]:
    header = [] if table and list(table[0]) == HEADER else [f"the header is not {','.join(HEADER)}"]
    return header + [
        f"line {number} has {len(cells)} cells" for number, cells in enumerate(table, 1) if len(cells) != len(HEADER)
    ]


def id_complaints(rows: Sequence[Row]) -> list[str]:
    odd = [f"{row.id!r} is no requirement id" for row in rows if not REQUIREMENT_ID.fullmatch(row.id)]
    return odd + [f"{id_} has {count} rows" for id_, count in Counter(row.id for row in rows).items() if count > 1]


def title_complaints(rows: Sequence[Row]) -> list[str]:
    blank = [f"{row.id} has no title" for row in rows if not row.title.strip()]
    return blank + [f"{row.id} has a title too long" for row in rows if len(row.title) >= TITLE_LIMIT]


def status_complaints(rows: Sequence[Row]) -> list[str]:
    return [f"{row.id} has the unknown status {row.status!r}" for row in rows if row.status not in STATUSES]


def place_complaints(rows: Sequence[Row], exists: Callable[[str], bool]) -> list[str]:
    """Rows that claim something built name the place: paths in the repository, each with an optional `:detail`."""
    claims = [row for row in rows if row.status in {"works", "partly"}]
    nowhere = [f"{row.id} {row.status} nowhere" for row in claims if not row.where.strip()]
    places = [(row.id, place.partition(":")[0]) for row in claims for place in row.where.split()]
    return nowhere + [f"{id_} names {path!r}, which is not there" for id_, path in places if not exists(path)]


def reason_complaints(rows: Sequence[Row]) -> list[str]:
    reasoned = [row for row in rows if row.status in {"refused", "manual"}]
    return [f"{row.id} is {row.status} without a reason" for row in reasoned if not row.where.strip()]


def proof_complaints(rows: Sequence[Row], suite: Suite) -> list[str]:
    # A parameter's name may hold spaces, so it goes before the split.
    proofs = [(row, PARAMETERS.sub("", row.proof).split()) for row in rows]
    missing = [f"{row.id} works without a proof" for row, ids in proofs if row.status == "works" and not ids]
    return missing + [f"{row.id}: {fault}" for row, ids in proofs for id_ in ids for fault in proof_faults(id_, suite)]


def proof_faults(proof: str, suite: Suite) -> list[str]:
    match = PROOF.fullmatch(proof)
    if match is None:
        return [f"{proof} is no test id"]
    tests = suite(match[1])
    if tests is None:
        return [f"{match[1]} is not there"]
    if match[2] not in tests:
        return [f"{match[1]} has no test {match[2]}"]
    return [] if tests[match[2]] else [f"{proof} is marked to be skipped or to fail"]


def inventory_complaints(rows: Sequence[Row], wanted: Sequence[str]) -> list[str]:
    listed = [row.id for row in rows]
    absent = [f"{id_} has no row" for id_ in wanted if id_ not in listed]
    invented = [f"{id_} is not in the inventory" for id_ in listed if id_ not in wanted]
    disordered = [] if absent or invented or listed == list(wanted) else ["the rows are not in the inventory's order"]
    return absent + invented + disordered


def declared_tests(source: str) -> dict[str, bool]:
    """Tests a source file defines, as `name` or `Class::name`, and whether each runs unconditionally."""
    return dict(_tests_of(ast.parse(source).body, "", set()))


def _tests_of(body: Sequence[ast.stmt], prefix: str, skipping: set[str]) -> Iterator[tuple[str, bool]]:
    """`skipping` holds the names bound to a skipping mark; `pytestmark` among them marks all that follows."""
    skipping = skipping | _names_of_skipping_marks(body, skipping)
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test"):
            yield prefix + node.name, "pytestmark" not in skipping and not _is_marked(node.decorator_list, skipping)
        elif isinstance(node, ast.ClassDef) and node.name.startswith("Test"):
            inherited = skipping | ({"pytestmark"} if _is_marked(node.decorator_list, skipping) else set())
            yield from _tests_of(node.body, f"{prefix}{node.name}::", inherited)


def _names_of_skipping_marks(body: Sequence[ast.stmt], skipping: set[str]) -> set[str]:
    assigned = [node for node in body if isinstance(node, ast.Assign) and _is_marked([node.value], skipping)]
    return {target.id for node in assigned for target in node.targets if isinstance(target, ast.Name)}


def _is_marked(expressions: Sequence[ast.expr], skipping: set[str]) -> bool:
    """Look below the surface too: a mark may hide in a list or in one parameter of many."""
    nodes = [node for expression in expressions for node in ast.walk(expression)]
    marks = {node.attr for node in nodes if isinstance(node, ast.Attribute)}
    names = {node.id for node in nodes if isinstance(node, ast.Name)}
    return bool(marks & SKIPPING_MARKS or names & skipping)


@cache
def repository_tests(path: str) -> dict[str, bool] | None:
    return collected_from(ROOT / path) if (ROOT / path).is_file() else None


def collected_from(file: Path) -> dict[str, bool]:
    """A file's own tests, and those it imports by name from a file beside it to have them collected here too."""
    source = file.read_text(encoding="utf-8")
    imports = [node for node in ast.parse(source).body if isinstance(node, ast.ImportFrom)]
    beside = [(file.with_name(f"{node.module}.py"), node.names) for node in imports]
    taken = {
        alias.asname or alias.name: runs
        for other, names in beside
        if other.is_file()
        for alias in names
        if (runs := declared_tests(other.read_text(encoding="utf-8")).get(alias.name)) is not None
    }
    return taken | declared_tests(source)


def is_in_repository(path: str) -> bool:
    return bool(path) and ".." not in Path(path).parts and not Path(path).is_absolute() and (ROOT / path).exists()


@pytest.fixture(scope="module")
def table() -> list[list[str]]:
    with TABLE.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


@pytest.fixture(scope="module")
def rows(table: list[list[str]]) -> list[Row]:
    return [Row(*cells) for cells in table[1:] if len(cells) == len(HEADER)]


def test_the_table_has_its_five_columns_everywhere(table: list[list[str]]) -> None:
    assert table_complaints(table) == []


def test_the_table_has_one_row_for_each_of_the_574_requirements(rows: list[Row]) -> None:
    assert id_complaints(rows) == []
    assert len(rows) == REQUIREMENT_COUNT


def test_every_row_has_a_short_title_and_a_known_status(rows: list[Row]) -> None:
    assert title_complaints(rows) + status_complaints(rows) == []


def test_every_claim_names_an_existing_place_in_the_repository(rows: list[Row]) -> None:
    assert place_complaints(rows, is_in_repository) == []


def test_everything_refused_or_left_to_people_says_why(rows: list[Row]) -> None:
    assert reason_complaints(rows) == []


def test_everything_that_works_is_proved_by_tests_that_exist_and_run(rows: list[Row]) -> None:
    assert proof_complaints(rows, repository_tests) == []


@pytest.mark.skipif(not INVENTORY.is_file(), reason="the requirements inventory is not next to this repository")
def test_the_table_lists_exactly_the_requirements_of_the_inventory_in_their_order(rows: list[Row]) -> None:
    wanted = INVENTORY_ITEM.findall(INVENTORY.read_text(encoding="utf-8"))
    assert len(wanted) == REQUIREMENT_COUNT
    assert inventory_complaints(rows, wanted) == []


GOOD = Row("001-A07", "roll back", "works", "bot/x.py:undo", "tests/test_x.py::test_undo")


def sample_suite(path: str) -> dict[str, bool] | None:
    return {"tests/test_x.py": {"test_undo": True, "TestRoll::test_back": True, "test_flaky": False}}.get(path)


def complaints_about(*rows: Row) -> list[str]:
    return [
        *id_complaints(rows),
        *title_complaints(rows),
        *status_complaints(rows),
        *place_complaints(rows, lambda path: path in {"bot/x.py", "catalog"}),
        *reason_complaints(rows),
        *proof_complaints(rows, sample_suite),
    ]


@pytest.mark.parametrize(
    "row",
    [
        GOOD,
        GOOD._replace(where="bot/x.py catalog"),
        GOOD._replace(proof="tests/test_x.py::test_undo[two words-1] tests/test_x.py::TestRoll::test_back"),
        GOOD._replace(status="partly", proof=""),
        GOOD._replace(status="open", where="", proof=""),
        GOOD._replace(status="refused", where="never run as written: it wipes sessions", proof=""),
    ],
)
def test_an_honest_row_draws_no_complaint(row: Row) -> None:
    assert complaints_about(row) == []


@pytest.mark.parametrize(
    ("row", "complaint"),
    [
        (GOOD._replace(id="001-X07"), "'001-X07' is no requirement id"),
        (GOOD._replace(title=" "), "001-A07 has no title"),
        (GOOD._replace(title="x" * 80), "001-A07 has a title too long"),
        (GOOD._replace(status="done"), "001-A07 has the unknown status 'done'"),
        (GOOD._replace(where=""), "001-A07 works nowhere"),
        (GOOD._replace(status="partly", where=""), "001-A07 partly nowhere"),
        (GOOD._replace(where="bot/x.py bot/gone.py:f"), "001-A07 names 'bot/gone.py', which is not there"),
        (GOOD._replace(status="refused", where=" "), "001-A07 is refused without a reason"),
        (GOOD._replace(status="manual", where=""), "001-A07 is manual without a reason"),
        (GOOD._replace(proof=""), "001-A07 works without a proof"),
        (GOOD._replace(proof="[undo]"), "001-A07 works without a proof"),
        (GOOD._replace(where=":undo"), "001-A07 names '', which is not there"),
        (GOOD._replace(proof="tests/test_x.py"), "001-A07: tests/test_x.py is no test id"),
        (GOOD._replace(proof="bot/x.py::test_undo"), "001-A07: bot/x.py::test_undo is no test id"),
        (GOOD._replace(proof="tests/test_y.py::test_undo"), "001-A07: tests/test_y.py is not there"),
        (GOOD._replace(proof="tests/test_x.py::test_redo"), "001-A07: tests/test_x.py has no test test_redo"),
        (
            GOOD._replace(status="partly", proof="tests/test_x.py::test_undo tests/test_x.py::test_flaky"),
            "001-A07: tests/test_x.py::test_flaky is marked to be skipped or to fail",
        ),
    ],
)
def test_a_dishonest_row_draws_its_complaint(row: Row, complaint: str) -> None:
    assert complaints_about(row) == [complaint]


def test_a_repeated_requirement_draws_a_complaint() -> None:
    assert complaints_about(GOOD, GOOD) == ["001-A07 has 2 rows"]


def test_a_changed_header_and_a_row_with_a_stray_comma_draw_complaints() -> None:
    table = [["id", "title", "state", "where", "proof"], ["001-A07", "roll", " back", "open", "", ""]]
    assert table_complaints(table) == ["the header is not id,title,status,where,proof", "line 2 has 6 cells"]
    assert table_complaints([]) == ["the header is not id,title,status,where,proof"]


@pytest.mark.parametrize(
    ("ids", "complaints"),
    [
        (["001-A07", "001-A08"], []),
        (["001-A07"], ["001-A08 has no row"]),
        (["001-A07", "001-A08", "001-A99"], ["001-A99 is not in the inventory"]),
        (["001-A08", "001-A07"], ["the rows are not in the inventory's order"]),
        (["001-A07", "001-A07", "001-A08"], ["the rows are not in the inventory's order"]),
    ],
)
def test_a_table_that_differs_from_the_inventory_draws_complaints(ids: list[str], complaints: list[str]) -> None:
    assert inventory_complaints([Row(id_) for id_ in ids], ["001-A07", "001-A08"]) == complaints


SAMPLE_TESTS = """
needs_docker = pytest.mark.skipif(True, reason="x")

def test_plain(): ...
async def test_async(): ...
def helper(): ...
@pytest.mark.skip
def test_skipped(): ...
@pytest.mark.xfail(reason="x")
async def test_failing(): ...
@needs_docker
def test_conditional(): ...
@pytest.mark.parametrize("x", [1, pytest.param(2, marks=pytest.mark.xfail)])
def test_partly_failing(x): ...
@pytest.mark.parametrize("x", [1])
def test_many(x): ...
class TestPlain:
    def test_method(self): ...
@pytest.mark.skip
class TestSkipped:
    def test_method(self): ...
class TestMarked:
    pytestmark = [pytest.mark.xfail]
    def test_method(self): ...
"""


def test_tests_are_found_in_a_file_with_whether_they_always_run() -> None:
    runs = {"test_plain", "test_async", "test_many", "TestPlain::test_method"}
    may_not_run = {"test_skipped", "test_failing", "test_conditional", "test_partly_failing"}
    may_not_run |= {"TestSkipped::test_method", "TestMarked::test_method"}
    assert declared_tests(SAMPLE_TESTS) == dict.fromkeys(runs, True) | dict.fromkeys(may_not_run, False)


def test_a_mark_on_the_whole_file_covers_all_its_tests() -> None:
    source = "pytestmark = pytest.mark.skip\ndef test_plain(): ...\nclass TestPlain:\n    def test_method(self): ..."
    assert declared_tests(source) == {"test_plain": False, "TestPlain::test_method": False}


def test_a_test_that_is_taken_from_the_file_beside_counts_as_long_as_it_is_there_and_runs(tmp_path: Path) -> None:
    (tmp_path / "shared.py").write_text("def test_kept(): ...\n@pytest.mark.skip\ndef test_skipped(): ...\n")
    file = tmp_path / "test_x.py"
    file.write_text(
        "from shared import test_kept, test_skipped, test_gone\nfrom elsewhere import test_far\ndef test_own(): ..."
    )
    assert collected_from(file) == {"test_kept": True, "test_skipped": False, "test_own": True}


def test_only_files_inside_the_repository_count_as_places_and_proofs() -> None:
    here = "tests/test_coverage_table.py"
    assert is_in_repository(here)
    assert not any(map(is_in_repository, ["", "tests/gone.py", "../shared", str(ROOT / here)]))
    assert proof_faults(f"{here}::test_a_repeated_requirement_draws_a_complaint", repository_tests) == []
    assert proof_faults("tests/test_gone.py::test_x", repository_tests) == ["tests/test_gone.py is not there"]
