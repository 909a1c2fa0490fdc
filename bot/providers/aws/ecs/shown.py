"""What a preview shows of a service, and whether it still looks like that."""

from collections.abc import Mapping

from bot.core.errors import TargetError
from bot.core.preview import Line, Preview
from bot.core.text import Text, say
from bot.providers.aws.ecs.services import Service, require_rolling_update
from bot.providers.aws.ecs.task_definitions import TaskDefinition
from bot.providers.aws.refusals import Changed


def state_of(service: Service) -> dict[str, str]:
    """What must not have drifted: every change of a service but its count makes a new deployment."""
    primary = service.primary
    return {
        "arn": service.arn,
        "task_definition": service.task_definition,
        "deployment": primary.id if primary else "",
    }


def require_as_shown(service: Service, preview: Preview, **more: str) -> None:
    """Refuse to touch a service that is not the one of the preview; `more` is state beyond `state_of`."""
    if any(preview.state.get(name) != value for name, value in {**state_of(service), **more}.items()):
        raise Changed("{service} no longer looks as it was shown; nothing was done.", service=service.name)


def require_changeable(service: Service) -> None:
    """Refuse services that ECS itself does not deploy."""
    require_rolling_update(service)
    if service.primary is None:
        raise TargetError("ECS tells no deployment of {service}; there is nothing to change.", service=service.name)


def cautions(service: Service) -> list[Text]:
    """What an approver should know of the service as it is."""
    found = []
    if service.is_rolling:
        found.append(say("A deployment of {service} is still running; this change replaces it.", service=service.name))
    elif service.running < service.desired:
        found.append(
            say(
                "Only {running} of {desired} tasks of {service} run now.",
                running=service.running,
                desired=service.desired,
                service=service.name,
            )
        )
    if not service.desired:
        found.append(say("No task of {service} is wanted, so that nothing will start.", service=service.name))
    return found


def differences(present: TaskDefinition, target: TaskDefinition) -> tuple[Line, ...]:
    """Two revisions side by side; of settings and secrets only names, never values."""
    pairs: tuple[tuple[Text, str, str], ...] = (
        (say("task definition"), present.name, target.name),
        (say("image"), present.image_words, target.image_words),
        (say("registered"), present.registered, target.registered),
        (say("CPU"), str(present.document.get("cpu", "")), str(target.document.get("cpu", ""))),
        (say("memory"), str(present.document.get("memory", "")), str(target.document.get("memory", ""))),
    )
    return (*(Line(label, old, new) for label, old, new in pairs if old != new), *_settings(present, target))


def _settings(present: TaskDefinition, target: TaskDefinition) -> tuple[Line, ...]:
    old, new = _named(present), _named(target)
    removed, added = sorted(old.keys() - new.keys()), sorted(new.keys() - old.keys())
    changed = sorted(name for name in old.keys() & new.keys() if old[name] != new[name])
    lines = (
        Line(say("settings removed"), ", ".join(removed), ""),
        Line(say("settings added"), "", ", ".join(added)),
        Line(say("settings with another value"), "", ", ".join(changed)),
    )
    return tuple(line for line in lines if line.before or line.after)


def _named(definition: TaskDefinition) -> Mapping[str, str]:
    """Settings and secrets by name; the values only serve to compare."""
    return {
        str(one["name"]): str(one.get("value", one.get("valueFrom", "")))
        for container in definition.containers
        for kind in ("environment", "secrets")
        for one in container.get(kind) or []
    }
