"""Customer Support asks its own application what a customer would ask: proposed, confirmed, answered, kept."""

import json

from tests.house import House
from tests.people import NEXT_ON_CALL, ON_CALL, OUTSIDER
from tests.runs.steps import readable, settled, verified
from tests.scenarios.test_masking import record

CHANNEL = "customer-support"


async def test_a_question_that_only_a_new_document_answers_is_asked_and_its_answer_comes_to_the_thread(
    house: House,
) -> None:
    app = house.demo.world.neighbours.vendors.app
    app.answers["devol"] = "Você pode devolver em até 45 dias."
    await house.command(ON_CALL, "/run ask-the-bot", channel=CHANNEL)
    await house.submit(ON_CALL, question="Até quando posso devolver?", expects="45 dias")
    card = await house.headline("RUN-1")
    assert "Até quando posso devolver?" in readable(house.words(card))
    assert app.messages == []
    await house.click(ON_CALL, card, "run:approve")
    await verified(house)
    assert "Você pode devolver em até 45 dias." in await house.replied("RUN-1", "45 dias")
    assert [one["message"] for one in app.messages] == ["Até quando posso devolver?"]


async def test_an_answer_without_the_phrase_is_a_failed_run_that_shows_what_was_answered(house: House) -> None:
    app = house.demo.world.neighbours.vendors.app
    await house.command(ON_CALL, "/run ask-the-bot", channel=CHANNEL)
    await house.submit(ON_CALL, question="Até quando posso devolver?", expects="90 dias")
    await house.click(ON_CALL, await house.headline("RUN-1"), "run:approve")
    await settled(house)
    assert "até 30 dias" in await house.replied("RUN-1", "90 dias")
    assert len(app.messages) == 1


async def test_a_change_of_a_company_is_verified_by_the_settings_of_that_company(house: House) -> None:
    app = house.demo.world.neighbours.vendors.app
    app.companies["acme"] = {**app.companies["test_company"], "custom_instructions": "Answer."}
    await house.command(ON_CALL, "/run set-language", channel=CHANNEL)
    wording = "Responda sempre em português do Brasil, com clareza e cordialidade."
    await house.submit(ON_CALL, company="acme", value=wording)
    await house.click(ON_CALL, await house.headline("RUN-1"), "run:approve")
    state = await verified(house)
    assert [summary.values["company"] for _, _, summary in state.proposal.evidence] == ["acme"]
    assert [summary.values["company"] for _, _, summary in state.lines] == ["acme"]
    await house.command(ON_CALL, "/diag company-settings company=acme", channel=CHANNEL)
    await house.told(ON_CALL, "de acme")


async def test_whether_an_account_exists_is_told_and_the_address_is_neither_shown_nor_kept(house: House) -> None:
    mongo = house.demo.world.neighbours.mongo
    account = {"email": "maria@outside.example", "role": "admin", "company_id": "acme", "password": "s3same-hash"}
    mongo.insert("support", "dashboard_users", account)
    await house.command(NEXT_ON_CALL, "/incident declare P2 login refused", channel=CHANNEL)
    await house.command(NEXT_ON_CALL, "/diag dashboard-user INC-1", channel=CHANNEL)
    await house.submit(NEXT_ON_CALL, value="maria@outside.example")

    async def told() -> str:
        shown: str = house.words((await house.views(NEXT_ON_CALL))[-1])
        return shown if "it is there" in shown else ""

    assert "role: admin  company_id: acme" in await house.until(told)
    await house.command(NEXT_ON_CALL, "/diag dashboard-user value=joao@outside.example", channel=CHANNEL)
    await house.told(NEXT_ON_CALL, "nobody in dashboard_users has this email")
    watch = "/diag watch dashboard-user value=maria@outside.example"
    assert "would have to keep" in await house.command(NEXT_ON_CALL, watch, channel=CHANNEL)
    await house.quiet()
    said = json.dumps((await house.client.get("/control/state?calls=5000")).json()["calls"])
    for place in (said, await record(house)):
        assert "it is there" in place
        assert [word for word in ("maria@", "joao@", "maria%40", "joao%40", "s3same") if word in place] == []


async def test_what_cannot_be_an_address_is_not_asked_and_who_may_not_diagnose_gets_no_answer(house: House) -> None:
    typed = "/diag dashboard-user value={'$ne':1}"
    assert "cannot be used as value" in await house.command(NEXT_ON_CALL, typed, channel=CHANNEL)
    await house.command(OUTSIDER, "/diag dashboard-user value=teste@yourcompany.com", channel=CHANNEL)
    await house.told(OUTSIDER, "may not")


async def test_a_silent_application_is_critical_for_whoever_diagnoses_the_bot(house: House) -> None:
    app = house.demo.world.neighbours.vendors.app
    await house.command(ON_CALL, "/diag bot-answers", channel=CHANNEL)
    await house.told(ON_CALL, "Uma pergunta de teste recebe resposta")
    assert [one["message"] for one in app.messages] == ["Qual é o horário de atendimento?"]
    app.trouble.status = 503
    await house.command(ON_CALL, "/diag bot-answers", channel=CHANNEL)
    await house.told(ON_CALL, "503")


async def test_a_value_that_the_operation_does_not_take_is_told_by_its_name(house: House) -> None:
    await house.command(NEXT_ON_CALL, "/diag company-settings company=_acme", channel=CHANNEL)
    said = await house.told(NEXT_ON_CALL, "Settings of a company")
    assert "company-settings: app_api.company does not take what was given for company, or misses it." in said
    await house.command(NEXT_ON_CALL, "/run set-language", channel=CHANNEL)
    wording = "Responda sempre em português do Brasil, com clareza e cordialidade."
    await house.submit(NEXT_ON_CALL, company="_acme", value=wording)

    async def told() -> str:
        shown = house.words((await house.views(NEXT_ON_CALL))[-1])
        return shown if "Nothing was proposed" in shown else ""

    refusal = await house.until(told)
    assert "set-language: app_api.update_company does not take what was given for company" in refusal
