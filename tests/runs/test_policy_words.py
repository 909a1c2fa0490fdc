"""A policy that is looser than the risk wants, or that names nobody, does not get into the house."""

import shutil
from pathlib import Path

import pytest

from bot.__main__ import main

CATALOG = Path("tests/catalogs/approvals")
DESTROYS = "risk: destructive\n    approve: {"
MEDIUM = "risk: medium\n    approve: {"
ONE_BY_HAND = "risk: high\n    approve: {roles: [responder, approver], expires: 2h"  # call-vendor
TWO_BY_HAND = "risk: destructive\n    approve: {roles: [responder, approver], among: [security], expires: 2h"
WAIT = "risk: low\n    approve: {roles: [responder, approver]}\n    verify: [service-up]\n    verify_within: 1s\n"


@pytest.mark.parametrize(
    ("file", "old", "new", "complaint"),
    [
        ("actions.yml", DESTROYS, DESTROYS + "emergency: [P0], ", "what destroys always needs two people"),
        ("actions.yml", DESTROYS, DESTROYS + "quorum: 1, ", "risk destructive needs 2 people"),
        ("actions.yml", MEDIUM, MEDIUM + "self_approval: true, ", "risk medium needs a second person"),
        ("actions.yml", TWO_BY_HAND, TWO_BY_HAND + ", quorum: 1", "risk destructive needs 2 people"),
        ("actions.yml", TWO_BY_HAND, TWO_BY_HAND + ", self_approval: true", "risk destructive needs a second person"),
        ("actions.yml", ONE_BY_HAND, ONE_BY_HAND + ", emergency: [P0]", "approve.emergency: a step by hand knows none"),
        ("actions.yml", ONE_BY_HAND, ONE_BY_HAND + ", self_approval: false", "nobody approves it before"),
        ("actions.yml", WAIT, WAIT.replace("]}", "], quorum: 2}", 1), "wait: what only waits takes one person"),
        (
            "actions.yml",
            "{roles: [owner]",
            "{roles: [owner], quorum: 2",
            "2 people have to agree, and its roles name 1",
        ),
        ("actions.yml", "among: [security]", "among: [nobody]", "no role named nobody"),
        ("system.yml", 'end: "18:00"', "end: 18:00", 'write the time in quotes, for example "18:00"'),
    ],
)
def test_a_policy_that_is_too_loose_or_names_nobody_is_refused(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    file: str,
    old: str,
    new: str,
    complaint: str,
) -> None:
    copy = tmp_path / "catalog"
    shutil.copytree(CATALOG, copy)
    monkeypatch.setenv("PLANTAO_CATALOG", str(copy))
    assert main(["check"]) == 0
    path = copy / "shop" / file
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    assert main(["check"]) == 1
    assert complaint in capsys.readouterr().out
