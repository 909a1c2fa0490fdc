"""Carries parcels to the app over the transport it uses, and writes down what came of each."""

import asyncio
import time
from dataclasses import replace

import aiohttp

from ..app import App
from ..clock import Clock
from ..faults import Faults, Unruliness
from ..ids import Mint
from ..ledger import Delivery, Ledger, SentBytes
from .http import Answer, post, signed
from .parcel import Parcel
from .socket_hub import NoSocket, SocketHub

ACK_LIMIT = 3.0


class Courier:
    """Delivers within three seconds by the sandbox's clock; an answer that comes later is ignored."""

    def __init__(self, app: App, hub: SocketHub, ledger: Ledger, faults: Faults, mint: Mint, clock: Clock) -> None:
        self._app = app
        self._hub = hub
        self._ledger = ledger
        self._faults = faults
        self._mint = mint
        self._clock = clock
        self._session: aiohttp.ClientSession | None = None
        self._overtaken: asyncio.Event | None = None

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()

    async def deliver(self, parcel: Parcel) -> Delivery:
        """Send it once, or as unruly as a fault asks for; the answer to the first copy counts."""
        trouble = self._faults.take_unruly(parcel.kind)
        if trouble is not None and trouble.how == "reorder":
            await self._let_another_pass()
        sent = self._seal(parcel)
        copies = [self._new_record(parcel, sent)]
        if trouble is not None and trouble.how == "duplicate":
            copies.append(self._new_record(parcel, sent))
        await asyncio.gather(*(self._carry(copy, sent, _delay(trouble)) for copy in copies))
        if self._overtaken is not None and not (trouble and trouble.how == "reorder"):
            self._overtaken.set()
        return copies[0]

    async def repeat(self, earlier: Delivery, sent: SentBytes) -> Delivery:
        """The same bytes again: same signature, same timestamp, same envelope id."""
        again = replace(self._entered(earlier.kind, earlier.user), sent=sent, payload=earlier.payload)
        self._ledger.add(again)
        await self._carry(again, sent)
        return again

    async def _let_another_pass(self) -> None:
        """Wait until a later delivery of this app has arrived."""
        self._overtaken = self._overtaken or asyncio.Event()
        await self._overtaken.wait()
        self._overtaken = None

    def _new_record(self, parcel: Parcel, sent: SentBytes) -> Delivery:
        retry = parcel.retry.number if parcel.retry else 0
        entered = self._entered(parcel.kind, parcel.user)
        delivery = replace(entered, retry=retry, sent=sent, payload=parcel.payload)
        self._ledger.add(delivery)
        return delivery

    def _entered(self, kind: str, user: str | None) -> Delivery:
        return Delivery(self._mint.object_id("DLV"), self._clock.now(), kind, user, self._app.app_id)

    def _seal(self, parcel: Parcel) -> SentBytes:
        if self._app.transport == "http":
            return signed(parcel, self._app.signing_secret, int(self._clock.now()))
        return parcel.envelope(f"{self._mint.secret()}-{self._mint.short()}")

    async def _carry(self, delivery: Delivery, sent: SentBytes, delay: float = 0.0) -> None:
        """The limit counts from the moment the user acted: a delay on the way uses it up, but for an event."""
        started = time.perf_counter()
        if delivery.kind == "event" and delay:
            await self._clock.wait(delay)
            delay = 0.0
        try:
            answer = await self._clock.wait_for(self._send(sent, delay), ACK_LIMIT)
        except TimeoutError:
            delivery.error = "operation_timeout"
        except NoSocket:
            delivery.error, delivery.had_nobody = "dispatch_failed", True
        except (aiohttp.ClientError, OSError):
            delivery.error = "dispatch_failed"
        else:
            delivery.status, delivery.ack, delivery.no_retry = answer.status, answer.body, answer.no_retry
            if answer.status not in (None, 200):
                delivery.error = "dispatch_failed"
        delivery.ms = round((time.perf_counter() - started) * 1000, 1)
        self._ledger.close(delivery, self._clock.now())

    async def _send(self, sent: SentBytes, delay: float) -> Answer:
        if delay:
            await self._clock.wait(delay)
        if self._app.request_url is None:
            return await self._hub.send(sent)
        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=None))
        return await post(self._session, self._app.request_url, sent)


def _delay(trouble: Unruliness | None) -> float:
    return trouble.seconds if trouble is not None and trouble.how == "delay" else 0.0
