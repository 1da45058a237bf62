"""Songs for property tests: small, and with the awkward things that real files have."""

from __future__ import annotations

from hypothesis import strategies as st

from bandroid.music.notes import Notes
from bandroid.music.song import MetreChange, Part, Song, TempoChange

TICKS_PER_QUARTER = 48


@st.composite
def notes(draw: st.DrawFn, end_tick: int = 40 * TICKS_PER_QUARTER, most: int = 40) -> Notes:
    rows = draw(
        st.lists(
            st.tuples(
                st.integers(0, end_tick),
                st.integers(1, 6 * TICKS_PER_QUARTER),
                st.integers(0, 127),
                st.integers(1, 127),
            ),
            min_size=1,
            max_size=most,
        )
    )
    return Notes.from_rows(rows)


@st.composite
def looping_notes(draw: st.DrawFn) -> Notes:
    """A bar that comes back, at times transposed: what a band's parts are made of."""
    bar = draw(notes(end_tick=4 * TICKS_PER_QUARTER - 1, most=6))
    rows = []
    for number in range(draw(st.integers(1, 8))):
        if draw(st.booleans()):
            shift = draw(st.sampled_from((0, 0, 0, 2, -5, 30)))
            for row in zip(bar.onset_tick, bar.length_tick, bar.pitch, bar.velocity, strict=True):
                onset, length, pitch, velocity = map(int, row)
                rows.append((onset + number * 4 * TICKS_PER_QUARTER, length, min(pitch + shift, 127) % 128, velocity))
    return Notes.from_rows([row for row in rows if row[2] >= 0] or [(0, 1, 60, 80)])


@st.composite
def songs(draw: st.DrawFn) -> Song:
    parts = draw(
        st.lists(
            st.builds(
                Part,
                name=st.text(max_size=8),
                program=st.integers(0, 127),
                is_drum=st.booleans(),
                notes=st.one_of(notes(), looping_notes()),
            ),
            min_size=1,
            max_size=4,
        )
    )
    ticks = st.integers(0, 40 * TICKS_PER_QUARTER)
    metres = draw(
        st.dictionaries(
            ticks,
            st.sampled_from(((4, 4), (3, 4), (6, 8), (7, 8), (5, 16), (5, 32), (17, 4), (1, 64), (2, 2))),
            max_size=3,
        )
    )
    tempos = draw(st.dictionaries(ticks, st.floats(5.0, 600.0), max_size=3))
    return Song(
        TICKS_PER_QUARTER,
        tuple(parts),
        tuple(TempoChange(tick, tempos[tick]) for tick in sorted(tempos)),
        tuple(MetreChange(tick, *metres[tick]) for tick in sorted(metres)),
    )
