"""What makes a session worth a second look when a breach is suspected: signs, not proofs.

Every pattern is linear in the length of its text: an attacker writes it.
"""

import re
from typing import Final

_SIGNS: Final = (
    ("copies rows out", r"\bcopy\b[^;]{1,400}\bto\b"),
    (
        "reads files or runs programs of the server",
        r"\bpg_(?:read_file|read_binary_file|ls_dir|stat_file)\b|\blo_(?:import|export)\b|\b(?:from|to)\s+program\b",
    ),
    ("reads passwords", r"\bpg_(?:shadow|authid)\b|\brolpassword\b"),
    ("changes roles or rights", r"\b(?:create|alter|drop)\s+(?:role|user)\b|\bgrant\s"),
    (
        "looks like an injection",
        r"\bor\s+'?(\w{1,20})'?\s*=\s*'?\1\b|\bunion\s+(?:all\s+)?select\s+(?:null|'|\d)|\bpg_sleep\s*\(",
    ),
)
_QUERIES: Final = tuple((sign, re.compile(pattern, re.IGNORECASE)) for sign, pattern in _SIGNS)
_TOOLS: Final = re.compile(r"(?i)\b(?:psql|pg_dump(?:all)?|pgadmin|dbeaver|datagrip|sqlmap)\b")


def signs(query: str, application: str) -> list[str]:
    """What is suspicious about a session; usually nothing."""
    found = [sign for sign, pattern in _QUERIES if pattern.search(query)]
    return [*found, "a person's tool"] if _TOOLS.search(application) else found
