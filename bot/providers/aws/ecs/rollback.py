"""Going back to an earlier task definition of a service, one that a person names."""

from typing import Final

from pydantic import Field

from bot.core.errors import TargetError
from bot.core.operation import Change, Progress
from bot.core.preview import Preview
from bot.core.text import Text, say
from bot.providers.aws.account import opened
from bot.providers.aws.ecs.following import FOLLOW_LIMIT, LIMIT, follow, update_once
from bot.providers.aws.ecs.services import Address, Named, Service, service_of
from bot.providers.aws.ecs.shown import cautions, differences, require_as_shown, require_changeable, state_of
from bot.providers.aws.ecs.task_definitions import TaskDefinition, revisions_of, task_definition_of

_NAMED: Final = 5


class Back(Named):
    """To which task definition: its revision (`41`) or whole name (`api:41`); without one the choice is shown."""

    task_definition: str = Field("", pattern=r"^(([A-Za-z0-9][A-Za-z0-9_-]{0,254}:)?[1-9][0-9]{0,8})?$")


async def _preview(address: Address, wanted: Back) -> Preview:
    async with opened(address) as account:
        service = await service_of(account, address, wanted.service)
        require_changeable(service)
        _require_choice(service, wanted, await revisions_of(account, service))
        present = await task_definition_of(account, service.task_definition)
        target = await task_definition_of(account, _whole(service, wanted))
    _require_usable(service, present, target)
    return Preview(
        lines=differences(present, target),
        state=state_of(service),
        arguments={"service": wanted.service, "task_definition": target.name},
        warnings=(*cautions(service), *_cautions(present, target)),
        undo={"service": wanted.service, "task_definition": present.name},
    )


async def _execute(address: Address, wanted: Back, preview: Preview, progress: Progress) -> Text:
    target = preview.arguments["task_definition"]
    async with opened(address) as account:
        service = await service_of(account, address, wanted.service)
        require_as_shown(service, preview)
        deployment = await update_once(
            account, address, service, lambda seen: seen.task_definition == target, taskDefinition=target
        )
        after = await follow(account, address, (service.name, deployment, service.desired), FOLLOW_LIMIT, progress)
    return say(
        "{service} runs {task_definition} again, {count} tasks",
        service=after.name,
        task_definition=after.task_definition,
        count=after.running,
    )


def _whole(service: Service, wanted: Back) -> str:
    family = service.task_definition.rpartition(":")[0]
    return wanted.task_definition if ":" in wanted.task_definition else f"{family}:{wanted.task_definition}"


def _require_choice(service: Service, wanted: Back, revisions: list[TaskDefinition]) -> None:
    """The revision before the present one need not be the last that worked, so that nobody guesses it."""
    if wanted.task_definition:
        return
    others = [one for one in revisions if one.name != service.task_definition][:_NAMED]
    if not others:
        raise TargetError("{service} has no other task definition to go back to.", service=service.name)
    raise TargetError(
        "Name the task definition that {service} should go back to: {known}. It runs {present} now.",
        service=service.name,
        known=", ".join(f"{one.name} ({one.image_words}, {one.registered})" for one in others),
        present=service.task_definition,
    )


def _require_usable(service: Service, present: TaskDefinition, target: TaskDefinition) -> None:
    if target.name == present.name:
        raise TargetError("{service} runs {target} already.", service=service.name, target=target.name)
    if target.family != present.family:
        raise TargetError(
            "{target} belongs to something else; {service} runs the family {family}.",
            target=target.name,
            service=service.name,
            family=present.family,
        )
    if not target.is_active:
        raise TargetError("{target} was deregistered; ECS starts no new tasks of it.", target=target.name)


def _cautions(present: TaskDefinition, target: TaskDefinition) -> list[Text]:
    if target.images == present.images:
        found = [say("The image stays the same; only settings change.")]
    else:
        found = [say("Whoever approves confirms that the data, as the present version writes it, suits the other one.")]
    if target.revision > present.revision:
        found.append(say("{target} is newer than what runs now.", target=target.name))
    return found


ROLLBACK = Change("ecs.rollback", Address, Back, LIMIT, _preview, _execute)
