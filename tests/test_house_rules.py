"""The rules of the house that a machine can check: imports, sizes, broad excepts, the lock."""

import ast
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parent.parent
ROOMS = ("bot", "commands", "sandbox", "bench")
FILE_LIMIT, FUNCTION_LIMIT, COMMAND_LIMIT = 300, 40, 120

# The two edges where everything is caught: the Slack boundary and the worker's loop.
EDGES = {"bot/slack/boundary.py", "bot/jobs.py"}


@cache
def sources() -> list[tuple[str, ast.Module, str]]:
    files = [path for room in ROOMS for path in sorted((ROOT / room).rglob("*.py"))]
    texts = {str(path.relative_to(ROOT)): path.read_text(encoding="utf-8") for path in files}
    return [(name, ast.parse(text), text) for name, text in texts.items()]


def test_imports_go_down_only() -> None:
    linter = Path(sys.executable).parent / "lint-imports"
    checked = subprocess.run([linter, "--no-cache"], cwd=ROOT, capture_output=True, text=True, timeout=100, check=False)
    assert checked.returncode == 0, checked.stdout
    assert " 0 broken" in checked.stdout


def test_files_and_functions_keep_their_quota() -> None:
    too_long = [name for name, _, text in sources() if text.count("\n") > FILE_LIMIT]
    too_long += [
        name for name, _, text in sources() if name.startswith("commands/") and text.count("\n") > COMMAND_LIMIT
    ]
    for name, tree, _ in sources():
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = (node.end_lineno or 0) - node.lineno + 1
                if lines > FUNCTION_LIMIT:
                    too_long.append(f"{name}:{node.lineno} {node.name} {lines}")
    assert too_long == []


def test_everything_is_caught_in_two_places_only() -> None:
    broad = {
        name
        for name, tree, _ in sources()
        for node in ast.walk(tree)
        if isinstance(node, ast.ExceptHandler)
        and (node.type is None or getattr(node.type, "id", "") in ("Exception", "BaseException"))
    }
    assert broad == EDGES


def test_no_shell_and_no_eval() -> None:
    for name, tree, text in sources():
        assert "shell=True" not in text, name
        called = {
            node.func.id for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
        }
        assert called.isdisjoint({"eval", "exec", "compile", "__import__"}), name


def test_the_lock_has_hashes_and_no_addresses() -> None:
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    pinned = re.findall(r"^[a-z0-9._-]+(?:\[[^\]]*\])?==\S+", lock, re.MULTILINE)
    assert len(pinned) > 50
    assert lock.count("--hash=sha256:") >= len(pinned)
    assert "://" not in lock
    assert "index-url" not in lock


def test_every_direct_dependency_is_in_the_lock() -> None:
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8").lower()
    listed = re.findall(r'^    "([A-Za-z0-9_-]+)[\[>=]', project, re.MULTILINE)
    assert len(listed) > 15
    assert [name for name in listed if f"\n{name.lower()}" not in f"\n{lock}"] == []


def test_the_example_environment_lists_every_setting() -> None:
    example = (ROOT / ".env.example").read_text(encoding="utf-8")
    settings = (ROOT / "bot" / "settings.py").read_text(encoding="utf-8")
    names = re.findall(r"^    ([a-z_]+): .*Field\(", settings, re.MULTILINE)
    assert len(names) >= 10
    assert [name for name in names if f"\n{name.upper()}=" not in example] == []
