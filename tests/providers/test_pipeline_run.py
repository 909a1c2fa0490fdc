"""`pipeline.run`: a workflow is started once, on the commit that was shown, and followed to its end."""

from collections.abc import AsyncIterator

import pytest
from vendor_changes import executed, failed, granted, lines_of, previewed, refused_preview

from bot.core.preview import Preview
from bot.providers import operation
from sandbox.world.vendors import GitHub, open_vendors

NAME = "pipeline.run"


@pytest.fixture
async def github() -> AsyncIterator[GitHub]:
    """Its token may do what docs/permissions.md gives to this operation, and nothing more."""
    async with open_vendors() as vendors:
        wanted = granted("Pipeline on GitHub")["token_of_run"]["permissions"]
        may = {name for name, level in wanted.items() if level == "write"}
        vendors.github.permissions = set(wanted) | {f"{name}_write" for name in may}
        vendors.github.run("deploy.yml", "success", hours=50)
        yield vendors.github


def here(github: GitHub) -> dict[str, object]:
    return {"url": github.url, "token": github.token, "repo": github.repo}


async def shown(github: GitHub) -> Preview:
    return await previewed(NAME, here(github), name="deploy.yml")


def started(github: GitHub) -> int:
    return sum(run["event"] == "workflow_dispatch" for run in github.runs)


async def test_a_workflow_is_started_once_on_the_commit_shown_and_followed_to_its_end(github: GitHub) -> None:
    github.message = "Fix login of maria@example.com"
    proposed = await shown(github)
    assert lines_of(proposed) == [
        ("workflow deploy.yml", "#1 success", "4f2a9c01"),
        ("commit", "01234567", "Fix login of ***@example.com"),
    ]
    assert started(github) == 0
    said, told = await executed(NAME, here(github), proposed)
    assert said == "run #2 of deploy.yml ended well on 4f2a9c01"
    assert told == ["run #2 of deploy.yml has begun"]
    assert started(github) == 1


async def test_a_run_that_fails_is_told_with_its_number(github: GitHub) -> None:
    github.next_end = "failure"
    assert "Run #2 of deploy.yml ended with failure." in await failed(NAME, here(github), await shown(github))


async def test_nothing_is_started_once_somebody_pushed_another_commit(github: GitHub) -> None:
    proposed = await shown(github)
    github.head = "0badc0de" * 5
    assert "nothing was done" in await failed(NAME, here(github), proposed)
    assert started(github) == 0


async def test_nothing_is_started_beside_a_run_that_goes_on(github: GitHub) -> None:
    proposed = await shown(github)
    github.run("deploy.yml", None)
    assert "nothing was done" in await failed(NAME, here(github), proposed)
    assert "Run #2 of deploy.yml is still going on" in await refused_preview(NAME, here(github), name="deploy.yml")
    assert started(github) == 0


async def test_a_lost_answer_is_looked_up_and_never_sent_again(github: GitHub) -> None:
    github.trouble.lose_answers = 1
    said, _ = await executed(NAME, here(github), await shown(github))
    assert "ended well" in said
    assert started(github) == 1


@pytest.mark.parametrize("answers_lost", [0, 1])
async def test_looks_that_are_refused_after_the_start_are_taken_again(github: GitHub, answers_lost: int) -> None:
    proposed = await shown(github)
    github.trouble.lose_answers, github.trouble.blind_looks = answers_lost, 3
    said, _ = await executed(NAME, here(github), proposed)
    assert "ended well" in said
    assert (started(github), github.trouble.blind_looks) == (1, 0)


async def test_a_request_that_was_lost_says_that_no_run_is_to_be_seen(github: GitHub) -> None:
    proposed = await shown(github)
    github.trouble.drop_writes = 1
    assert "no run of deploy.yml is to be seen" in await failed(NAME, here(github), proposed)
    assert started(github) == 0


@pytest.mark.parametrize("permission", ["actions", "contents"])
async def test_a_missing_permission_is_named_before_anything_is_proposed(github: GitHub, permission: str) -> None:
    github.permissions -= {permission}
    assert "“Actions: write” and “Contents: read”" in await refused_preview(NAME, here(github), name="deploy.yml")


async def test_a_token_that_may_only_read_starts_nothing(github: GitHub) -> None:
    proposed = await shown(github)
    github.permissions -= {"actions_write"}
    assert "“Actions: write”" in await failed(NAME, here(github), proposed)
    assert started(github) == 0


async def test_an_unknown_branch_or_workflow_is_refused(github: GitHub) -> None:
    assert "422" in await refused_preview(NAME, here(github), name="deploy.yml", ref="gone")
    assert "404" in await refused_preview(NAME, here(github), name="gone.yml")


@pytest.mark.parametrize(
    "given", [{"name": "../x"}, {"name": "a.yml", "ref": "-x"}, {"name": "a.yml", "ref": "a/../b"}]
)
def test_a_path_or_an_option_is_no_name(given: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="string_pattern_mismatch"):
        operation(NAME).parameters.model_validate(given)
