"""The emulated MongoDB with a shop in it, and users with exactly the documented permissions."""

import json
from datetime import UTC, datetime, timedelta

from data_changes import granted
from readings import Settings

from sandbox.world.mongodb import Mongo

PASSWORD = "s3same"


def fill(mongo: Mongo) -> None:
    """Tickets of different ages, a dashboard user, and the users of docs/permissions.md."""
    now = datetime.now(UTC)
    tickets = [
        {
            "number": number,
            "status": "open" if number % 2 else "closed",
            "message": "Maria Souza: my card is 4111 1111 1111 1111",
            "contact": "maria@example.com",
            "created_at": now - timedelta(minutes=10 * (8 - number)),
        }
        for number in range(1, 8)
    ]
    mongo.insert("shop", "tickets", *tickets)
    mongo.insert(
        "shop",
        "dashboard_users",
        {"email": "maria@example.com", "password_hash": "$2b$12$abcdefgh", "role": "admin", "company": "acme"},
    )
    for label in ("mongodb-read", "mongodb-kill"):
        grant(mongo, label)


def grant(mongo: Mongo, label: str) -> None:
    """Run the commands of the documentation, as an administrator would."""
    commands = json.loads(granted(label).replace("PASSWORD", PASSWORD))
    for command in commands:
        if "createRole" in command:
            mongo.access.create_role(command["createRole"], command["privileges"])
        else:
            mongo.access.create_user(command["createUser"], command["pwd"], command["roles"])


def reader(mongo: Mongo, **other: object) -> Settings:
    return {"url": mongo.url_for("plantao", PASSWORD), "database": "shop", **other}


def killer(mongo: Mongo) -> Settings:
    return {"url": mongo.url_for("plantao-kill", PASSWORD), "database": "shop"}
