"""Which application on which Coolify."""

from pydantic import Field

from bot.providers.http.address import ApiAddress, HeaderSecret


class Address(ApiAddress):
    """`url` is that of the panel (`https://coolify.example.com`), `application` the id in the panel's address bar."""

    token: HeaderSecret
    application: str = Field(pattern=r"^[A-Za-z0-9-]{8,40}$")
