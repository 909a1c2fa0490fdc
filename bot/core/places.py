"""Sentences of the catalog with `{places}` that are filled by `str.format` when they are said."""

from string import Formatter


def places(words: str) -> frozenset[str]:
    """The names in braces; raises ValueError on what could not be filled: a lone brace, or more than a name in one."""
    try:
        parsed = list(Formatter().parse(words))
    except ValueError as error:
        raise ValueError(f"a brace without its partner in “{words}”; a brace itself is written twice") from error
    named = [(name, spec, conversion) for _, name, spec, conversion in parsed if name is not None]
    for name, spec, conversion in named:
        if not name.isidentifier() or spec or conversion:
            raise ValueError(f"“{words}” may hold plain names only in braces, such as {{version}}")
    return frozenset(name for name, _, _ in named)
