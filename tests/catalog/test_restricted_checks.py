"""Which checks have details for the restricted channel: those of which the inventory says so, and no other."""

from bot.catalog.load import load
from bot.core.operation import Read
from bot.providers import operation
from bot.settings import HERE

MARKED = {
    ("railway-chroma", "rate-limit-addresses"): "000-D09",
    ("agente-ia", "top-addresses"): "001-D78",
    ("etp-express", "active-sessions"): "004-D23",
}


def test_what_the_inventory_wants_in_full_only_in_the_restricted_channel_is_marked() -> None:
    systems = load(HERE / "catalog").systems
    marked = {(id, name) for id, one in systems.items() for name, check in one.checks.items() if check.restricted}
    assert marked == set(MARKED)
    for (id, name), source in MARKED.items():
        check = systems[id].checks[name]
        found = operation(check.operation)
        assert isinstance(found, Read)
        assert found.reveal is not None
        assert source in check.source
        assert systems[id].profile.restricted_channel.startswith("env:")
