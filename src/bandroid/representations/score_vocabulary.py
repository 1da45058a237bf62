"""The words of the `score` representation, and their numbers."""

from __future__ import annotations

from bandroid.representations.sheet import LENGTH_CLASSES_TICK, N_POSITIONS, TEMPO_RANGE_QPM
from bandroid.representations.vocabulary import Family, Vocabulary

N_RECENT = 48
"""how many distinct cells a part remembers; in 150 band songs nearly every repeat is younger"""
MAX_TRANSPOSITION = 24
"""semitones up or down"""
METRES = tuple(
    (numerator, denominator)
    for denominator in (1, 2, 4, 8, 16)
    for numerator in range(1, N_POSITIONS * denominator // 48 + 1)
)
"""all metres whose bars fit into a cell: 1/1 ... 64/16"""

VOCABULARY = Vocabulary(
    (
        Family("start", 1),
        Family("part", 128),  # a pitched part, by General MIDI program
        Family("kit", 128),  # a drum part, by kit program
        Family("typical_velocity", 127, first_value=1),
        Family("bar", 1),
        Family("metre", len(METRES)),
        Family("cut", N_POSITIONS, first_value=1),  # the length of a bar that is cut short, in 1/12 quarter
        Family("tempo", TEMPO_RANGE_QPM[1] - TEMPO_RANGE_QPM[0] + 1, first_value=TEMPO_RANGE_QPM[0]),
        # The kinds of a cell stand together: they are alternatives of one choice.
        Family("silent", 1),
        Family("new", 1),
        Family("repeat", N_RECENT),  # of the k-th most recent distinct cell of this part
        Family("transposed", N_RECENT),
        Family("interval", 2 * MAX_TRANSPOSITION + 1, first_value=-MAX_TRANSPOSITION),
        # So do a note's position and the end of the cell.
        Family("cell_end", 1),
        Family("position", N_POSITIONS),
        Family("pitch", 128),
        Family("drum", 128),
        Family("length", len(LENGTH_CLASSES_TICK)),
        Family("velocity", 16),
        Family("end", 1),
    )
)
