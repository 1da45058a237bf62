"""MusicXML becomes the song that a player would play from it, whatever program wrote it, and bombs are refused."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bandroid.errors import MusicXmlError
from bandroid.music import musicxml_file
from bandroid.music.clock import bar_grid
from bandroid.music.musicxml_reader import read_musicxml
from bandroid.music.song import KeyChange, MetreChange, Song, TempoChange, TextEvent

DOCTYPE = (
    "<!DOCTYPE score-partwise PUBLIC '-//Recordare//DTD MusicXML 2.0 Partwise//EN' "
    "'http://www.musicxml.org/dtds/partwise.dtd'>"
)
FOUR_FOUR = "<attributes><divisions>2</divisions><time><beats>4</beats><beat-type>4</beat-type></time></attributes>"
Q = 480
"""ticks of a quarter in all songs here"""


def note(pitch: str, duration: int = 2, more: str = "", first: str = "") -> str:
    """A note like "F#4"; "R" is a rest. `first` stands before the pitch (grace, chord), `more` after the duration."""
    if pitch == "R":
        sound = "<rest/>"
    else:
        alter = {"#": 1, "b": -1}.get(pitch[1:-1], 0)
        sound = f"<pitch><step>{pitch[0]}</step><alter>{alter}</alter><octave>{pitch[-1]}</octave></pitch>"
    length = f"<duration>{duration}</duration>" if duration else ""
    return f"<note>{first}{sound}{length}{more}</note>"


def bars(*contents: str) -> str:
    return "".join(f'<measure number="{n}">{content}</measure>' for n, content in enumerate(contents, 1))


def partwise(*parts: str, part_list: str = "", before: str = "") -> str:
    listed = part_list or "".join(
        f'<score-part id="P{n}"><part-name>Part {n}</part-name></score-part>' for n, _ in enumerate(parts, 1)
    )
    played = "".join(f'<part id="P{n}">{part}</part>' for n, part in enumerate(parts, 1))
    score = f"<score-partwise>{before}<part-list>{listed}</part-list>{played}</score-partwise>"
    return f"<?xml version='1.0'?>{DOCTYPE}{score}"


@pytest.fixture
def read(tmp_path: Path):
    def read_text(text: str | bytes, name: str = "a.musicxml") -> Song:
        path = tmp_path / name
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return read_musicxml(path)

    return read_text


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


def pitches(song: Song, part: int = 0) -> str:
    """The played pitches as letters, C4 = C: "CDE"."""
    return "".join("C.D.EF.G.A.B"[p % 12] for p in song.parts[part].notes.pitch.tolist())


def whole(letter: str) -> str:
    return note(f"{letter}4", 8)


# ------------------------------------------------------------------------ notes


def test_notes_chords_rests_and_two_voices(read) -> None:
    song = read(
        partwise(
            bars(
                FOUR_FOUR
                + note("C4", 4)
                + note("E4", 4, first="<chord/>")
                + note("R", 2)
                + note("G4", 2)
                + "<backup><duration>8</duration></backup>"
                + "<forward><duration>1</duration></forward>"
                + note("C3", 7, "<voice>2</voice><staff>2</staff>")
            )
        )
    )
    assert song.ticks_per_quarter == Q
    assert rows(song) == [(0, 2, 60), (0, 2, 64), (0.5, 3.5, 48), (3, 1, 67)]
    assert song.metres == (MetreChange(0, 4, 4),)
    assert song.tempos == () and song.keys == () and song.remarks == ()
    assert set(song.parts[0].notes.velocity.tolist()) == {80}


def test_divisions_may_change_and_differ_between_parts(read) -> None:
    first = bars(FOUR_FOUR + note("C4", 2) + "<attributes><divisions>3</divisions></attributes>" + note("D4", 1) * 9)
    second = bars("<attributes><divisions>7</divisions></attributes>" + note("C3", 4) * 7)
    song = read(partwise(first, second))
    assert song.ticks_per_quarter == 3360  # the least common multiple of 480 and 7
    assert rows(song)[1] == (1, 1 / 3, 62) and rows(song)[9][0] == pytest.approx(3 + 2 / 3)
    assert rows(song, 1)[6][0] * 3360 == 6 * 4 * 480


def test_rhythms_finer_than_any_clock_are_rounded_and_said(read) -> None:
    attributes = FOUR_FOUR.replace(">2<", ">4099<", 1)
    song = read(partwise(bars(attributes + note("C4", 1) + note("D4", 4 * 4099 - 1))))
    assert any("finer" in remark for remark in song.remarks)
    assert bar_grid(song).length_tick.tolist() == [4 * song.ticks_per_quarter]


def test_ties_are_one_note_across_bars_and_voices(read) -> None:
    start, both, stop = '<tie type="start"/>', '<tie type="stop"/><tie type="start"/>', '<tie type="stop"/>'
    song = read(
        partwise(
            bars(
                FOUR_FOUR + note("C4", 8, start),
                note("C4", 8, both),
                note("C4", 2, stop + "<voice>2</voice>") + note("C4", 2) + note("C4", 4, start),
                note("C4", 8),  # only the first end of this tie is written, as some programs do
            )
        )
    )
    assert rows(song) == [(0, 9, 60), (9, 1, 60), (10, 6, 60)]


def test_grace_notes_come_before_the_beat_and_shorten_what_sounds(read) -> None:
    grace = note("D4", 0, first="<grace/>") + note("E4", 0, first="<grace/>")
    song = read(partwise(bars(FOUR_FOUR + grace + note("C4", 4) + grace + note("C4", 4))))
    assert rows(song) == [
        # nothing sounds before the very first note, so these two come on the beat
        (0, 1 / 8, 62), (1 / 8, 1 / 8, 64), (2 / 8, 1.5, 60),
        (1.75, 1 / 8, 62), (1.875, 1 / 8, 64), (2, 2, 60),
    ]  # fmt: skip


def test_grace_notes_never_take_more_than_half_of_a_note(read) -> None:
    graces = "".join(note(f"{letter}5", 0, first="<grace/>") for letter in "CDEFGAB")
    song = read(partwise(bars(FOUR_FOUR + note("C4", 1) + graces + note("C4", 7))))
    assert rows(song)[0][1] >= 0.25 and rows(song)[-1] == (0.5, 3.5, 60)
    assert len(rows(song)) == 9


def test_transposing_instruments_sound_where_they_sound(read) -> None:
    attributes = (
        "<attributes><divisions>2</divisions><key><fifths>2</fifths></key>"
        "<transpose><diatonic>-1</diatonic><chromatic>-2</chromatic><octave-change>-1</octave-change></transpose>"
        "</attributes>"
    )
    harmony = "<harmony><root><root-step>C</root-step></root><kind>minor</kind></harmony>"
    song = read(partwise(bars(attributes + harmony + note("D5", 8))))
    assert rows(song) == [(0, 4, 60)]
    assert song.keys == (KeyChange(0, 0, False),)
    assert song.chords == (TextEvent(0, "Bbm"),)


def test_octave_shifts_do_not_move_notes_twice(read) -> None:
    shift = '<direction><direction-type><octave-shift type="down" size="8"/></direction-type></direction>'
    assert rows(read(partwise(bars(FOUR_FOUR + shift + note("C6", 8))))) == [(0, 4, 84)]


def test_cue_notes_are_silent_and_dots_shorten(read) -> None:
    staccato = "<notations><articulations><staccato/></articulations></notations>"
    song = read(partwise(bars(FOUR_FOUR + note("C4", 4, first="<cue/>") + note("D4", 4, staccato))))
    assert rows(song) == [(2, 1, 62)]


def test_notes_that_cannot_be_played_are_counted(read) -> None:
    broken = "<note><pitch><step>H</step><octave>4</octave></pitch><duration>2</duration></note>"
    song = read(partwise(bars(FOUR_FOUR + note("C4", 2) + broken + note("C4", 0) + "<note><unpitched/></note>")))
    assert "1 notes without a readable pitch were left out" in song.remarks
    assert "2 notes without a length were left out" in song.remarks


# ------------------------------------------------------------------ instruments


def test_programs_volumes_and_pans_count_from_one(read) -> None:
    part_list = (
        '<score-part id="P1"><part-name>Flute</part-name><score-instrument id="i"><instrument-name>Flute'
        '</instrument-name></score-instrument><midi-instrument id="i"><midi-channel>1</midi-channel>'
        "<midi-program>74</midi-program><volume>100</volume><pan>-90</pan></midi-instrument></score-part>"
    )
    part = read(partwise(bars(FOUR_FOUR + whole("C")), part_list=part_list)).parts[0]
    assert (part.name, part.program, part.is_drum, part.volume, part.pan) == ("Flute", 73, False, 127, 1)


def test_a_part_without_midi_instrument_plays_what_its_name_says(read) -> None:
    part_list = '<score-part id="P1"><part-name>Violin</part-name></score-part>'
    song = read(partwise(bars(FOUR_FOUR + whole("C")), part_list=part_list))
    assert song.parts[0].program == 40 and any("Violin" in remark for remark in song.remarks)


def test_two_programs_in_one_part_are_two_parts_and_drums_are_drums(read) -> None:
    def instrument(identity: str, program: int, channel: int, more: str = "") -> str:
        return (
            f'<midi-instrument id="{identity}"><midi-channel>{channel}</midi-channel>'
            f"<midi-program>{program}</midi-program>{more}</midi-instrument>"
        )

    part_list = (
        '<score-part id="P1"><part-name>Reeds</part-name>'
        '<score-instrument id="a"><instrument-name>Clarinet</instrument-name></score-instrument>'
        '<score-instrument id="b"><instrument-name>Alto Sax</instrument-name></score-instrument>'
        + instrument("a", 72, 1)
        + instrument("b", 66, 2)
        + '</score-part><score-part id="P2"><part-name>Kit</part-name>'
        + instrument("k", 1, 10, "<midi-unpitched>37</midi-unpitched>")
        + instrument("s", 1, 10)
        + "</score-part>"
    )
    reeds = bars(FOUR_FOUR + note("C4", 4, '<instrument id="a"/>') + note("D4", 4, '<instrument id="b"/>'))
    place = "<unpitched><display-step>G</display-step><display-octave>5</display-octave></unpitched>"
    kit = bars(
        FOUR_FOUR
        + f'<note>{place}<duration>4</duration><instrument id="k"/></note>'
        + f'<note>{place}<duration>4</duration><instrument id="s"/></note>'
    )
    song = read(partwise(reeds, kit, part_list=part_list))
    assert [(p.name, p.program, p.is_drum) for p in song.parts] == [
        ("Reeds: Clarinet", 71, False),
        ("Reeds: Alto Sax", 65, False),
        ("Kit", 0, True),
    ]
    assert rows(song, 2) == [(0, 2, 36), (2, 2, 42)]
    assert any("staff" in remark for remark in song.remarks)


def test_dynamics_marks_and_percentages_last(read) -> None:
    def direction(inside: str) -> str:
        return f"<direction>{inside}</direction>"

    piano = direction("<direction-type><dynamics><p/></dynamics></direction-type>")
    loud = direction('<direction-type><words>x</words></direction-type><sound dynamics="100"/>')
    accent = "<notations><articulations><accent/></articulations></notations>"
    own = note("F4", 2).replace("<note>", '<note dynamics="50">')
    song = read(partwise(bars(FOUR_FOUR + piano + note("C4") + note("D4", 2, accent) + loud + note("E4") + own)))
    assert song.parts[0].notes.velocity.tolist() == [49, 61, 90, 45]


# ------------------------------------------------------- repeats and their bars


def barline(inside: str, location: str = "right") -> str:
    return f'<barline location="{location}">{inside}</barline>'


FORWARD = barline('<repeat direction="forward"/>', "left")
BACKWARD = barline('<repeat direction="backward"/>')


def ending(number: str, content: str, closing: str = "") -> str:
    start = barline(f'<ending number="{number}" type="start"/>', "left")
    return start + content + barline(f'<ending number="{number}" type="stop"/>{closing}')


BACK = '<repeat direction="backward"/>'


def words(text: str, more: str = "") -> str:
    return f"<direction><direction-type><words>{text}</words></direction-type>{more}</direction>"


def sign(name: str) -> str:
    return f"<direction><direction-type><{name}/></direction-type></direction>"


@pytest.mark.parametrize(
    ("contents", "played"),
    [
        ((whole("C"), whole("D") + BACKWARD, whole("E")), "CDCDE"),
        ((whole("C"), FORWARD + whole("D"), whole("E") + BACKWARD, whole("F")), "CDEDEF"),
        ((whole("C"), whole("D") + barline('<repeat direction="backward" times="3"/>')), "CDCDCD"),
        ((whole("C"), ending("1", whole("D"), BACK), ending("2", whole("E")), whole("F")), "CDCEF"),
        ((whole("C"), ending("1, 2", whole("D"), BACK), ending("3", whole("E"))), "CDCDCE"),
        # as real files have it: the bracket of the first ending stops before its repeat sign
        ((whole("C"), ending("1", whole("D")), whole("G") + BACKWARD, ending("2", whole("E"))), "CDGCE"),
        # a first and a third ending: the first serves twice
        ((whole("C"), ending("1", whole("D"), BACK), ending("3", whole("E"))), "CDCDCE"),
        # both called 2
        ((whole("C"), ending("2", whole("D"), BACK), ending("2", whole("E"))), "CDCE"),
        ((whole("C"), words("Fine") + whole("D"), whole("E") + words("D.C. al Fine")), "CDECD"),
        ((whole("C"), whole("D") + words("x", '<sound dacapo="yes"/>')), "CD"),  # no Fine: once more says nothing
        (
            (
                whole("C"),
                sign("segno") + whole("D"),
                whole("E") + sign("coda"),
                whole("F") + words("D.S. al Coda"),
                sign("coda") + whole("G"),
            ),
            "CDEFDEG",
        ),
        (
            (
                whole("C"),
                words("", '<sound segno="1"/>') + whole("D"),
                whole("E") + words("", '<sound tocoda="1"/>'),
                whole("F") + words("", '<sound dalsegno="1"/>'),
                words("", '<sound coda="1"/>') + whole("G"),
            ),
            "CDEFDEG",
        ),
        # after a jump: no repeats, the last ending
        (
            (
                FORWARD + whole("C"),
                ending("1", whole("D"), BACK),
                ending("2", whole("E") + words("Fine")),
                whole("F") + words("D.C. al Fine"),
            ),
            "CDCEFCE",
        ),
    ],
)
def test_repeats_are_played(read, contents: tuple[str, ...], played: str) -> None:
    song = read(partwise(bars(FOUR_FOUR + contents[0], *contents[1:])))
    assert pitches(song) == played
    assert bar_grid(song).n_bars == len(played)
    assert song.metres == (MetreChange(0, 4, 4),)


def test_repeats_that_explode_are_not_played(read) -> None:
    nested = FOUR_FOUR + note("C4", 1) * 8 + barline('<repeat direction="backward" times="32"/>')
    song = read(partwise(bars(*[nested] * 2500)))
    assert song.n_notes == 2500 * 8
    assert any("repeats" in remark for remark in song.remarks)


def test_keys_and_tempos_come_back_with_a_repeat(read) -> None:
    key = "<attributes><key><fifths>{}</fifths><mode>minor</mode></key></attributes>"
    fast = '<sound tempo="200"/>'
    song = read(
        partwise(
            bars(
                FOUR_FOUR + key.format(0) + '<sound tempo="100"/>' + whole("C"),
                key.format(-3) + fast + whole("D") + BACKWARD,
            )
        )
    )
    assert song.keys == tuple(KeyChange(bar * 4 * Q, f, True) for bar, f in enumerate((0, -3, 0, -3)))
    assert song.tempos == tuple(TempoChange(bar * 4 * Q, t) for bar, t in enumerate((100.0, 200.0, 100.0, 200.0)))


def test_simile_bars_play_the_bar_before(read) -> None:
    start = '<attributes><measure-style><measure-repeat type="start">1</measure-repeat></measure-style></attributes>'
    stop = '<attributes><measure-style><measure-repeat type="stop"/></measure-style></attributes>'
    song = read(partwise(bars(FOUR_FOUR + whole("C"), start + note("R", 8), note("R", 8), stop + whole("D"))))
    assert pitches(song) == "CCCD"


def metre(beats: str, beat_type: str = "4") -> str:
    time = f"<time><beats>{beats}</beats><beat-type>{beat_type}</beat-type></time>"
    return f"<attributes><divisions>2</divisions>{time}</attributes>"


def metres(song: Song) -> list[tuple[float, int, int]]:
    return [(m.onset_tick / song.ticks_per_quarter, m.numerator, m.denominator) for m in song.metres]


def test_a_pickup_cuts_the_first_bar_short(read) -> None:
    song = read(partwise(bars(FOUR_FOUR + note("G4", 2), whole("C"), whole("D"))))
    assert metres(song) == [(0, 4, 4), (1, 4, 4)]
    assert bar_grid(song).onset_tick.tolist() == [0, Q, 5 * Q, 9 * Q]


def test_a_pickup_and_the_last_bar_make_one_bar_when_repeated(read) -> None:
    song = read(partwise(bars(FOUR_FOUR + note("G4", 2), whole("C"), note("D4", 6) + BACKWARD)))
    assert metres(song) == [(0, 4, 4), (1, 4, 4)]
    assert bar_grid(song).n_bars == 5  # pickup, C, D and pickup, C, D


def test_overfull_and_changing_and_free_bars(read) -> None:
    song = read(
        partwise(
            bars(
                metre("3+2", "8") + note("C4", 5),
                metre("4") + note("C4", 8),
                note("C4", 10),
                note("C4", 8),
                "<attributes><time><senza-misura/></time></attributes>" + note("C4", 6),
                metre("3") + note("C4", 6),
            )
        )
    )
    assert metres(song) == [(0, 5, 8), (2.5, 4, 4), (6.5, 5, 4), (11.5, 4, 4), (15.5, 3, 4)]
    assert any("bars hold more" in remark for remark in song.remarks)


def test_a_whole_bar_rest_is_as_long_as_the_bar(read) -> None:
    rest = '<note><rest measure="yes"/><duration>8</duration></note>'
    song = read(partwise(bars(metre("3") + rest, note("C4", 6), "", note("D4", 6))))
    assert rows(song) == [(3, 3, 60), (9, 3, 62)]


# ------------------------------------------------------------ words and numbers


def test_tempo_from_metronome_marks(read) -> None:
    def mark(inside: str) -> str:
        return f"<direction><direction-type><metronome>{inside}</metronome></direction-type></direction>"

    dotted = "<beat-unit>quarter</beat-unit><beat-unit-dot/>"
    song = read(
        partwise(
            bars(
                FOUR_FOUR + mark(dotted + "<per-minute>c. 60</per-minute>") + whole("C"),
                mark("<beat-unit>quarter</beat-unit>" + dotted) + whole("D"),
                '<sound tempo="1e9"/><sound tempo="nonsense"/>' + whole("E"),
            )
        )
    )
    assert song.tempos == (TempoChange(0, 90.0), TempoChange(4 * Q, 135.0))
    assert any("tempos" in remark for remark in song.remarks)


@pytest.mark.parametrize(
    ("harmony", "symbol"),
    [
        ("<root><root-step>C</root-step></root><kind>major</kind>", "C"),
        ('<root><root-step>D</root-step></root><kind text="m7">minor-seventh</kind>', "Dm7"),
        (
            "<root><root-step>F</root-step><root-alter>1</root-alter></root><kind>dominant</kind><bass><bass-step>A"
            "</bass-step><bass-alter>1</bass-alter></bass><degree><degree-value>9</degree-value><degree-alter>-1"
            "</degree-alter><degree-type>add</degree-type></degree>",
            "F#7(b9)/A#",
        ),
        (
            '<root><root-step>G</root-step></root><kind text="7b9">dominant</kind><degree><degree-value>9'
            "</degree-value><degree-alter>-1</degree-alter><degree-type>add</degree-type></degree>",
            "G7b9",
        ),
        (
            '<root><root-step>G</root-step></root><kind text="7sus">suspended-fourth</kind><degree><degree-value>7'
            "</degree-value><degree-alter>0</degree-alter><degree-type>add</degree-type></degree>",
            "G7sus",
        ),
        ("<root><root-step>B</root-step><root-alter>-1</root-alter></root><kind>half-diminished</kind>", "Bbm7b5"),
        ('<root><root-step>C</root-step></root><kind text="N.C.">none</kind>', "N.C."),
    ],
)
def test_chord_symbols_are_spelt_for_musicians(read, harmony: str, symbol: str) -> None:
    song = read(partwise(bars(FOUR_FOUR + note("C4", 2) + f"<harmony>{harmony}</harmony>" + note("C4", 6))))
    assert song.chords == (TextEvent(Q, symbol),)


def test_lyrics_join_and_second_verses_are_sung_the_second_time(read) -> None:
    def lyric(number: int, syllabic: str, text: str) -> str:
        return f'<lyric number="{number}"><syllabic>{syllabic}</syllabic><text>{text}</text></lyric>'

    first = note("C4", 4, lyric(1, "begin", "Hal") + lyric(2, "single", "Praise"))
    second = note("D4", 4, lyric(1, "end", "lo"))
    song = read(partwise(bars(FOUR_FOUR + first + second + BACKWARD)))
    assert [event.text for event in song.parts[0].lyrics] == ["Hal-", "lo", "Praise", "lo"]
    assert read(partwise(bars(FOUR_FOUR + first + second))).remarks != ()


def test_titles_and_rehearsal_marks(read) -> None:
    mark = "<direction><direction-type><rehearsal>Verse</rehearsal></direction-type></direction>"
    song = read(
        partwise(
            bars(FOUR_FOUR + whole("C"), mark + whole("D")),
            before="<work><work-title>Work</work-title></work><movement-title>A  Song</movement-title>",
        )
    )
    assert song.title == "A Song"
    assert song.markers == (TextEvent(4 * Q, "Verse"),)


def test_timewise_scores_are_turned(read) -> None:
    text = (
        "<score-timewise><part-list/>"
        f'<measure number="1"><part id="A">{FOUR_FOUR}{whole("C")}</part></measure>'
        f'<measure number="2"><part id="A">{whole("D")}</part><part id="B">{FOUR_FOUR}{whole("E")}</part></measure>'
        "</score-timewise>"
    )
    song = read(text, "a.xml")
    assert [rows(song, 0), rows(song, 1)] == [[(0, 4, 60), (4, 4, 62)], [(4, 4, 64)]]


# ---------------------------------------------------------------------- the file


def zipped(**files: str | bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name.replace("__", "/").replace("_", "."), content)
    return buffer.getvalue()


SCORE = partwise(bars(FOUR_FOUR + whole("C")))
CONTAINER = '<container><rootfiles><rootfile full-path="{}"/></rootfiles></container>'


def test_zipped_scores_with_a_container_without_one_and_with_a_broken_one(read) -> None:
    other = partwise(bars(FOUR_FOUR + whole("D")))
    files = {"b_xml": other, "a_xml": SCORE}
    assert pitches(read(zipped(**{"META-INF__container_xml": CONTAINER.format("a.xml")}, **files), "a.mxl")) == "C"
    assert pitches(read(zipped(**files), "a.mxl")) == "D"
    broken = "<container><rootfile full-path='it's.xml'/></container>"
    assert pitches(read(zipped(**{"META-INF__container_xml": broken}, **files), "a.mxl")) == "D"
    assert pitches(read(zipped(a_xml=SCORE), "misnamed.xml")) == "C"


def test_other_encodings_and_namespaces(read) -> None:
    assert pitches(read(SCORE.replace("version='1.0'", "version='1.0' encoding='UTF-16'").encode("utf-16"))) == "C"
    assert pitches(read(SCORE.replace("<score-partwise>", "<score-partwise xmlns='urn:x'>"))) == "C"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty"),
        (b"  \n", "empty"),
        (b"MThd\0\0\0\6", "XML"),
        (b"<html><body/></html>", "XML but no MusicXML score"),
        (b"<score-partwise><part", "no whole XML file"),
        (b"<score-partwise/>", "not one note"),
        (b"<?xml version='1.0' encoding='nonsense'?><score-partwise/>", "XML file|encoding"),
        (b"PK\3\4 this is no zip", "damaged"),
        (zipped(a_txt="hello"), "without a score"),
        (
            b"<!DOCTYPE score-partwise [<!ENTITY a 'b'><!ENTITY c '&a;&a;'>]><score-partwise>&c;</score-partwise>",
            "entities",
        ),
        (b"<!DOCTYPE x [<!ENTITY a SYSTEM 'file:///etc/passwd'>]><score-partwise>&a;</score-partwise>", "entities"),
        (partwise(bars(FOUR_FOUR + note("C4", 10**9) * 3)).encode(), "longer than"),
    ],
)
def test_what_is_no_score_is_refused_in_plain_words(read, content: bytes, reason: str) -> None:
    with pytest.raises(MusicXmlError, match=reason):
        read(content)


def test_missing_files_and_folders_are_refused(tmp_path: Path) -> None:
    for path in (tmp_path / "nothing.mxl", tmp_path):
        with pytest.raises(MusicXmlError):
            read_musicxml(path)


def test_a_zip_bomb_is_refused_without_unpacking_it(read, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(musicxml_file, "MAX_BYTES", 1 << 20)
    with pytest.raises(MusicXmlError, match="unpacks to more"):
        read(zipped(a_xml=b"<score-partwise>" + b" " * (2 << 20)), "a.mxl")


def test_truncated_zips_are_refused(read) -> None:
    whole_file = zipped(a_xml=SCORE * 3)
    for size in (10, len(whole_file) // 2, len(whole_file) - 5):
        with pytest.raises(MusicXmlError):
            read(whole_file[:size], "a.mxl")


RICH = partwise(
    bars(
        FOUR_FOUR + FORWARD + note("D4", 0, first="<grace/>") + note("C4", 4, '<tie type="start"/>') + note("C4", 4),
        ending("1", whole("D"), BACK),
        ending("2", metre("3+2", "8") + '<sound tempo="90"/>' + note("E4", 5)),
    )
)


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_damaged_numbers_and_names_never_give_a_traceback(read, data: st.DataObject) -> None:
    words_of = RICH.split("<")
    at = data.draw(st.integers(1, len(words_of) - 1))
    tag, bracket, text = words_of[at].partition(">")
    text = data.draw(
        st.sampled_from(["", "-1", "0", "1e99", "9" * 400, "nan", "½", "x", "3.5", "+", " 7 "]) | st.just(text)
    )
    words_of[at] = tag.replace('"', "") + bracket + text if data.draw(st.booleans()) else tag + bracket + text
    try:
        read("<".join(words_of))
    except MusicXmlError as error:
        assert error.reason


# ---------------------------------------------------------------------- real data


def test_a_sample_of_lead_sheets_is_read(data: Path) -> None:
    files = sorted((data / "openewld" / "mxl").glob("*.mxl"))[::12]
    for path in files:
        song = read_musicxml(path)
        assert song.n_notes > 10 and song.chords and song.title
        assert song.ticks_per_quarter <= 30_240


def test_what_is_not_played_is_said(read) -> None:
    wedge = '<direction><direction-type><wedge type="{}"/></direction-type></direction>'
    trill = "<notations><ornaments><trill-mark/></ornaments></notations>"
    song = read(partwise(bars(FOUR_FOUR + wedge.format("crescendo") + note("C4", 8, trill) + wedge.format("stop"))))
    assert sorted(song.remarks) == [
        "1 crescendo and diminuendo signs were left out",
        "1 trills, tremolos and other ornaments are played as plain notes",
    ]


@pytest.mark.slow
def test_all_lead_sheets_are_read(data: Path) -> None:
    files = sorted((data / "openewld" / "mxl").glob("*.mxl"))
    assert len(files) == 472
    songs = [read_musicxml(path) for path in files]
    assert sum(song.n_notes for song in songs) > 56_000
    assert all(song.metres for song in songs)
