"""The index's words on what is expected of an odd file -> a check."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a file."""

    n_notes: int
    """0 where it was refused"""
    n_parts: int
    n_programs: int
    """different programs"""
    has_drums: bool
    text: str
    """why it was refused, or else the remarks"""
    second: float
    """of a fresh process, start to end"""
    peak_mb: float

    @property
    def is_read(self) -> bool:
        """Whether a song came out."""
        return self.n_notes > 0


def _refused(outcome: Outcome, _: re.Match[str]) -> bool:
    return not outcome.is_read and bool(outcome.text)


def _read(outcome: Outcome, _: re.Match[str]) -> bool:
    return outcome.is_read


def _either(outcome: Outcome, _: re.Match[str]) -> bool:
    return outcome.is_read or bool(outcome.text)


# The first pattern that matches a row's whole `expect` decides.
RULES: tuple[tuple[str, Callable[[Outcome, re.Match[str]], bool]], ...] = (
    (r"(?:reads )?(\d+) notes?", lambda outcome, match: outcome.n_notes == int(match[1])),
    (r"(\d+) parts", lambda outcome, match: outcome.n_parts == int(match[1])),
    (r"(\d+) instruments", lambda outcome, match: outcome.n_programs == int(match[1])),
    (r"drums", lambda outcome, _: outcome.has_drums),
    (r"reads, with the limit said", lambda outcome, _: outcome.is_read and "limit" in outcome.text),
    (r"two patterns or clear message", lambda outcome, _: "patterns" in outcome.text or not outcome.is_read),
    (
        r"notes closed at the end or dropped with message",
        lambda outcome, _: "never switched off" in outcome.text or not outcome.is_read,
    ),
    (r"reads(?: as the original)?", _read),
    (r"(?:no notes: )?skipped with message|refused as not MIDI", _refused),
    (r"no crash; .*|no hang|no memory blow-up|.* or .*", _either),
)


def holds(expect: str, outcome: Outcome) -> bool:
    """Say whether an outcome is what a row's words expect; an expectation that no rule knows does not hold."""
    for pattern, check in RULES:
        match = re.fullmatch(pattern, expect)
        if match:
            return check(outcome, match)
    return False
