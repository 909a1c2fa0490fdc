"""Every action of the five systems under its own rule: who may propose it, tick it off, agree to it; forged or not.

Each keeps its name, risk and approvers, and does the same light thing here, so that only its rule is tried. Who may is
worked out from the roles in a few lines of this file; the product is asked for nothing but what it recorded.
"""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from bot.catalog.entries import Action
from bot.catalog.load import load
from bot.core.run import Phase
from bot.settings import HERE
from sandbox.demo import open_demo
from tests.conftest import TLS
from tests.house import RECORD_LIMIT, House
from tests.proof.office import Body, Office, button, form, slash
from tests.proof.test_permissions import ANA, BOT, BRUNO, CLARA, DAVI, GONE, OTTO, PEOPLE

pytestmark = pytest.mark.timeout(600)

HOLDERS = {
    "responder": {ANA, CLARA},
    "approver": {BRUNO, DAVI},
    "security": {DAVI},
    "commander": {BRUNO},
    "dba": {DAVI},
}
GROUPS = {"commander": "@commanders", "dba": "@dba"}
SYSTEMS = ("railway-chroma", "agente-ia", "harven", "customer-support", "etp-express")
MATRIX = Path("tests/catalogs/matrix/plant")


@dataclass(frozen=True)
class Rule:
    """What an action's entry says, as a person would read it."""

    action: Action

    @property
    def roles(self) -> set[str]:
        """Everybody who holds one of its roles."""
        assert self.action.approve is not None
        return set().union(*(HOLDERS[role] for role in self.action.approve.roles))

    @property
    def may(self) -> set[str]:
        """Whose word counts for what Ana proposed: her own only where little is at stake, or where she does it."""
        if self.is_ticked_at_once:
            return self.may_tick
        return self.roles if self.action.risk == "low" else self.roles - {ANA}

    @property
    def may_tick(self) -> set[str]:
        """Who says that a step by hand is done: of a named role where one is named."""
        return self.named or self.roles

    @property
    def wanted(self) -> int:
        """How many: two for what destroys."""
        assert self.action.approve is not None
        return max(self.action.approve.quorum or 1, 2 if self.action.risk == "destructive" else 1)

    @property
    def is_ticked_at_once(self) -> bool:
        """Whether one person does it by hand and says so, and nobody has to agree before."""
        return self.action.by_hand is not None and self.wanted == 1

    @property
    def named(self) -> set[str]:
        """Everybody who holds a role of which one has to be among those who agree."""
        assert self.action.approve is not None
        return set().union(*(HOLDERS[role] for role in self.action.approve.among))

    def is_agreed(self, people: set[str]) -> bool:
        """As many as are wanted, and one of a named role where one is named."""
        return len(people) >= self.wanted and (not self.named or bool(people & self.named))


def actions(system: str) -> dict[str, Action]:
    return dict(load(HERE / "catalog").systems[system].actions)


def written(action: Action) -> dict[str, Any]:
    """The entry with its own rule, and one light change instead of its own."""
    entry: dict[str, Any] = {"title": {"en": action.name, "pt": action.name}, "risk": action.risk}
    if action.refused is not None:
        return {**entry, "refused": entry["title"]}
    entry |= {"approve": action.approve.model_dump(mode="json", exclude={"expires"}, exclude_none=True)}  # type: ignore[union-attr]
    entry |= {"breach_ok": action.breach_ok}
    if action.by_hand is not None:
        return {**entry, "by_hand": entry["title"]}
    change = yaml.safe_load((MATRIX / "actions.yml").read_text(encoding="utf-8"))["actions"]["low"]
    return {**change, **entry}


@pytest.fixture(params=SYSTEMS)
async def office(
    request: pytest.FixtureRequest, tmp_path: Path, data: Path
) -> AsyncIterator[tuple[Office, dict[str, Action]]]:
    found, folder = actions(request.param), tmp_path / "catalog" / "plant"
    folder.mkdir(parents=True)
    system = yaml.safe_load((MATRIX / "system.yml").read_text(encoding="utf-8"))
    system["roles"] |= {role: {"title": {"en": role, "pt": role}, "members": [group]} for role, group in GROUPS.items()}
    documents = {"system": system, "actions": {"actions": {name: written(one) for name, one in found.items()}}}
    for name, document in documents.items():
        (folder / f"{name}.yml").write_text(yaml.safe_dump(document), encoding="utf-8")
    (folder / "checks.yml").write_text((MATRIX / "checks.yml").read_text(encoding="utf-8"), encoding="utf-8")
    async with (
        open_demo(data, http=True, catalog=folder.parent, strict_rates=False, record_limit=RECORD_LIMIT) as demo,
        httpx.AsyncClient(base_url=demo.slack.url, timeout=60, trust_env=False, verify=TLS) as client,
    ):
        yield Office(House(demo, client)), found


async def test_each_action_is_proposed_and_agreed_to_by_those_of_its_rule_alone(
    office: tuple[Office, dict[str, Action]],
) -> None:
    place, found = office
    for name, action in found.items():
        await nobody_else_proposes(place, name, is_refused=action.refused is not None)
        if action.refused is None:
            await only_its_people_agree(place, name, Rule(action))
    assert place.tried == {name: len(attempts(action)) for name, action in found.items()}


