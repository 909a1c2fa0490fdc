"""Texts become what Slack shows: in a language, with every value escaped."""

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from bot.core.text import Person, Place, Text, Value, Words
from bot.locale import PORTUGUESE, catalogue


def escape(words: str) -> str:
    """Make words harmless in mrkdwn: they can neither mention anybody nor forge a link."""
    return words.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def moment(at: datetime) -> str:
    """A time that Slack shows in the reader's own time zone."""
    return f"<!date^{int(at.timestamp())}^{{date_short_pretty}} {{time}}|{at:%Y-%m-%d %H:%M} UTC>"


@dataclass(frozen=True, slots=True)
class Voice:
    """One language and one time zone for reading Texts aloud."""

    language: str
    timezone: str = "UTC"

    def __call__(self, text: Text) -> str:
        """The Text as mrkdwn."""
        return self._translated(text).format(**{name: self._mrkdwn(value) for name, value in text.values.items()})

    def plain(self, text: Text) -> str:
        """The Text for places that know no mrkdwn: buttons, titles, form fields."""
        words = self._translated(text).format(**{name: self._bare(value) for name, value in text.values.items()})
        return words.replace("*", "").replace("`", "")

    def words(self, words: Words) -> str:
        """The catalog's words in this language, unescaped."""
        return words.pt if self.language == PORTUGUESE else words.en

    def clock(self, at: datetime) -> str:
        """A moment in the system's time zone, for places without date tokens."""
        return at.astimezone(ZoneInfo(self.timezone)).strftime("%d/%m %H:%M")

    def _translated(self, text: Text) -> str:
        return catalogue(self.language).gettext(text.msgid)

    def _mrkdwn(self, value: Value) -> str:
        match value:
            case Text():
                return self(value)
            case Words():
                return escape(self.words(value))
            case Person(id):
                return f"<@{id}>" if id else "Plantão"
            case Place(id):
                return f"<#{id}>"
            case datetime():
                return moment(value)
            case _:
                return escape(str(value))

    def _bare(self, value: Value) -> str:
        match value:
            case Text():
                return self.plain(value)
            case Words():
                return self.words(value)
            case Person(id):
                return id or "Plantão"
            case Place(id):
                return id
            case datetime():
                return self.clock(value)
            case _:
                return str(value)
