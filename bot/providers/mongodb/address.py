"""Where the MongoDB is, and optionally the Atlas project that backs it up."""

from typing import Final
from urllib.parse import unquote

from pydantic import ConfigDict, Field, SecretStr, field_validator
from pymongo.errors import PyMongoError
from pymongo.uri_parser import parse_uri

from bot.core.operation import Parameters

_SCHEMES: Final = ("mongodb://", "mongodb+srv://")
_WRONG: Final = (
    "not a MongoDB address such as mongodb+srv://user:password@cluster.example.net/ "
    "(a password with / # ? : or @ must be percent-encoded)"
)


class Address(Parameters):
    """`url` with its credentials; `atlas_*` open the Atlas Administration API, which tells about backups."""

    # Without it pydantic quotes the whole address in its error.
    model_config = ConfigDict(hide_input_in_errors=True)

    url: SecretStr
    database: str = Field(pattern=r"^[A-Za-z0-9_-]{1,63}$")
    atlas_url: str = Field("https://cloud.mongodb.com", pattern=r"^https?://[^\s/@]+$")
    atlas_public_key: SecretStr = SecretStr("")
    atlas_private_key: SecretStr = SecretStr("")
    atlas_project: str = Field("", pattern=r"^[0-9a-f]{24}$|^$")
    atlas_cluster: str = Field("", pattern=r"^[A-Za-z0-9-]{1,64}$|^$")

    @field_validator("url")
    @classmethod
    def _is_mongodb_url(cls, url: SecretStr) -> SecretStr:
        text = url.get_secret_value()
        if not text.startswith(_SCHEMES) or not _netloc(text).rpartition("@")[2]:
            raise ValueError(_WRONG)
        if text.startswith(_SCHEMES[0]):  # the other would be looked up in DNS now
            try:
                parse_uri(text, warn=False)
            except (PyMongoError, ValueError):
                raise ValueError(_WRONG) from None  # the vendor's message may quote a part of the password
        return url

    @property
    def where(self) -> str:
        """The hosts, for messages."""
        return _netloc(self.url.get_secret_value()).rpartition("@")[2][:100]

    @property
    def user(self) -> str:
        """The user's name, for messages."""
        credentials = _netloc(self.url.get_secret_value()).rpartition("@")[0]
        return unquote(credentials.partition(":")[0])[:60] or "(none)"


def _netloc(url: str) -> str:
    return url.partition("://")[2].partition("/")[0].partition("?")[0]
