"""auth.test and its kin: who am I, where am I, how do I connect."""

from ..refusal import SlackRefusal
from .call import Answer, Call


def api_test(call: Call) -> Answer:
    if call.args.has("error"):
        raise SlackRefusal("invalid_arguments", args=call.args.given)
    return {"args": {name: value for name, value in call.args.given.items() if name != "token"}}


def auth_test(call: Call) -> Answer:
    app, team = call.emulator.app, call.emulator.workspace.team
    return {
        "url": f"https://{team.domain}.slack.com/",
        "team": team.name,
        "user": app.manifest.bot_name,
        "team_id": team.id,
        "user_id": app.bot_user_id,
        "bot_id": app.bot_id,
        "is_enterprise_install": False,
    }


def open_connection(call: Call) -> Answer:
    return {"url": call.emulator.hub.url()}


def bot_info(call: Call) -> Answer:
    app = call.emulator.app
    if call.args.has("bot") and call.args.text("bot") != app.bot_id:
        raise SlackRefusal("bot_not_found")
    return {
        "bot": {
            "id": app.bot_id,
            "deleted": False,
            "name": app.manifest.name,
            "app_id": app.app_id,
            "user_id": app.bot_user_id,
            "icons": {},
        }
    }


def team_info(call: Call) -> Answer:
    team = call.emulator.workspace.team
    if call.args.text("team") not in ("", team.id):
        raise SlackRefusal("team_not_found")
    return {"team": {"id": team.id, "name": team.name, "domain": team.domain, "email_domain": "", "icon": {}}}
