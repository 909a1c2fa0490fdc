"""Who may do what, through every door, forged or not: only what the policy says gets through.

The tables are the policy, written by hand; the product is asked for nothing but what it recorded. Whatever is refused
must leave the record exactly as it was.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest

from bot.core.family import FREEZES, INCIDENTS, RUNS
from bot.core.run import Phase
from bot.settings import HERE
from tests.house import House
from tests.people import APPROVER
from tests.proof.office import Body, Office, Prepared, button, form, slash

pytestmark = [pytest.mark.catalog("tests/catalogs/matrix"), pytest.mark.timeout(300)]

ANA, CLARA = "U0ANA", "U0CLARA"  # on call; everything here is proposed by Ana
BRUNO, DAVI = "U0BRUNO", "U0DAVI"  # approvers; Davi is security as well
OTTO = "U0OTTO"  # works here and holds no role
BOT = "U0PLANTAO"
GONE = "U0GONE"  # deactivated: Slack takes them out of every group
PEOPLE = (ANA, CLARA, BRUNO, DAVI, OTTO, BOT, GONE)

ON_CALL = frozenset({ANA, CLARA})
APPROVERS = frozenset({BRUNO, DAVI})
TEAM = ON_CALL | APPROVERS
ANOTHER_PERSON = TEAM - {ANA}
NOBODY: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Deed:
    """Something that somebody may try. `others` are bodies that nobody may send, however much they may do."""

    may: frozenset[str]
    prepare: Prepared
    doors: Mapping[str, Body]
    others: Mapping[str, Body] = field(default_factory=dict)

    @property
    def attempts(self) -> int:
        """Each person at each door; forged requests of somebody who may; what nobody may send."""
        return len(self.doors) * (len(PEOPLE) + FORGERIES) + len(self.others)


FORGERIES = 6


def proposal(action: str) -> Prepared:
    async def prepare(office: Office) -> tuple[str, str]:
        await peace(office)
        return await office.proposed(ANA, f"/run {action}")

    return prepare


async def peace(office: Office) -> None:
    """Nothing stops a change any longer."""
    record = office.house.demo.bot.ports.record
    for state in await record.listing(INCIDENTS, only_open=True, limit=100):
        if state.breach:
            await office.send(slash("/incident clear #")(office.about(DAVI, state.number)))
    for freeze in await record.listing(FREEZES, only_open=True, limit=100):
        await office.send(slash("/plantao unfreeze #")(office.about(DAVI, freeze.number)))


async def rollback(office: Office) -> tuple[str, str]:
    return await office.proposed(ANA, "/rollback agente-api")


async def nothing(office: Office) -> tuple[str, str]:
    await office.calm()
    return "", ""


async def running(office: Office) -> tuple[str, str]:
    """A change whose new pods never come up, so that it runs until somebody cancels it."""
    await office.calm()
    await office.house.demo.world.control({"reset": True})
    number, shown = await office.proposed(ANA, "/run long")
    await office.send(button("run:approve", f"{number}:{shown}")(office.about(ANA)))
    await office.reaches(number, Phase.STARTED)
    return number, shown


async def executed(office: Office) -> tuple[str, str]:
    number, shown = await proposal("low maxmemory_mb=?")(office)
    await office.send(button("run:approve", f"{number}:{shown}")(office.about(ANA)))
    await office.reaches(number, Phase.VERIFIED)
    return number, shown


async def agreed_by_two(office: Office) -> tuple[str, str]:
    """A step by hand that two people have approved, and that nobody has done."""
    number, shown = await proposal("two-by-hand")(office)
    for who in (CLARA, DAVI):
        await office.send(MELT["form"](office.about(who, number, shown)))
    await office.is_released(number)
    return number, shown


async def agreed_in_a_freeze(office: Office) -> tuple[str, str]:
    run = await agreed_by_two(office)
    await frozen(office)
    return run


async def offered_by_the_bot(office: Office, incident: str = "") -> tuple[str, str]:
    """A change of Ana's that could not be verified, and that the bot proposes to take back."""
    number, shown = await proposal(f"unverifiable maxmemory_mb=? {incident}")(office)
    await office.send(button("run:approve", f"{number}:{shown}")(office.about(CLARA)))
    await office.reaches(number, Phase.UNVERIFIED)
    return await office.taken_back_by(number)