def test_the_count_of_attempts_is_the_one_that_the_threat_model_names() -> None:
    every = [one for system in SYSTEMS for one in actions(system).values()]
    model = (HERE / "docs" / "security.md").read_text(encoding="utf-8")
    assert f"**{sum(len(attempts(one)) for one in every)} tries** on **{len(every)} actions**" in model


def attempts(action: Action) -> list[str]:
    """What is tried with an action, in words: who is turned away proposing, and then agreeing."""
    tried = [f"propose: {how}" for how, _ in strangers(action.name, is_refused=action.refused is not None)]
    if action.refused is None:
        rule = Rule(action)
        tried += [f"agree: {person}" for person in PEOPLE if person not in rule.may]
        tried += [f"agree: {how}" for how, _, _ in forged(rule)]
        tried += [f"tick off: {person}" for person in others_tick_off(rule)]
    return tried


def strangers(name: str, *, is_refused: bool) -> Iterator[tuple[str, tuple[Body, str, str]]]:
    """Through each door: with who sends it, and from which workspace; what is refused is refused to everybody."""
    values = "" if is_refused else " maxmemory_mb=?"
    doors = {
        "command": slash(f"/run {name}{values}"),
        "button": button("run:propose", f"plant:{name}:"),
        "form": form("run:propose", f"plant:{name}:", maxmemory_mb="?"),
    }
    for door, body in doors.items():
        yield f"outsider by {door}", (body, OTTO, "T0PLANTAO")
        yield f"another workspace by {door}", (body, ANA, "T0OTHER")
        if is_refused:
            yield f"on-call by {door}", (body, ANA, "T0PLANTAO")
            yield f"lead by {door}", (body, DAVI, "T0PLANTAO")
    yield "bot by command", (doors["command"], BOT, "T0PLANTAO")
    yield "deactivated by command", (doors["command"], GONE, "T0PLANTAO")


def forged(rule: Rule) -> Iterator[tuple[str, Body, str]]:
    """What nobody may send, however much they may do."""
    done, agree = button("run:done", "#"), agreeing(rule)
    yield "another workspace", done if rule.is_ticked_at_once else agree, "T0OTHER"
    yield "the other button", agree if rule.is_ticked_at_once else done, "T0PLANTAO"
    if not rule.is_ticked_at_once:
        yield "another fingerprint", agreeing(rule, "#:000000000000"), "T0PLANTAO"
    if rule.action.risk == "destructive":
        yield "without the typed name", button("run:approve", "#:%"), "T0PLANTAO"


def others_tick_off(rule: Rule) -> list[str]:
    """Who must not say that a step by hand is done, once enough have agreed to it."""
    is_for_several = rule.action.by_hand is not None and not rule.is_ticked_at_once
    return [person for person in PEOPLE if person not in rule.may_tick] if is_for_several else []


def agreeing(rule: Rule, value: str = "#:%") -> Body:
    if rule.action.risk == "destructive":
        return form("run:typed", value, typed=rule.action.name if rule.action.by_hand else "redis")
    return button("run:approve", value)


async def nobody_else_proposes(place: Office, name: str, *, is_refused: bool) -> None:
    before = await place.house.demo.bot.store.get("{plantao}:count:RUN")
    for _, (body, who, team) in strangers(name, is_refused=is_refused):
        assert await place.send(body(place.about(who, team=team))) == 200
        place.tried[name] += 1
    await place.rest()
    assert await place.house.demo.bot.store.get("{plantao}:count:RUN") == before, f"{name} was proposed"


async def only_its_people_agree(place: Office, name: str, rule: Rule) -> None:
    number, shown = await place.proposed(ANA, f"/run {name}{'' if rule.action.by_hand else ' maxmemory_mb=?'}")
    done = button("run:done", "#")
    body = done if rule.is_ticked_at_once else agreeing(rule)
    for person in PEOPLE:
        if person not in rule.may:
            await is_turned_away(place, name, person, body(place.about(person, number, shown)), number)
    for how, other, team in forged(rule):
        await is_turned_away(place, name, how, other(place.about(max(rule.may), number, shown, team)), number)
    agreed: set[str] = set()
    for person in sorted(rule.may):
        if await place.send(body(place.about(person, number, shown))) != 200 or rule.is_ticked_at_once:
            break
        agreed.add(person)
        await place.rest()
        is_decided = (await place.run(number)).phase is not Phase.PROPOSED
        assert is_decided == rule.is_agreed(agreed), f"{name}: {sorted(agreed)} agreed"
        if is_decided:
            break
    assert (await place.run(number)).phase is not Phase.PROPOSED, f"{name}: its own people could not agree to it"
    if others := others_tick_off(rule):
        await place.is_released(number)
        for person in others:
            await is_turned_away(place, name, person, done(place.about(person, number)), number)
        assert (await place.run(number)).phase is Phase.APPROVED, f"{name}: it was done before anybody said so"
        await place.send(done(place.about(min(rule.may_tick), number)))
        await place.reaches(number, Phase.VERIFIED)


async def is_turned_away(place: Office, name: str, how: str, body: bytes, number: str) -> None:
    before = await place.run(number)
    assert await place.send(body) == 200
    await place.rest()
    assert await place.run(number) == before, f"{name}: {how} got through"
    place.tried[name] += 1
