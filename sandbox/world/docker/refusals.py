"""What a Docker engine refuses, in its own words: those of version 20.10, which the tests compare."""


class Refusal(Exception):
    """A status and the message that the engine gives with it; 304 has none."""

    def __init__(self, status: int, message: str = "") -> None:
        super().__init__(message)
        self.status = status


def no_page() -> Refusal:
    return Refusal(404, "page not found")


def no_container(name: str) -> Refusal:
    return Refusal(404, f"No such container: {name}")


def no_image(name: str) -> Refusal:
    return Refusal(404, f"No such image: {name}")


def no_network(name: str) -> Refusal:
    return Refusal(404, f"network {name} not found")


def no_exec(name: str) -> Refusal:
    return Refusal(404, f"No such exec instance: {name}")


def unchanged() -> Refusal:
    return Refusal(304)


def no_command() -> Refusal:
    return Refusal(400, "No command specified")


def bad_name(name: str) -> Refusal:
    return Refusal(400, f"Invalid container name ({name}), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed")


def taken_name(name: str, holder: str) -> str:
    return (
        f'Conflict. The container name "/{name}" is already in use by container "{holder}". '
        "You have to remove (or rename) that container to be able to reuse that name."
    )


def running(container: str) -> Refusal:
    return Refusal(
        409,
        f"You cannot remove a running container {container}. "
        "Stop the container before attempting removal or force remove",
    )


def not_running(container: str) -> Refusal:
    return Refusal(409, f"Container {container} is not running")


def no_stream() -> Refusal:
    return Refusal(400, "Bad parameters: you must choose at least one stream")


def no_reading() -> Refusal:
    return Refusal(501, "configured logging driver does not support reading")
