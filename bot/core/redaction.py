"""What evidence may not carry: credentials and personal data are masked, what an engineer reads it for survives.

Every pattern is linear in the length of its text: log lines are written by strangers.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from ipaddress import AddressValueError, IPv6Address
from typing import Final, TypeAlias

MASKED: Final = "***"
_Match: TypeAlias = re.Match[str]
_Rule: TypeAlias = tuple[re.Pattern[str], str | Callable[[_Match], str], tuple[str, ...]]

_EMPTY_VALUES: Final = frozenset({"", "null", "none", "nil", "true", "false", "undefined", "unset", MASKED})
_IS: Final = r"""\\?["']?\s{0,3}(?:=>|[=:])\s{0,3}"""
_SENSITIVE: Final = (
    r"(?:password|passwd|passphrase|(?<![a-z])pass|pwd|senha|secret|credentials?"
    r"|(?:api|access|private|secret)[_-]?key(?:_base)?)"
)


def mask(text: str) -> str:
    """The same text without credentials, e-mails, phone numbers, CPF, CNPJ, cards and whole addresses.

    Masking twice changes nothing. Mask before cutting: half a token no longer looks like one.
    """
    return _replaced(mask_but_addresses(text), _ADDRESSES)


def mask_but_addresses(text: str) -> str:
    """The same with the addresses of machines left in: for the restricted channel alone."""
    return _replaced(mask_credentials(text), _PERSONAL)


def mask_credentials(text: str) -> str:
    """What a person typed without passwords, keys and tokens: whom it is about, they may say."""
    return _replaced(text, _CREDENTIALS)


def _replaced(text: str, rules: Iterable[_Rule]) -> str:
    """Skip the rules of which a text lacks the words: most lines lack most of them, and there are tens of thousands.

    Only ASCII has exactly one small letter for each letter; other texts get every rule.
    """
    small = text.lower() if text.isascii() else ""
    for pattern, replacement, needs in rules:
        if not (small and needs) or any(word in small for word in needs):
            text = pattern.sub(replacement, text)
    return text


def spoken(given: Mapping[str, str]) -> str:
    """What somebody said with a check, as it may be shown: ` name=value` for each."""
    return "".join(f" {mask(f'{name}={value}')}" for name, value in given.items())


def _named_secret(found: _Match) -> str:
    quote, value = found["quote"] or "", found["quoted"] if found["quote"] else found["bare"]
    if value.lower() in _EMPTY_VALUES:
        return found[0]
    return f"{found['name']}{quote}{MASKED}{quote}"


def _if_random(found: _Match) -> str:
    """`basic authentication` and `token: expired` are prose, `basic dXNlcjpwYXNz` is not."""
    value = found["value"]
    has_inner_capital = value[1:] != value[1:].lower()
    is_prose = not any(sign.isdigit() for sign in value) and not has_inner_capital and len(value) < 24
    return found[0] if is_prose else found["name"] + MASKED


def _card(found: _Match) -> str:
    digits = [int(sign) for sign in found[0] if sign.isdigit()]
    doubled = [digit * 2 - 9 * (digit > 4) for digit in digits[-2::-2]]
    return MASKED if (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0 else found[0]


def _cpf(found: _Match) -> str:
    digits = [int(sign) for sign in found[0]]
    return MASKED if digits[9:] == [_check_digit(digits[:9]), _check_digit(digits[:10])] else found[0]


def _cnpj(found: _Match) -> str:
    digits = [int(sign) for sign in found[0]]
    return MASKED if digits[12:] == [_company_digit(digits[:12]), _company_digit(digits[:13])] else found[0]


def _company_digit(digits: list[int]) -> int:
    weighed = sum(digit * (place % 8 + 2) for place, digit in enumerate(reversed(digits)))
    return 11 - weighed % 11 if weighed % 11 > 1 else 0


def _check_digit(digits: list[int]) -> int:
    weighed = sum(digit * weight for digit, weight in zip(digits, range(len(digits) + 1, 1, -1), strict=True))
    return weighed * 10 % 11 % 10


def _ipv6(found: _Match) -> str:
    try:
        address = IPv6Address(found[0])
    except AddressValueError:
        return found[0]
    if address.is_loopback or address.is_unspecified:
        return found[0]
    return ":".join(address.exploded.split(":")[:3]) + ":x"


def _rule(pattern: str, replacement: str | Callable[[_Match], str] = MASKED, *needs: str) -> _Rule:
    """A rule, and the words of which at least one stands, in small letters, in every text that it changes."""
    return re.compile(pattern), replacement, needs


_CREDENTIALS: Final = (
    _rule(
        r"(?s)-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----.*?(?:-----END [A-Z ]{0,40}PRIVATE KEY-----|\Z)",
        MASKED,
        "-----begin",
    ),
    _rule(r"\beyJ[\w-]{6,}\.[\w-]{6,}(?:\.[\w-]*)?", MASKED, "eyj"),
    _rule(r"(?i)((?:set-)?cookie\\?[\"']?:\s{0,3})[^\r\n\"']+", rf"\1{MASKED}", "cookie"),
    _rule(
        r"(?i)(\bauthorization" + _IS + r"\\?[\"']?)(?:basic|bearer|digest|token|apikey|negotiate)\s+[^\s\"',]+",
        rf"\1{MASKED}",
        "authorization",
    ),
    _rule(r"(\bAWS4-HMAC-SHA256)\s[^\r\n]+", rf"\1 {MASKED}", "aws4-hmac"),
    _rule(r"(?P<name>\b(?i:bearer|basic)\s+)(?P<value>[\w+/=.~-]{8,})", _if_random, "bearer", "basic"),
    _rule(r"\b(?:sk|pk|rk)[-_](?=[\w-]{0,40}\d)[\w-]{12,}", MASKED, "sk-", "sk_", "pk-", "pk_", "rk-", "rk_"),
    _rule(r"\b(?:xox[a-z]|xapp|glpat)-[\w-]{10,}", MASKED, "xox", "xapp-", "glpat-"),
    _rule(
        r"\b(?:gh[opsur]|github_pat|dckr_pat|npm|hf|sbp|sb_secret|rnd|dop_v1)_(?=[\w-]{0,40}\d)[\w-]{20,}", MASKED, "_"
    ),
    _rule(r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b", MASKED, "akia", "asia"),
    _rule(r"\bAIza[\w-]{30,}", MASKED, "aiza"),
    _rule(r"\bSG\.[\w-]{10,}\.[\w-]{10,}", MASKED, "sg."),
    _rule(r"\bhv[sb]\.[\w-]{20,}", MASKED, "hvs.", "hvb."),
    _rule(r"(?<!\d)\d{6,12}:[A-Za-z0-9_-]{30,}", MASKED, ":"),
    _rule(r"(\bhooks\.slack\.com/)[\w/-]+", rf"\1{MASKED}", "hooks.slack.com/"),
    _rule(r"(://[^\s:@/\"']{0,256}):(?!\d{1,5}(?:[/?#\s]|$))[^\s\"'<>]{1,512}@", rf"\1:{MASKED}@", "://"),
    _rule(r"(://)[^\s:@/\"']{16,256}@", rf"\1{MASKED}@", "://"),
    _rule(
        rf"(?i)(?P<name>{_SENSITIVE}{_IS})(?:(?P<quote>\\?[\"'])(?P<quoted>.*?)(?:(?P=quote)|$)|(?P<bare>[^\s\"',;&)}}\]]+))",
        _named_secret,
        "pass",
        "pwd",
        "senha",
        "secret",
        "credential",
        "key",
    ),
    _rule(
        rf"(?i)(?P<name>(?:token|authorization|session_?id){_IS}\\?[\"']?)(?P<value>[\w+/=.~-]{{8,}})",
        _if_random,
        "token",
        "authorization",
        "session",
    ),
    _rule(rf"(?i)(?P<name>(?:key|chave){_IS}\\?[\"']?)(?P<value>[\w+/=-]{{20,}})", _if_random, "key", "chave"),
)
_PERSONAL: Final = (
    _rule(r"(?<![\w.+-])[\w.+-]+@((?:[\w-]+\.)+[a-zA-Z]{2,})", rf"{MASKED}@\1", "@"),
    _rule(r"\b(sha(?:256|512):[0-9a-f]{12})[0-9a-f]{20,}", r"\1", "sha256:", "sha512:"),
    _rule(r"(?<![\w.-])\d{3}\.\d{3}\.\d{3}-\d{2}(?!\w)"),
    _rule(r"(?<![\w.-])[0-9A-Z]{2}\.[0-9A-Z]{3}\.[0-9A-Z]{3}/[0-9A-Z]{4}-\d{2}(?!\w)", MASKED, "/"),
    _rule(r"(?<![\w.+-])\d{14}(?![\w-])", _cnpj),
    _rule(r"(?<![\w.:+-])[2-6]\d{3}(?:[ -]?\d){9,15}(?![\w-])", _card),
    _rule(r"(?<![\w.-])\+\d{1,3}[ .-]?(?:\(\d{1,4}\)|\d{1,4})(?:[ .-]?\d{2,5}){1,4}(?![\w:-])", MASKED, "+"),
    _rule(r"(?<![\w.+-])(?:55 ?)?(?:\([1-9][1-9]\) ?|[1-9][1-9][ -])(?:9 ?)?\d{4}[- ]?\d{4}(?![\w:-])"),
    _rule(r"(?<![\w.+-])(?:55)?[1-9][1-9]9\d{8}(?![\w-])"),
    _rule(r"(?<![\w.+-])9\d{4}-\d{4}(?![\w-])"),
    _rule(r"(?<![\w.+-])\d{11}(?![\w-])", _cpf),
)
_ADDRESSES: Final = (
    _rule(
        r"(?<![\w.-])(?!127\.|0\.0\.0\.0)((?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3})(?:25[0-5]|2[0-4]\d|1?\d?\d)(?![\w-]|\.\d)",
        r"\1x",
        ".",
    ),
    _rule(r"(?<![\w:.])(?=[0-9a-fA-F:]{0,45}\d)(?:[0-9a-fA-F]{0,4}:){2,7}[0-9a-fA-F]{0,4}(?![\w:])", _ipv6, ":"),
)
