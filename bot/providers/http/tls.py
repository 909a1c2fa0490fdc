"""The certificate that a server shows: how long it still holds, and who signed it."""

import asyncio
import math
import socket
import ssl
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, Final

import httpx
from pydantic import Field

from bot.core.errors import TargetError, TimedOut, Unreachable
from bot.core.findings import Measurement, Reading
from bot.core.operation import Parameters, Read
from bot.core.redaction import mask
from bot.core.text import say
from bot.providers.http.address import Address, host_of, trust
from bot.providers.http.exchange import nobody_there, unknown_name, untrusted

_DAY: Final = 86_400
_NAME_LIMIT: Final = 100
_CLOSE_LIMIT: Final = 0.5


class Handshake(Parameters):
    """How long the handshake may take."""

    timeout_ms: int = Field(3000, ge=50, le=10_000)


async def _read(address: Address, wanted: Handshake) -> Reading:
    url = httpx.URL(address.url.get_secret_value())
    if url.scheme != "https":
        raise TargetError("{host} is addressed without TLS (http), so it shows no certificate.", host=host_of(url))
    certificate = await _certificate(url, trust(address.ca_file), wanted.timeout_ms)
    ends = datetime.fromtimestamp(ssl.cert_time_to_seconds(certificate["notAfter"]), UTC)
    days = math.floor((ends - datetime.now(UTC)).total_seconds() / _DAY)
    issuer = mask(_issuer(certificate))[:_NAME_LIMIT]
    return Reading(
        say("the certificate holds {days} more days, signed by {issuer}", days=days, issuer=issuer),
        (Measurement("days_left", days, "d"), Measurement("issuer", issuer)),
    )


async def _certificate(url: httpx.URL, context: ssl.SSLContext, limit_ms: int) -> dict[str, Any]:
    """The server's certificate after a handshake that believed it; an expired or foreign one is Unreachable."""
    host = host_of(url)
    try:
        async with asyncio.timeout(limit_ms / 1000):
            _, writer = await asyncio.open_connection(url.host, url.port or 443, ssl=context)
    except TimeoutError as error:
        raise TimedOut("{host} gave no whole answer within {limit} ms.", host=host, limit=limit_ms) from error
    except ssl.SSLCertVerificationError as error:
        raise untrusted(error, host) from error
    except ssl.SSLError as error:
        raise Unreachable(
            "{host} could not agree on TLS ({reason}).", host=host, reason=error.reason or "TLS"
        ) from error
    except socket.gaierror as error:
        raise unknown_name(host) from error
    except OSError as error:
        raise nobody_there(host) from error
    shown: dict[str, Any] = writer.get_extra_info("peercert") or {}
    writer.close()
    with suppress(OSError, TimeoutError):
        await asyncio.wait_for(writer.wait_closed(), _CLOSE_LIMIT)
    return shown


def _issuer(certificate: dict[str, Any]) -> str:
    """The organisation that signed it, or else its common name."""
    names = {key: value for part in certificate.get("issuer", ()) for key, value in part}
    return str(names.get("organizationName") or names.get("commonName") or "—")


TLS = Read("http.tls", Address, Handshake, 11.0, _read)