async def incident(office: Office) -> tuple[str, str]:
    await office.send(slash("/incident declare P2 odd logins")(office.about(OTTO)))
    return await _latest(office, "INC")


async def breached(office: Office) -> tuple[str, str]:
    number, _ = await incident(office)
    await office.send(slash("/incident breach #")(office.about(ANA, number)))
    return number, ""


async def frozen(office: Office) -> tuple[str, str]:
    await office.send(slash("/plantao freeze migration")(office.about(ANA)))
    return await _latest(office, "FRZ")


async def _latest(office: Office, family: str) -> tuple[str, str]:
    return f"{family}-{(await office.house.demo.bot.store.get(f'{{plantao}}:count:{family}')).decode()}", ""


async def in_a_freeze(office: Office) -> tuple[str, str]:
    run = await proposal("low maxmemory_mb=?")(office)
    await frozen(office)
    return run


def in_a_breach(action: str) -> Prepared:
    async def prepare(office: Office) -> tuple[str, str]:
        run = await proposal(action)(office)
        await breached(office)
        return run

    return prepare


async def in_an_emergency(office: Office) -> tuple[str, str]:
    await office.send(slash("/incident declare P0 down")(office.about(OTTO)))
    number, _ = await _latest(office, "INC")
    return await proposal(f"emergency maxmemory_mb=? {number}")(office)


async def offered_in_an_emergency(office: Office) -> tuple[str, str]:
    await office.send(slash("/incident declare P0 down")(office.about(OTTO)))
    number, _ = await _latest(office, "INC")
    return await offered_by_the_bot(office, number)


APPROVE = {"button": button("run:approve", "#:%")}
NOT_WHAT_WAS_SHOWN = {
    "another fingerprint": button("run:approve", "#:000000000000"),
    "no fingerprint": button("run:approve", "#"),
    "another run": button("run:approve", "RUN-1:%"),
    "a run that does not exist": button("run:approve", "RUN-999:%"),
    "a number that is none": button("run:approve", "INC-1:%"),
    "nothing": button("run:approve", ""),
    "an empty form": form("run:typed", "#:", typed="store"),
}
TYPED = {"form": form("run:typed", "#:%", typed="redis")}
NOT_TYPED = {
    "the button of another card": button("run:approve", "#:%"),
    "another name": form("run:typed", "#:%", typed="Redis"),
    "no name": form("run:typed", "#:%", typed=""),
    "another fingerprint": form("run:typed", "#:000000000000", typed="redis"),
}
MELT = {"form": form("run:typed", "#:%", typed="two-by-hand")}
NOT_MELTED = {
    "without the form": button("run:approve", "#:%"),
    "another name": form("run:typed", "#:%", typed="by-hand"),
    "another fingerprint": form("run:typed", "#:000000000000", typed="two-by-hand"),
}
DONE = {"button": button("run:done", "#")}
DENY = {"button": button("run:deny", "#:%")}
NO_RUN = {"a run that does not exist": button("run:deny", "RUN-999:%"), "nothing": button("run:deny", "")}
CANCEL = {"button": button("run:cancel", "#"), "command": slash("/run cancel #")}
UNDO = {"button": button("run:undo", "#"), "command": slash("/run undo #")}
PROPOSE = {
    "button": button("run:propose", "plant:by-hand:"),
    "command": slash("/run low maxmemory_mb=?"),
    "form": form("run:propose", "plant:low:", maxmemory_mb="?"),
}
NOT_OFFERED = {
    "what is refused": slash("/run refused"),
    "what is refused, by button": button("run:propose", "plant:refused:"),
    "what is refused, by form": form("run:propose", "plant:refused:", maxmemory_mb="?"),
    "what does not exist": button("run:propose", "plant:drop-everything:"),
    "a parameter of the catalog's": slash("/run low maxmemory_mb=? max=99999999"),
    "the same by form": form("run:propose", "plant:low:", maxmemory_mb="?", max="99999999"),
    "a value that the pattern forbids": form("run:propose", "plant:low:", maxmemory_mb="200; FLUSHALL"),
    "a value beyond the catalog's bounds": slash("/run low maxmemory_mb=99999"),
}

