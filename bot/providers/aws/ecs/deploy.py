"""Starting all tasks of a service anew, as `update-service --force-new-deployment` does."""

from bot.core.errors import TargetError
from bot.core.operation import Change, Progress
from bot.core.preview import Line, Preview
from bot.core.text import Text, say
from bot.providers.aws.account import opened
from bot.providers.aws.ecs.following import FOLLOW_LIMIT, LIMIT, follow, update_once
from bot.providers.aws.ecs.services import Address, Named, Service, service_of
from bot.providers.aws.ecs.shown import cautions, require_as_shown, require_changeable, state_of
from bot.providers.aws.ecs.task_definitions import TaskDefinition, task_definition_of


async def _preview(address: Address, wanted: Named) -> Preview:
    async with opened(address) as account:
        service = await service_of(account, address, wanted.service)
        _require_settled(service)
        definition = await task_definition_of(account, service.task_definition)
    return Preview(
        lines=(
            Line(say("tasks"), say_count(service), say_count(service)),
            Line(say("task definition"), service.task_definition, service.task_definition),
            Line(say("image"), definition.image_words, definition.image_words),
        ),
        state=state_of(service),
        arguments={"service": wanted.service},
        warnings=(*cautions(service), *_moving_tags(definition)),
    )


async def _execute(address: Address, wanted: Named, preview: Preview, progress: Progress) -> Text:
    async with opened(address) as account:
        service = await service_of(account, address, wanted.service)
        require_as_shown(service, preview)
        before = service.primary
        deployment = await update_once(
            account,
            address,
            service,
            lambda seen: seen.primary is not None and before is not None and seen.primary.id != before.id,
            taskDefinition=service.task_definition,
            forceNewDeployment=True,
        )
        after = await follow(account, address, (service.name, deployment, service.desired), FOLLOW_LIMIT, progress)
    return say(
        "all {count} tasks of {service} were started anew with {task_definition}",
        count=after.running,
        service=after.name,
        task_definition=after.task_definition,
    )


def _require_settled(service: Service) -> None:
    require_changeable(service)
    if service.is_rolling:
        raise TargetError(
            "A deployment of {service} is still running ({running} of {desired} tasks). Wait until it is steady, or go "
            "back to an earlier task definition.",
            service=service.name,
            running=service.running,
            desired=service.desired,
        )


def say_count(service: Service) -> str:
    return f"{service.running}/{service.desired}"


def _moving_tags(definition: TaskDefinition) -> tuple[Text, ...]:
    """A tag is looked up again by every new task, and may have moved since the present ones started."""
    moving = [image for image in definition.images if "@sha256:" not in image]
    if not moving:
        return ()
    return (say("The image is named by a tag; if that tag was moved, the new tasks run another image."),)


DEPLOY = Change("ecs.deploy", Address, Named, LIMIT, _preview, _execute)
