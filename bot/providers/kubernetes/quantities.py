"""Amounts of processor time and memory as Kubernetes writes them: `250m`, `2`, `512Mi`, `1.5Gi`, `1e3`."""

import re
from typing import Final

QUANTITY: Final = r"^\d{1,12}(\.\d{1,9})?(m|k|M|G|T|Ki|Mi|Gi|Ti)?$"
MEBI: Final = 1024.0**2

_FACTORS: Final = {
    "n": 1e-9,
    "u": 1e-6,
    "m": 1e-3,
    "": 1.0,
    "k": 1e3,
    "M": 1e6,
    "G": 1e9,
    "T": 1e12,
    "P": 1e15,
    "E": 1e18,
    "Ki": 1024.0,
    "Mi": 1024.0**2,
    "Gi": 1024.0**3,
    "Ti": 1024.0**4,
    "Pi": 1024.0**5,
    "Ei": 1024.0**6,
}
_WRITTEN: Final = re.compile(r"([+-]?\d{1,30}(?:\.\d{0,30})?|\.\d{1,30})(?:[eE]([+-]?\d{1,2})|([numkMGTPE]?i?))")


def amount(text: str) -> float | None:
    """In processors or bytes; None for what is no quantity."""
    found = _WRITTEN.fullmatch(str(text).strip())
    if found is None:
        return None
    number, power, suffix = found.groups()
    if power:
        return float(number) * 10.0 ** int(power)
    factor = _FACTORS.get(suffix or "")
    return None if factor is None else float(number) * factor
