"""Reading what a person typed on a phone: quotes of every kind, one word at a time."""

QUOTES = "\"'“”„‟‘’‚‛«»‹›"


def first(words: str) -> tuple[str, str]:
    """The first word, in lower case and without quotes around it, and the rest."""
    head, _, rest = words.strip().partition(" ")
    return head.strip(QUOTES).lower(), rest.strip()


def unquoted(words: str) -> str:
    """The words without a pair of quotes around all of them."""
    words = words.strip()
    return words[1:-1].strip() if len(words) > 1 and words[0] in QUOTES and words[-1] in QUOTES else words