APPROVING: Mapping[str, Deed] = {
    "low": Deed(TEAM, proposal("low maxmemory_mb=?"), APPROVE, NOT_WHAT_WAS_SHOWN),
    "medium": Deed(ANOTHER_PERSON, proposal("medium maxmemory_mb=?"), APPROVE, NOT_WHAT_WAS_SHOWN),
    "high": Deed(APPROVERS, proposal("high maxmemory_mb=?"), APPROVE, NOT_WHAT_WAS_SHOWN),
    "destructive": Deed(APPROVERS, proposal("destructive maxmemory_mb=?"), TYPED, NOT_TYPED | NOT_WHAT_WAS_SHOWN),
    "rollback": Deed(ANOTHER_PERSON, rollback, APPROVE, NOT_WHAT_WAS_SHOWN),
    # Nobody takes back alone what they proposed alone, though it is the bot that proposes it.
    "the bot's way back": Deed(ANOTHER_PERSON, offered_by_the_bot, APPROVE, NOT_WHAT_WAS_SHOWN),
    # Approving is no way to tick off a step that a person does.
    "by hand": Deed(NOBODY, proposal("by-hand"), APPROVE, NOT_WHAT_WAS_SHOWN),
    "by hand, for two": Deed(ANOTHER_PERSON, proposal("two-by-hand"), MELT, NOT_MELTED),
}
STOPPED: Mapping[str, Deed] = {
    "by hand, for two, in a freeze": Deed(frozenset({DAVI}), agreed_in_a_freeze, DONE),
    "in a freeze": Deed(NOBODY, in_a_freeze, APPROVE, {"command": slash("/run low maxmemory_mb=?")}),
    "lift the freeze": Deed(
        TEAM, frozen, {"button": button("freeze:lift", "#"), "command": slash("/plantao unfreeze #")}
    ),
    "freeze": Deed(TEAM, nothing, {"command": slash("/plantao freeze migration")}),
}
BREACHED: Mapping[str, Deed] = {
    "call it a breach": Deed(TEAM, incident, {"command": slash("/incident breach #")}),
    "in a breach": Deed(
        NOBODY, in_a_breach("medium maxmemory_mb=?"), APPROVE, {"rollback": slash("/rollback agente-api")}
    ),
    "safe in a breach": Deed(ANOTHER_PERSON, in_a_breach("safe maxmemory_mb=?"), APPROVE, NOT_WHAT_WAS_SHOWN),
    "release it": Deed(frozenset({DAVI}), breached, {"command": slash("/incident clear #")}),
}
DECIDING: Mapping[str, Deed] = {
    # Whoever proposed it withdraws it by the same button.
    "deny low": Deed(TEAM, proposal("low maxmemory_mb=?"), DENY, NO_RUN),
    "deny high": Deed(APPROVERS | {ANA}, proposal("high maxmemory_mb=?"), DENY, NO_RUN),
    "deny destructive": Deed(APPROVERS | {ANA}, proposal("destructive maxmemory_mb=?"), DENY, NO_RUN),
    "deny rollback": Deed(TEAM, rollback, DENY, NO_RUN),
    "tick off by hand": Deed(TEAM, proposal("by-hand"), DONE),
    "tick off what is not by hand": Deed(NOBODY, proposal("low maxmemory_mb=?"), DONE),
    "tick off before two have agreed": Deed(NOBODY, proposal("two-by-hand"), DONE),
    "tick off what two agreed to": Deed(frozenset({DAVI}), agreed_by_two, DONE, MELT),
    "not done, though two agreed": Deed(TEAM, agreed_by_two, DENY, NO_RUN),
    "emergency": Deed(frozenset({ANA}), in_an_emergency, {"button": button("run:emergency", "#:%")}),
    "deny the bot's way back": Deed(TEAM, offered_by_the_bot, DENY, NO_RUN),
    "emergency, the bot's way back": Deed(
        frozenset({ANA}), offered_in_an_emergency, {"button": button("run:emergency", "#:%")}
    ),
    "emergency without a policy": Deed(
        NOBODY, proposal("medium maxmemory_mb=?"), {"button": button("run:emergency", "#:%")}
    ),
}
CHANGING: Mapping[str, Deed] = {
    "propose": Deed(TEAM, nothing, PROPOSE, NOT_OFFERED),
    "roll back": Deed(
        TEAM, nothing, {"command": slash("/rollback agente-api"), "button": button("run:propose", "plant:rollback:")}
    ),
    "undo": Deed(TEAM, executed, UNDO, {"a run that does not exist": button("run:undo", "RUN-999")}),
}
CANCELLING: Mapping[str, Deed] = {
    "cancel what a person would do": Deed(TEAM, agreed_by_two, CANCEL),
    # The last, since what nobody may cancel goes on until its limit.
    "cancel": Deed(TEAM, running, CANCEL, {"a run that does not exist": button("run:cancel", "RUN-999")}),
}
SHEETS = {
    "approving": APPROVING,
    "stopped": STOPPED,
    "breached": BREACHED,
    "deciding": DECIDING,
    "changing": CHANGING,
    "cancelling": CANCELLING,
}


