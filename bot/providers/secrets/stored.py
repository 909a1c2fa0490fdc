"""A secret that a person has put into the team's store: taken from there by reference, told by fingerprints only."""

from collections.abc import Mapping
from typing import Annotated, ClassVar, Final, Literal

from pydantic import AfterValidator, ConfigDict, Field, SecretStr

from bot.core.errors import TargetError
from bot.core.operation import Parameters
from bot.core.text import Text, say
from bot.providers.railway.generate_secret import OWN
from bot.providers.railway.words import Name
from bot.providers.secrets.secrecy import fingerprint, looks_secret

Version = Literal["value", "back"]
_OTHER: Final[Mapping[Version, Version]] = {"value": "back", "back": "value"}
_SHORTEST: Final = 8


def _sendable(secret: SecretStr) -> SecretStr:
    """Without line breaks, and without what a platform would read as a reference to another variable."""
    text = secret.get_secret_value()
    if text and (len(text) < _SHORTEST or "{{" in text or any(not "!" <= sign <= "~" for sign in text)):
        raise ValueError("is no secret that can be set: too short, with white space, or with a reference in it")
    return secret


def _secret_name(name: str) -> str:
    if not looks_secret(name):
        raise ValueError("name has to be that of a secret; other variables are set by their value")
    return name


Sendable = Annotated[SecretStr, AfterValidator(_sendable)]


class Stored(Parameters):
    """`value` is what the store holds for one variable, and `back` the version to return to, if the store keeps it."""

    model_config = ConfigDict(hide_input_in_errors=True)
    may_be_unset: ClassVar[frozenset[str]] = frozenset({"back"})

    value: Sendable
    back: Sendable = SecretStr("")

    def held(self, version: Version) -> str:
        """The secret itself: to be sent and compared, never to be shown."""
        return (self.value if version == "value" else self.back).get_secret_value()


class FromStore(Parameters):
    """Which variable gets which of the two versions. `mark` is the fingerprint that an undo insists on, and `leaked`
    the answer of whoever proposes."""

    name: Annotated[Name, AfterValidator(_secret_name)]
    version: Version = "value"
    leaked: Literal["no", "yes"] = "no"
    mark: str = Field("", pattern=r"^([0-9a-f]{8})?$")

    @property
    def is_own(self) -> bool:
        """Whether the service signs with it, so that nobody else has to know it."""
        return bool(OWN.search(self.name))


def taken(store: Stored, wanted: FromStore, present: str, key: SecretStr) -> str:
    """The value that is to be set; raises TargetError where there is none, or where it is not the one to be set."""
    new = store.held(wanted.version)
    if not new:
        raise TargetError("The store holds nothing for {name}: put it there first, never here.", name=wanted.name)
    if wanted.leaked == "yes":
        raise TargetError("Refused: a value that has leaked must not come back. Have a new one made.")
    if wanted.mark and fingerprint(new, key) != wanted.mark:
        raise TargetError("The store no longer holds the value that {name} had before.", name=wanted.name)
    if new == present:
        raise TargetError(
            "The store still holds the same value as the service for {name}: put the new one there first.",
            name=wanted.name,
        )
    return new


def shown(value: str, key: SecretStr) -> str:
    """A secret as a line of a preview."""
    return f"#{fingerprint(value, key)}" if value else "—"


def arguments(wanted: FromStore) -> dict[str, str]:
    """What a preview pins."""
    return {"name": wanted.name, "version": wanted.version, "leaked": wanted.leaked, "mark": wanted.mark}


def way_back(store: Stored, wanted: FromStore, present: str, key: SecretStr) -> dict[str, str]:
    """The present value taken from the store again; empty where the store does not hold it."""
    other = _OTHER[wanted.version]
    if not present or store.held(other) != present:
        return {}
    return {"name": wanted.name, "version": other, "mark": fingerprint(present, key)}


def warnings(wanted: FromStore, *, can_return: bool) -> list[Text]:
    """What the new value does to those who use the earlier one."""
    found = [_effect(wanted)]
    if not can_return:
        found.append(
            say("No button puts the present value back, since the store does not hold it as the version to return to.")
        )
    return found


def _effect(wanted: FromStore) -> Text:
    if wanted.is_own:
        return say(
            "Sessions signed with the present value end; those signed with the value from the store count again until "
            "they expire. Not if that value may have leaked. Tell the users."
        )
    if wanted.version == "back":
        return say("This puts the other key back: it helps only while its vendor accepts it, and not if it has leaked.")
    return say("The present key stays valid at its vendor: revoke it there as soon as the new one works.")
