"""Near names: what somebody probably meant by a word that we do not know."""

from __future__ import annotations

from collections.abc import Iterable


def nearest(word: str, names: Iterable[str], n_most: int = 3) -> tuple[str, ...]:
    """Return the names most like a word, best first: ("rok", ["rock", "folk"]) -> ("rock", "folk")."""
    from difflib import get_close_matches

    by_folded = {name.casefold(): name for name in names}
    found = get_close_matches(word.casefold(), by_folded, n=n_most, cutoff=0.5)
    return tuple(by_folded[folded] for folded in found)


def unknown(kind: str, word: str, names: Iterable[str]) -> str:
    """Say that a name is unknown, and offer the near ones, else all of them (if there are few).

    ("style", "rok", ["rock", "folk"]) -> "there is no style called 'rok'; did you mean rock?"
    """
    names = sorted(names)
    near = nearest(word, names)
    if near:
        hint = f"; did you mean {listed(near, 'or')}?"
    elif names and len(names) <= 24:
        hint = f"; there is {listed(names, 'and')}"
    else:
        hint = ""
    return f"there is no {kind} called {word[:80]!r}{hint}"


def listed(words: Iterable[str], last: str) -> str:
    """Write words as a list: (a, b, c), "or" -> "a, b or c"."""
    *head, tail = words
    return f"{', '.join(head)} {last} {tail}" if head else tail