@pytest.mark.parametrize("sheet", SHEETS)
async def test_only_what_the_policy_says_gets_through(house: House, signed_http: None, sheet: str) -> None:
    office = Office(house)
    assert (await office.proposed(ANA, "/run medium maxmemory_mb=?"))[0] == "RUN-1", "the other run of the forgeries"
    for name, deed in SHEETS[sheet].items():
        await try_everything(office, name, deed)
    assert office.tried == {name: deed.attempts for name, deed in SHEETS[sheet].items()}
    for state in await house.demo.bot.ports.record.listing(RUNS, only_open=True, limit=20):
        if state.phase is Phase.STARTED:  # closing the house would wait for it
            await house.command(APPROVER, f"/run cancel {state.number}")


def test_the_count_of_attempts_is_the_one_that_the_threat_model_names() -> None:
    attempts = sum(deed.attempts for sheet in SHEETS.values() for deed in sheet.values())
    model = (HERE / "docs" / "security.md").read_text(encoding="utf-8")
    assert re.findall(r"\*\*(\d+) attempts\*\*", model) == [str(attempts)]


async def try_everything(office: Office, name: str, deed: Deed) -> None:
    number, shown = await deed.prepare(office)
    before = await office.recorded()
    someone = min(deed.may or {BRUNO})
    for door, body in deed.doors.items():
        for person in PEOPLE:
            if person not in deed.may:
                await fails(office, name, f"{person} by {door}", body(office.about(person, number, shown)))
        await try_forgeries(office, name, deed, door, (number, shown))
    for what, body in deed.others.items():
        await fails(office, name, what, body(office.about(someone, number, shown)))
    await office.house.demo.bot.desk.errands.drain(10)
    assert await office.recorded() == before, f"{name}: something got through in the end"
    for door, body in deed.doors.items():
        for person in sorted(deed.may):
            await succeeds(office, name, f"{person} by {door}", body(office.about(person, number, shown)))
            number, shown = await deed.prepare(office)


async def try_forgeries(office: Office, name: str, deed: Deed, door: str, about: tuple[str, str]) -> None:
    """Requests that would do it, if only they came from Slack, now, and from this workspace."""
    someone = min(deed.may or {BRUNO})

    def body(user: str = someone, team: str = "T0PLANTAO") -> bytes:
        return deed.doors[door](office.about(user, *about, team=team))

    plain = body()
    forged = {
        "unsigned": {},
        "another secret": office.signature(plain, secret="guessed"),
        "changed after it was signed": office.signature(body(OTTO)),
        "too old": office.signature(plain, age=301),
        "too early": office.signature(plain, age=-310),
    }
    for how, headers in forged.items():
        await fails(office, name, f"{door}: {how}", plain, headers)
    await fails(office, name, f"{door}: another workspace", body(team="T0OTHER"))
    assert len(forged) + 1 == FORGERIES


async def fails(office: Office, deed: str, how: str, body: bytes, headers: dict[str, str] | None = None) -> None:
    before = await office.recorded()
    status = await office.send(body, headers)
    assert await office.recorded() == before, f"{deed}: {how} got through"
    assert status == (200 if headers is None else 401), f"{deed}: {how}"
    office.tried[deed] += 1


async def succeeds(office: Office, deed: str, how: str, body: bytes) -> None:
    before = await office.recorded()
    assert await office.send(body) == 200
    await office.grown(before, f"{deed}: {how} was refused")
    office.tried[deed] += 1
