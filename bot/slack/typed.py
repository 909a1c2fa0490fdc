"""What a person typed, as Slack delivers it, back to plain words."""

import re

_TOKEN = re.compile(r"<([@#!][^<>|]*)(?:\|([^<>]*))?>")


def typed_words(text: str) -> str:
    """Turn `<@U1|ana>` into `@ana`, `<#C1|ops>` into `#ops`, and unescape the three control characters."""
    plain = _TOKEN.sub(_name, text)
    return plain.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def _name(token: re.Match[str]) -> str:
    kind, label = token[1], token[2]
    if kind[0] == "!":
        return token[0]
    return f"{kind[0]}{label or kind[1:]}"
