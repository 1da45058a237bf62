"""A vocabulary: families of values laid out as consecutive blocks of token ids.

A table defines it; ids, names, masks and the manifest of a style all come from that table. A family `pitch` of
128 values that starts at id 300 turns C4 (60) into token 360, so decoding is a subtraction.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Family:
    """Values `first_value` ... `first_value + size - 1` of one kind."""

    name: str
    size: int
    first_value: int = 0

    def __post_init__(self) -> None:
        if self.size < 1 or not self.name.isidentifier():
            raise ValueError(f"a family needs a plain name and at least one value: {self}")


@dataclass(frozen=True)
class Vocabulary:
    """Families in the order of their blocks; the first block starts at id 0."""

    families: tuple[Family, ...]

    def __post_init__(self) -> None:
        names = [family.name for family in self.families]
        if len(set(names)) != len(names):
            raise ValueError("two families of a vocabulary share a name")

    @cached_property
    def starts(self) -> dict[str, int]:
        """First token id of each family."""
        starts, at = {}, 0
        for family in self.families:
            starts[family.name] = at
            at += family.size
        return starts

    @cached_property
    def size(self) -> int:
        """Number of token ids."""
        return sum(family.size for family in self.families)

    @cached_property
    def family_index(self) -> NDArray[np.int64]:
        """int64[size]: which family each token id belongs to, as an index into `families`."""
        return np.repeat(np.arange(len(self.families)), [family.size for family in self.families])

    def family(self, name: str) -> Family:
        """Return a family by its name; raises KeyError."""
        for family in self.families:
            if family.name == name:
                return family
        raise KeyError(name)

    def offset(self, name: str) -> int:
        """Return what to add to a value of this family to get its token id."""
        return self.starts[name] - self.family(name).first_value

    def token(self, name: str, value: int) -> int:
        """Return the token id of a value; raises ValueError outside of the family."""
        family = self.family(name)
        if not 0 <= value - family.first_value < family.size:
            raise ValueError(f"{name} has no value {value}")
        return self.starts[name] + value - family.first_value

    def split(self, token: int) -> tuple[str, int]:
        """Return the family's name and the value of a token id; raises ValueError outside of the vocabulary."""
        if not 0 <= token < self.size:
            raise ValueError(f"no token {token} in a vocabulary of {self.size}")
        family = self.families[self.family_index[token]]
        return family.name, token - self.offset(family.name)

    def name(self, token: int) -> str:
        """Spell a token: `pitch:60`."""
        family, value = self.split(token)
        return f"{family}:{value}"

    def table(self) -> list[list[str | int]]:
        """Return the vocabulary as plain data for a manifest: a style with another one is refused."""
        return [[family.name, family.size, family.first_value] for family in self.families]
