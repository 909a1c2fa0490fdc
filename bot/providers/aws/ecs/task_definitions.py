"""Task definitions: numbered revisions of what a service runs, never changed, only replaced."""

import asyncio
from dataclasses import dataclass
from typing import Any, Final

from bot.core.errors import TargetError
from bot.core.findings import Measurement, Reading
from bot.core.operation import Read
from bot.core.redaction import mask
from bot.core.text import say
from bot.providers.aws.account import LIMIT, Account, Document, opened
from bot.providers.aws.ecs.services import Address, Named, Service, service_of, short
from bot.providers.aws.refusals import NoSuch

_LISTED: Final = 10


@dataclass(frozen=True, slots=True)
class TaskDefinition:
    """One revision; `document` is all that AWS told of it and holds settings' values: never shown."""

    name: str
    family: str
    revision: int
    is_active: bool
    images: tuple[str, ...]
    registered: str
    document: Document

    @property
    def containers(self) -> list[Document]:
        found: list[Document] = self.document.get("containerDefinitions") or []
        return found

    @property
    def image_words(self) -> str:
        return ", ".join(image.rsplit("/", 1)[-1] for image in self.images)

    def __str__(self) -> str:
        return f"{self.name}  {self.image_words}  {self.registered}"


async def task_definition_of(account: Account, name: str) -> TaskDefinition:
    """A revision by `family:revision`, or the newest one by `family`; raises TargetError when there is none."""
    try:
        answer = await account.ask("ecs", "describe_task_definition", taskDefinition=name, include=["TAGS"])
    except NoSuch as error:
        raise TargetError("There is no task definition {name}.", name=name) from error
    return _definition(answer)


async def revisions_of(account: Account, service: Service) -> list[TaskDefinition]:
    """The ten newest usable revisions of what a service runs, newest first."""
    family = service.task_definition.rpartition(":")[0]
    answer = await account.ask(
        "ecs", "list_task_definitions", familyPrefix=family, status="ACTIVE", sort="DESC", maxResults=_LISTED
    )
    # The prefix is a family's whole name by the documentation, and a prefix by its own.
    names = [name for name in map(short, answer.get("taskDefinitionArns", [])) if name.rpartition(":")[0] == family]
    return list(await asyncio.gather(*(task_definition_of(account, name) for name in names)))


def _definition(answer: Document) -> TaskDefinition:
    told: Document = answer["taskDefinition"]
    registered: Any = told.get("registeredAt")
    return TaskDefinition(
        name=short(str(told["taskDefinitionArn"])),
        family=str(told["family"]),
        revision=int(told["revision"]),
        is_active=told.get("status", "ACTIVE") == "ACTIVE",
        images=tuple(mask(str(one.get("image", "")))[:200] for one in told.get("containerDefinitions") or []),
        registered=f"{registered:%Y-%m-%d %H:%M}" if registered else "",
        document={**told, "tags": answer.get("tags") or []},
    )


async def _read(address: Address, wanted: Named) -> Reading:
    async with opened(address) as account:
        service = await service_of(account, address, wanted.service)
        revisions = await revisions_of(account, service)
    present = int(service.task_definition.rpartition(":")[2] or 0)
    earlier = [one for one in revisions if one.revision < present]
    return Reading(
        say(
            "{service} runs {task_definition}; {count} earlier revisions are there to go back to",
            service=service.name,
            task_definition=service.task_definition,
            count=len(earlier),
        ),
        (Measurement("revision", present), Measurement("earlier", len(earlier))),
        tuple(f"{one}  ←" if one.revision == present else str(one) for one in revisions),
    )


REVISIONS = Read("ecs.revisions", Address, Named, LIMIT, _read)
