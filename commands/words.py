"""Reading what a person typed on a phone: quotes of every kind, one word at a time."""

QUOTES = "\"'“”„‟‘’‚‛«»‹›"


def first(words: str) -> tuple[str, str]:
    """The first word, in lower case and without quotes around it, and the rest."""
    head, _, rest = words.strip().partition(" ")
    return head.strip(QUOTES).lower(), rest.strip()


def chosen(words: str) -> tuple[dict[str, str], str]:
    """What is written as name=value, and the other words."""
    given, other = dict[str, str](), list[str]()
    for word in words.split():
        name, _, value = word.partition("=")
        if name and value:
            given[name] = value
        else:
            other.append(word)
    return given, " ".join(other)


def unquoted(words: str) -> str:
    """The words without a pair of quotes around all of them."""
    words = words.strip()
    return words[1:-1].strip() if len(words) > 1 and words[0] in QUOTES and words[-1] in QUOTES else words
