"""ABC becomes the songs that a player would play from it: every tune of a file, every sign that changes a note."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bandroid.errors import AbcError
from bandroid.music.abc import read_abc
from bandroid.music.abc_fields import parse_key, parse_metre, parse_part_order, parse_tempo
from bandroid.music.abc_tokens import align_syllables, parse_endings, split_tunes
from bandroid.music.clock import bar_grid
from bandroid.music.song import KeyChange, MetreChange, Song, TempoChange, TextEvent

HEADER = "X:1\nT:A tune\nM:4/4\nL:1/4\nK:C\n"


@pytest.fixture
def read(tmp_path: Path):
    def read_text(text: str | bytes) -> tuple[Song, ...]:
        path = tmp_path / "a.abc"
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return read_abc(path)

    return read_text


@pytest.fixture
def tune(read):
    def read_body(body: str, header: str = HEADER) -> Song:
        (song,) = read(header + body + "\n")
        return song

    return read_body


def rows(song: Song, part: int = 0) -> list[tuple[float, float, int]]:
    """(onset, length, pitch) with times in quarters."""
    notes = song.parts[part].notes
    unit = song.ticks_per_quarter
    return [
        (onset / unit, length / unit, pitch)
        for onset, length, pitch in zip(
            notes.onset_tick.tolist(), notes.length_tick.tolist(), notes.pitch.tolist(), strict=True
        )
    ]


def pitches(song: Song, part: int = 0) -> list[int]:
    return song.parts[part].notes.pitch.tolist()


def lengths(song: Song) -> list[float]:
    return [length for _, length, _ in rows(song)]


def letters(song: Song) -> str:
    return "".join("C.D.EF.G.A.B"[pitch % 12] for pitch in pitches(song))


# ------------------------------------------------------------------------ pitch


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("C,, C, C c c' c''", [36, 48, 60, 72, 84, 96]),
        ("^C ^^C =C _D __D", [61, 62, 60, 61, 60]),
        ("^C C|C", [61, 61, 60]),  # until the bar line
        ("^C c|c", [61, 73, 72]),  # in all octaves (2.1, 11.3)
        ("^F-|F F", [66, 65]),  # a tie carries its accidental over the bar line, to one note alone
        ("[K:D]F [K:F]B [K:Ador]F", [66, 70, 66]),
        ("^/C", [60]),
    ],
)
def test_pitches_and_accidentals(tune, expected: list[int], body: str) -> None:
    assert pitches(tune(body)) == expected


def test_accidentals_stay_in_their_octave_where_the_file_says_so(tune) -> None:
    assert pitches(tune("^C c C", "X:1\nI:propagate-accidentals octave\nL:1/4\nK:C\n")) == [61, 72, 61]
    assert pitches(tune("^C C", "X:1\n%%propagate-accidentals not\nL:1/4\nK:C\n")) == [61, 60]


@pytest.mark.parametrize(
    ("text", "fifths", "is_minor"),
    [
        ("C", 0, False), ("G", 1, False), ("Bb", -2, False), ("F#m", 3, True), ("Am", 0, True), ("A minor", 0, True),
        ("Dmix", 1, False), ("EDor", 2, True), ("D Dorian", 0, True), ("Cphr", -4, True), ("Flydian", 0, False),
        ("Bloc", 0, True), ("EM", 4, False), ("HP", 2, False), ("G clef=bass", 1, False), ("Aaeo", 0, True),
        ("D exp _b _e ^f", 2, False),
    ],
)  # fmt: skip
def test_keys(text: str, fifths: int, is_minor: bool) -> None:
    key = parse_key(text)
    assert key and (key.fifths, key.is_minor) == (fifths, is_minor)


def test_keys_with_accidentals_of_their_own(tune) -> None:
    assert parse_key("D exp _b _e ^f").alterations == {"B": -1, "E": -1, "F": 1}  # type: ignore[union-attr]
    assert pitches(tune("F G B c", "X:1\nL:1/4\nK:D ^g =c\n")) == [66, 68, 71, 72]
    assert tune("C", "X:1\nK:none\n").keys == () and tune("C", "X:1\nK:\n").keys == ()
    assert tune("C", "X:1\nK:Gm\n").keys == (KeyChange(0, -2, True),)


def test_octaves_by_clef_and_transposition(tune) -> None:
    assert pitches(tune("C [K:treble+8]C [K:octave=-1]C [K:C transpose=2]C")) == [60, 72, 48, 62]


# ------------------------------------------------------------------------ rhythm


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("C2 C/ C// C3/2 C/4 C3/", [2, 0.5, 0.25, 1.5, 0.25, 1.5]),
        ("C>C C<C C>>C C2>C2", [1.5, 0.5, 0.5, 1.5, 1.75, 0.25, 3, 1]),
        ("(3CCC (2CC (4CCCC", [2 / 3] * 3 + [1.5] * 2 + [0.75] * 4),
        ("(3C2C C", [4 / 3, 2 / 3, 2 / 3]),
        ("(5:4:5CCCCC (3:2:2C2C", [0.8] * 5 + [4 / 3, 2 / 3]),
        ("(3C>CC", [1, 1 / 3, 2 / 3]),
        ("C>{d}(C)", [1.5, 0.5 + 0.0]),
        ("(C > ~C)", [1.5, 0.5]),
    ],
)
def test_lengths(tune, body: str, expected: list[float]) -> None:
    song = tune(body)
    main = [length for _, length, pitch in rows(song) if pitch == 60]
    if "{" in body:
        assert main == [1.375, 0.5]  # the grace note's 32nd comes from the note before
    else:
        assert main == pytest.approx(expected)


def test_tuplets_in_compound_time(tune) -> None:
    assert lengths(tune("(5CCCCC (2CC", "X:1\nM:6/8\nL:1/8\nK:C\n")) == pytest.approx([0.3] * 5 + [0.75] * 2)


def test_the_unit_length_follows_from_the_metre(tune) -> None:
    assert lengths(tune("C", "X:1\nM:2/4\nK:C\n")) == [0.25]
    assert lengths(tune("C", "X:1\nM:6/8\nK:C\n")) == [0.5]
    assert lengths(tune("C [L:1/2] C", "X:1\nK:C\n")) == [0.5, 2]


def test_rests_of_all_kinds(tune) -> None:
    assert rows(tune("C Z C2|")) == [(0, 1, 60), (2, 2, 60)]  # Z among notes is a slip for z
    assert rows(tune("C z x/ C/|Z2|C4")) == [(0, 1, 60), (2.5, 0.5, 60), (11, 4, 60)]


def test_chords_ties_and_slurs(tune) -> None:
    assert rows(tune("[CEG]2 [C-E]E|")) == [
        (0, 2, 60), (0, 2, 64), (0, 2, 67), (2, 1, 60), (2, 1, 64), (3, 1, 64),
    ]  # fmt: skip
    assert rows(tune("(C2- C-|C)D- E2|[CE]4-|[CE]4")) == [
        (0, 4, 60), (4, 1, 62), (5, 2, 64), (7, 8, 60), (7, 8, 64),
    ]  # fmt: skip


def test_grace_notes_leave_the_beat_to_the_main_note(tune) -> None:
    assert rows(tune("C2 {DE}C2")) == [(0, 1.75, 60), (1.75, 0.125, 62), (1.875, 0.125, 64), (2, 2, 60)]
    assert rows(tune("{/D}C4")) == [(0, 0.125, 62), (0.125, 3.875, 60)]


def test_overlays_sound_together(tune) -> None:
    assert rows(tune("c4 & C2 D2 & G,4|E4")) == [
        (0, 4, 55), (0, 2, 60), (0, 4, 72), (2, 2, 62), (4, 4, 64),
    ]  # fmt: skip


def test_decorations_do_not_disturb_and_dynamics_count(tune) -> None:
    song = tune('~C .D !trill!E uF|!p!G TA +f+B vH!fermata!c|"^loud"C y2 D `E $F')
    assert letters(song) == "CDEFGABCCDEF"
    assert song.parts[0].notes.velocity.tolist() == [80] * 4 + [49] * 2 + [96] * 6
    assert song.remarks == ("3 trills, turns and rolls are played as plain notes",)


# --------------------------------------------------------- bars, repeats, order


@pytest.mark.parametrize(
    ("body", "played"),
    [
        ("C4|D4:|E4|]", "CDCDE"),
        ("|:C4|D4:|:E4:|", "CDCDEE"),
        ("|:C4|D4::E4:|", "CDCDEE"),
        ("|:C4|1 D4:|2 E4|]", "CDCE"),
        ("|:C4|[1D4:|[2E4||F4|]", "CDCEF"),
        ("|:C4|1,3 D4:|2 E4:|4 F4|]", "CDCECDCF"),
        ("|:C4|1-2 D4:|3 E4|]", "CDCDCE"),
        ("|::C4::|D4", "CCCD"),
        # two sections without |:, the second one also with endings
        ("C4|1 D4:|2 E4|F4|1 G4:|2 A4|]", "CDCEFGFA"),
        ("|:C4|1 D4:|\n2 E4|]", "CDCE"),
        ("C4|D4!fine!|E4!D.C.!|]", "CDECD"),
        ("!segno!C4|D4!dacoda!|E4!D.S.!|!coda!F4|]", "CDECDF"),
        ('C4|D4"Fine"|E4"^D.C."|]', "CDECD"),
        ('C4|D4"D.C."|]', "CD"),
    ],
)
def test_repeats_are_played(tune, body: str, played: str) -> None:
    song = tune(body)
    assert letters(song) == played
    assert bar_grid(song).n_bars == len(played)


def test_parts_are_played_in_the_order_of_the_header(tune) -> None:
    song = tune("P:A\nC4|\nP:B\n|:D4:|\n", "X:1\nP:A2(BA)\nM:4/4\nL:1/4\nK:C\n")
    assert letters(song) == "CCDDC"
    assert [marker.text for marker in song.markers] == ["A", "A", "B", "B", "A"]
    assert letters(tune("P:A\nC4|\nP:B\nD4|\n")) == "CD"
    assert parse_part_order("A.(B2C)3") == list("ABBCBBCBBC")


def test_a_pickup_and_the_bar_before_the_repeat_make_one_bar(tune) -> None:
    song = tune("G|C4|D3:|E|F4|G3|]")
    assert [(m.onset_tick / 480, m.numerator) for m in song.metres] == [(0, 4), (1, 4)]
    assert bar_grid(song).n_bars == 7


def test_metres(tune) -> None:
    assert [parse_metre(t) for t in ("C", "C|", "6/8", "(2+3)/8", "2+3/8", "none", "", "3/5")] == [
        (4, 4), (2, 2), (6, 8), (5, 8), (5, 8), None, None, None,
    ]  # fmt: skip
    song = tune("C4|[M:3/4]D3|E3|\nM:2/4\nF2|")
    assert [(m.onset_tick // 480, m.numerator) for m in song.metres] == [(0, 4), (4, 3), (10, 2)]
    free = tune("C3|D5|", "X:1\nM:none\nL:1/4\nK:C\n")
    assert free.metres == (MetreChange(0, 3, 4), MetreChange(3 * 480, 5, 4))


@pytest.mark.parametrize(
    ("text", "tempo_qpm"),
    [
        ("1/4=120", 120), ('"Allegro" 3/8=50', 75), ('3/8=50 "Slowly"', 75), ("120", 60), ("C=100", 50), ("C3=40", 60),
        ("1/4 3/8 1/4 3/8=40", 200), ('"Andante"', None), ("1/0=3", None),
    ],
)  # fmt: skip
def test_tempos(text: str, tempo_qpm: float | None) -> None:
    assert parse_tempo(text, Fraction(1, 8)) == tempo_qpm


def test_tempo_changes_inside(tune) -> None:
    song = tune("C4|[Q:1/2=90]D4|", HEADER.replace("K:", "Q:1/4=100\nK:"))
    assert song.tempos == (TempoChange(0, 100.0), TempoChange(4 * 480, 180.0))


# ------------------------------------------------------------- voices and words


def test_voices_are_parts(tune) -> None:
    song = tune(
        "V:1\n|:C4|D4:|\nV:2\n%%MIDI program 32\nC,2C,2|D,4|\n[V:1]E4|\n[V:2]E,4|\n",
        'X:1\nM:4/4\nL:1/4\nV:1 name="Lead"\nV:2 clef=bass-8\n%%MIDI program 73\nK:C\n',
    )
    assert [(part.name, part.program) for part in song.parts] == [("Lead", 73), ("Voice 2", 32)]
    assert letters(song) == "CDCDE"
    assert pitches(song, 1) == [36, 36, 38, 36, 36, 38, 40]
    assert [row[0] for row in rows(song, 1)] == [0, 2, 4, 8, 10, 12, 16]


def test_voices_that_only_the_body_names(tune) -> None:
    song = tune("V:T1\nC4|\nV:T2\nE4|\n")
    assert [pitches(song, 0), pitches(song, 1)] == [[60], [64]]


def test_drum_voices(tune) -> None:
    assert tune("[V:D clef=perc]C,,4").parts[0].is_drum
    assert tune("%%MIDI channel 10\nC,,4").parts[0].is_drum


def test_chord_symbols_are_told_from_other_words(tune) -> None:
    song = tune('"Am7"A "^Am"B "4"c "D/F#"d|"Bb7#9"e "Segno"f "Fine"g "N.C."a|"Gsus4"G "Cmaj7"c "E(b9)"e "H"f')
    assert [event.text for event in song.chords] == ["Am7", "D/F#", "Bb7#9", "N.C.", "Gsus4", "Cmaj7", "E(b9)"]
    assert song.chords[1].onset_tick == 3 * 480


def test_lyrics_lie_under_their_notes(tune) -> None:
    song = tune("C D z E F|G A B c|\nw: Hal-le-lu-jah | sing~it * a-\n")
    assert song.parts[0].lyrics == tuple(
        TextEvent(quarter * 480, text)
        for quarter, text in [(0, "Hal-"), (1, "le-"), (3, "lu-"), (4, "jah"), (5, "sing it"), (7, "a-")]
    )
    second = tune("|:C4:|\nw: one\nw: two\n")
    assert [event.text for event in second.parts[0].lyrics] == ["one", "two"]


@pytest.mark.parametrize(
    ("words", "syllables"),
    [
        ("syll-a-ble", ["syll-", "a-", "ble"]),
        ("syll-a--ble", ["syll-", "a-", "", "ble"]),
        ("syll-a -ble", ["syll-", "a-", "", "ble"]),
        ("time__", ["time", "", ""]),
        ("of~the~day", ["of the day"]),
        (r"gra-cious \-men", ["gra-", "cious", "-men"]),
        ("a|b", ["a", "|", "b"]),
    ],
)
def test_syllables(words: str, syllables: list[str]) -> None:
    assert align_syllables(words) == syllables


def test_continued_lines_and_comments(tune) -> None:
    assert letters(tune("C4| % not E4\nD4|\\\n%%staffsep 3\nE4|\n%comment\nF4|")) == "CDEF"
    song = tune("C2\\\nD2|\nw: a b\n")
    assert [event.text for event in song.parts[0].lyrics] == ["a", "b"]


def test_endings_are_lists_and_ranges() -> None:
    assert parse_endings("[1,3-5") == (1, 3, 4, 5)
    assert len(parse_endings("1-999")) <= 32


# ------------------------------------------------------------------------- files


def test_every_tune_of_a_file(read) -> None:
    songs = read(
        "%abc-2.1\nM:3/4\nL:1/4\n\nfree text about T\n\nX:1\nT:One\nK:C\nC3|\n\nX: 2\nT:Two\nK:C\nM:4/4\nD3|\n\n"
        "between\n\nT:Three, without its number\nK:C\nE3|\n"
    )
    assert [song.title for song in songs] == ["One", "Two", "Three, without its number"]
    assert [letters(song) for song in songs] == ["C", "D", "E"]
    assert songs[0].metres == (MetreChange(0, 3, 4),)


def test_one_broken_tune_does_not_spoil_the_others(read) -> None:
    songs = read("X:1\nT:Empty\nK:C\nz4|\n\nX:2\nT:Good\nK:C\nC|\n")
    assert [song.title for song in songs] == ["Good"]
    assert songs[0].remarks == ('tune X:1 "Empty" was left out: there is not one note in it',)


def test_encodings_and_line_ends(read) -> None:
    assert read("X:1\r\nT:Für Elise\r\nK:C\r\nC|\r\n".encode("latin-1"))[0].title == "Für Elise"
    assert read('\ufeffX:1\rT:F\\"ur Elise\rK:C\rC|\r')[0].title == "Für Elise"


def test_blocks_of_text_are_no_music(tune) -> None:
    assert letters(tune("C|\n%%begintext\nBAD FACE\n%%endtext\nD|")) == "CD"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty"),
        (b"hello\nworld\n", "no tune"),
        (b"X:1\nT:x\nK:C\nz|\n", "not one note"),
        (b"\x00\x01\x02" * 100, "no tune"),
    ],
)
def test_what_holds_no_tune_is_refused(read, content: bytes, reason: str) -> None:
    with pytest.raises(AbcError, match=reason):
        read(content)


def test_missing_files_and_folders_are_refused(tmp_path: Path) -> None:
    for path in (tmp_path / "nothing.abc", tmp_path):
        with pytest.raises(AbcError):
            read_abc(path)


def test_signs_that_are_no_abc_are_counted(tune) -> None:
    assert "2 signs that are not ABC were skipped" in tune("C # D ; E").remarks


@pytest.mark.parametrize("sign", ["[", '"', "{", "(", "!", "^", "(3:", "C1", "|", "[V:", "&C", "Z9"])
def test_long_lines_of_one_sign_are_read_in_no_time(read, sign: str) -> None:
    try:
        read(f"X:1\nK:C\nC|{sign * 20_000}\n")
    except AbcError as error:
        assert error.reason


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.sampled_from(
            ["C", "^c'", "z2", "[CE]", "|", ":|", "|:", "|1", ":|2", "::", "||", "(3", "-", ">", "<<", "{g}", "&", "\n",
             '"Am"', "w:a-b|c\n", "[K:Dm]", "[M:3/8]", "[L:1/16]", "V:2\n", "P:A\n", "[Q:1/4=1]", "!D.S.!", "!fine!",
             "3/7", "0", "/0", "[1", "]", "(5:4:0", "%%MIDI program 200\n", "!coda!", "!segno!", "x", "y", "\\", "+p+",
             "Z3", "!dacoda!", "!D.C.!"]
        ),
        max_size=60,
    )
)  # fmt: skip
def test_any_mixture_of_signs_is_read_or_refused(read, signs: list[str]) -> None:
    try:
        for song in read(HEADER + "".join(signs) + "\n"):
            assert song.n_notes > 0
            bar_grid(song)
    except AbcError as error:
        assert error.reason


@given(st.text(max_size=300))
def test_any_text_is_cut_into_tunes(text: str) -> None:
    for tune_text in split_tunes("X:1\nK:C\n" + text):
        assert tune_text.header is not None


# ---------------------------------------------------------------------- real data


def _n_numbered(path: Path) -> int:
    return sum(line.startswith(b"X:") for line in path.read_bytes().replace(b"\r", b"\n").split(b"\n"))


def test_a_sample_of_irish_tunes_is_read(data: Path) -> None:
    files = sorted((data / "abc_irish").rglob("*.abc"))[::40]
    for path in files:
        songs = read_abc(path)
        assert len(songs) == _n_numbered(path)
        assert all(song.n_notes > 10 for song in songs)


@pytest.mark.slow
def test_all_irish_tunes_are_read(data: Path) -> None:
    files = sorted((data / "abc_irish").rglob("*.abc"))
    assert len(files) == 988
    for path in files:
        assert len(read_abc(path)) == _n_numbered(path), path


def test_a_file_of_endless_tunes_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "many.abc"
    path.write_text("X:1\nK:C\nC\n\n" * 5_001)
    with pytest.raises(AbcError, match=r"5,001 tunes.*split it"):
        read_abc(path)
