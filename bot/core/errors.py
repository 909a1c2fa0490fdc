"""The error tree. Each class carries its own decision: what the person reads and whether anybody retries.

PlantaoError
├── UserError            the person's mistake; its text is shown as it is, nothing is logged as a failure
│   ├── NotFound         what was named does not exist
│   ├── NotAllowed       this person may not do this
│   ├── WrongValue       what was entered in one field cannot be used; a form shows it there
│   └── TooLate          it was decided, expired or finished before
├── NothingRecorded      the record could not be written in time; said at once, nothing follows
├── Conflict             somebody else appended first; load again and decide anew
├── TargetError          an outside system did not do what was asked; becomes a finding or a failed run
│   ├── Unreachable      no connection, or it broke
│   ├── TimedOut         no answer within the limit
│   └── Denied           it answered that we may not; the text says what to grant
├── ChatError            Slack refused or did not answer; `retry_after` says when to try again, None is never
└── ConfigError          the settings or the catalog are wrong; ends the start with a sentence
"""

from bot.core.findings import Level
from bot.core.text import Text, Value, say


class PlantaoError(Exception):
    """The root of everything this product raises on purpose."""


class UserError(PlantaoError):
    """The person's mistake, told in a sentence that says what to do instead."""

    def __init__(self, msgid: str | Text, /, **values: Value) -> None:
        self.text: Text = msgid if isinstance(msgid, Text) else say(msgid, **values)
        super().__init__(self.text.msgid)


class NotFound(UserError):
    """What was named does not exist."""


class NotAllowed(UserError):
    """This person may not do this."""


class WrongValue(UserError):
    """What was entered in one field cannot be used."""

    def __init__(self, msgid: str, /, field: str, **values: Value) -> None:
        super().__init__(msgid, **values)
        self.field = field


class TooLate(UserError):
    """It was decided, expired or finished before."""


class NothingRecorded(PlantaoError):
    """The record could not be written in time, so nothing happened and nothing will."""


class Conflict(PlantaoError):
    """The stream has grown since it was read; `version` is its length now."""

    def __init__(self, stream: str, version: int) -> None:
        super().__init__(f"{stream} is at version {version}")
        self.stream = stream
        self.version = version


class TargetError(PlantaoError):
    """An outside system did not do what was asked; `text` says so without secrets.

    `level` is what a check makes of it: an answer we cannot use leaves us knowing nothing.
    """

    level = Level.UNKNOWN

    def __init__(self, msgid: str, /, **values: Value) -> None:
        super().__init__(msgid)
        self.text: Text = say(msgid, **values)


class Unreachable(TargetError):
    """No connection to the target, or it broke."""

    level = Level.CRIT


class TimedOut(TargetError):
    """The target gave no answer within the limit."""

    level = Level.CRIT


class Denied(TargetError):
    """The target answered that we may not; the text says what to grant."""


class ChatError(PlantaoError):
    """Slack refused a call; `retry_after` is in seconds, None means that trying again cannot help."""

    def __init__(self, code: str, retry_after: float | None = None) -> None:
        super().__init__(code)
        self.code = code
        self.retry_after = retry_after

    @property
    def is_early(self) -> bool:
        """Whether Slack, or our own pace, only asks to wait: then nothing was posted."""
        return self.code in {"paced", "ratelimited"}


class ConfigError(PlantaoError):
    """The settings or the catalog are wrong; the message names the place."""
