"""Lines learnt from a few songs, from end to end: drums, melodies, leads over chords; saved, loaded, composed with."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bandroid.bundle.store import Bundle, find_style, save_style
from bandroid.commands.learn import LearnOptions, learn, learn_each
from bandroid.errors import StyleError, WishError
from bandroid.generation.chart import read_chart
from bandroid.generation.compose import Wish
from bandroid.generation.line_style import LineStyle, load_line_style
from bandroid.generation.primer import primer_from_song, read_primer
from bandroid.generation.sampling import Sampling
from bandroid.generation.styles import check_any_golden, compose_any, load_any_style, load_score_style
from bandroid.music.midi_writer import write_midi
from bandroid.music.notes import Notes
from bandroid.music.song import KeyChange, MetreChange, Part, Song, TempoChange, TextEvent
from bandroid.training.milestone_style import finished_style, style_of_milestone
from bandroid.training.run_folder import find_run

SMALL = ["layers=12", "embedding=8", "width=12", "threads=1", "precision=fp32", "patience=2", "evaluate_every=5"]
MAJOR = (0, 2, 4, 5, 7, 9, 11)


def tune(seed: int, n_bars: int = 8, swing: bool = False) -> Song:
    """A song with a lead over chords, and a drummer: eighths up and down C major's scale, loud on the beat."""
    rng = np.random.default_rng(seed)
    lead, drums, at = [], [], int(rng.integers(7))
    for eighth in range(8 * n_bars):
        tick = 240 * eighth + (80 if swing and eighth % 2 else 0)
        at = int(np.clip(at + rng.choice([-1, 1]), 0, 13))
        loud = 100 if eighth % 2 == 0 else 70
        lead.append((tick, 120, 60 + 12 * (at // 7) + MAJOR[at % 7], loud))
        drums.append((tick, 60, 42, loud - 20))
        if eighth % 8 in (0, 5):
            drums.append((tick, 60, 36, 110))
        if eighth % 4 == 2:
            drums.append((tick, 60, 38, 105))
    chords = [TextEvent(1920 * bar, ("C", "Am7", "Dm7", "G7")[bar % 4]) for bar in range(n_bars)]
    return Song(
        480,
        (Part("Lead", 73, False, Notes.from_rows(lead)), Part("Drums", 0, True, Notes.from_rows(drums))),
        (TempoChange(0, 100.0 + seed),),
        (MetreChange(0, 4, 4),),
        (KeyChange(0, 0, False),),
        tuple(chords),
    )


@pytest.fixture(scope="module")
def band(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("band")
    for number in range(4):
        write_midi(tune(number, swing=True), folder / f"song-{number}.mid")
    return folder


@pytest.fixture(scope="module")
def styles(band: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Bundle]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BANDROID_HOME", str(tmp_path_factory.mktemp("home")))
        found = {}
        for preset in ("drums", "one-drum", "melody", "melody-attention", "jazz"):
            learn([band], name=f"my-{preset}", options=options(preset), as_json=True)
            found[preset] = find_style(f"my-{preset}")
        return found


def options(preset: str, **changes: object) -> LearnOptions:
    values: dict[str, object] = {
        "preset": preset,
        "minutes": None,
        "steps": 10,
        "settings": SMALL,
        "device": "cpu",
        "resume": False,
        "hold_out": [],
        "held_out": None,
        "exclude": [],
        "force": False,
    }
    return LearnOptions(**{**values, **changes})  # type: ignore[arg-type]


def test_each_preset_makes_a_style_that_is_whole(styles: dict[str, Bundle]) -> None:
    for preset, bundle in styles.items():
        check_any_golden(bundle)
        style = load_line_style(bundle)
        assert style.kind.is_drums == ("drum" in preset)
        assert (style.harmony is not None) == (preset == "jazz")
        assert bundle.size_byte < 400_000
        assert bundle.manifest.learnt_parts in ("drums", "one-drum", "melody", "lead")


@pytest.mark.parametrize("preset", ["drums", "one-drum", "melody", "melody-attention", "jazz"])
def test_the_same_seed_composes_the_same_piece(styles: dict[str, Bundle], preset: str) -> None:
    style = load_line_style(styles[preset])
    piece = compose_any(style, Wish(n_bars=4), seed=5)
    assert compose_any(style, Wish(n_bars=4), seed=5).song == piece.song
    assert compose_any(style, Wish(n_bars=4), seed=6).song != piece.song
    assert piece.song.n_notes > 4 and piece.song.tempos[0].tempo_qpm in range(100, 104)
    assert piece.song.end_tick <= 4 * 4 * piece.song.ticks_per_quarter
    velocities = np.unique(np.concatenate([part.notes.velocity for part in piece.song.parts]))
    assert velocities.size > 1


def test_what_swings_is_straight_to_the_net_and_swings_again(styles: dict[str, Bundle]) -> None:
    style = load_line_style(styles["drums"])
    assert all(line_up.swing.eighth == pytest.approx(2 / 3, abs=0.01) for line_up in style.line_ups)
    song = compose_any(style, Wish(n_bars=8), seed=1).song
    place = song.parts[0].notes.onset_tick % 480
    assert 320 in place and 240 not in place


@pytest.mark.parametrize("preset", ["drums", "melody"])
def test_a_single_step_holds_a_note(styles: dict[str, Bundle], preset: str) -> None:
    assert compose_any(load_line_style(styles[preset]), Wish(n_steps=1), seed=1).song.n_notes >= 1


def test_length_in_steps(styles: dict[str, Bundle]) -> None:
    piece = compose_any(load_line_style(styles["drums"]), Wish(n_steps=37), seed=1)
    assert 30 * 120 < piece.song.end_tick <= 37 * 120


def test_a_typed_primer_is_kept(styles: dict[str, Bundle]) -> None:
    drums = read_primer("[(36, 42), (), (42,), (), (38, 42), (), (42,), ()]")
    notes = compose_any(load_line_style(styles["drums"]), Wish(n_bars=2, primer=drums), seed=2).song.parts[0].notes
    given = notes.select(notes.onset_tick < 8 * 120)
    assert list(zip(given.onset_tick.tolist(), given.pitch.tolist(), strict=True)) == [
        (0, 36), (0, 42), (240, 42), (480, 38), (480, 42), (720, 42)
    ]  # fmt: skip
    assert len(notes) > len(given)
    melody = read_primer("[60, -2, 62, -1, 64]")
    notes = compose_any(load_line_style(styles["melody"]), Wish(n_bars=2, primer=melody), seed=2).song.parts[0].notes
    assert notes.pitch[:3].tolist() == [60, 62, 64] and notes.onset_tick[:3].tolist() == [0, 240, 480]
    assert notes.length_tick[:2].tolist() == [240, 120]


def test_a_primer_file_is_kept_note_for_note(styles: dict[str, Bundle]) -> None:
    song = tune(9, n_bars=2)
    for preset, part in (("drums", 1), ("melody-attention", 0)):
        piece = compose_any(load_line_style(styles[preset]), Wish(n_bars=5, primer=primer_from_song(song)), seed=3)
        notes = piece.song.parts[0].notes
        scale = piece.song.ticks_per_quarter // 480
        given = notes.select(notes.onset_tick < 2 * 1920 * scale)
        assert np.array_equal(given.onset_tick, song.parts[part].notes.onset_tick * scale)
        assert np.array_equal(given.velocity, song.parts[part].notes.velocity)
        assert piece.song.tempos[0].tempo_qpm == 109 and piece.first_new_bar == 3
        assert notes.onset_tick.max() >= 2 * 1920 * scale


def test_a_primer_as_long_as_the_piece_is_refused(styles: dict[str, Bundle]) -> None:
    with pytest.raises(WishError, match="primer alone takes 2 bars"):
        compose_any(load_line_style(styles["drums"]), Wish(n_bars=2, primer=primer_from_song(tune(9, 2))), seed=3)


def test_a_lead_is_played_over_the_chart(styles: dict[str, Bundle]) -> None:
    style = load_line_style(styles["jazz"])
    song = compose_any(style, Wish(n_bars=4, chart=read_chart("Dm7 G7 | Cmaj7")), seed=4).song
    assert [event.text for event in song.chords] == ["Dm7", "G7", "Cmaj7", "Dm7", "G7", "Cmaj7"]
    assert [part.name for part in song.parts][1:] == ["Piano", "Bass"]
    bass = song.parts[2].notes
    assert (bass.pitch[bass.onset_tick == 0] % 12).tolist() == [2]
    own = compose_any(style, Wish(n_bars=8, key=(0, False)), seed=4).song
    assert own.chords[-1].text == "C" and len({event.text for event in own.chords}) > 1


def test_wishes_that_a_style_cannot_meet(styles: dict[str, Bundle]) -> None:
    drums, melody = load_line_style(styles["drums"]), load_line_style(styles["melody"])
    for style, wish, words in (
        (melody, Wish(chart=read_chart("C F")), "no leads over chords"),
        (drums, Wish(key=(9, True)), "drums alone"),
        (melody, Wish(programs=(0, 24)), "one part"),
        (drums, Wish(primer=read_primer("[60, 62]")), "holds no drums"),
        (melody, Wish(primer=read_primer("[(36,)]")), "holds no melody"),
        (melody, Wish(programs=(128,)), "plays pitches"),
    ):
        with pytest.raises(WishError, match=words):
            compose_any(style, wish, seed=1)
    with pytest.raises(StyleError, match="writes one line"):
        load_score_style(styles["melody"], "continue")


def test_at_low_temperature_no_pitch_comes_too_often(styles: dict[str, Bundle]) -> None:
    style = load_any_style(styles["melody"])
    assert isinstance(style, LineStyle)
    for seed in range(5):
        piece = compose_any(style, Wish(n_bars=8, sampling=Sampling(0.2)), seed)
        assert piece.habits.longest_pitch_run <= style.longest_run


def test_a_style_of_each_folder(
    band: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("BANDROID_HOME", str(tmp_path / "home"))
    for name in ("Bach", "Empty", "Mozart"):
        (tmp_path / "composers" / name).mkdir(parents=True)
        if name != "Empty":
            for song in sorted(band.glob("*.mid"))[:2]:
                (tmp_path / "composers" / name / song.name).write_bytes(song.read_bytes())
    folders = sorted((tmp_path / "composers").iterdir())
    learn_each(folders, name=None, options=options("melody", steps=2), as_json=False)
    said = capsys.readouterr()
    assert "empty: " in said.err and "not learnt: empty" in said.out
    assert find_style("bach").manifest.preset == find_style("mozart").manifest.preset == "melody"
    with pytest.raises(WishError, match="leave --name out"):
        learn_each(folders, name="x", options=options("melody"), as_json=False)


def test_songs_without_the_part_are_refused_with_a_reason(
    band: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("BANDROID_HOME", str(tmp_path / "home"))
    song = tune(7)
    write_midi(song.with_parts(song.parts[:1]), tmp_path / "no-drums.mid")
    learn([band, tmp_path / "no-drums.mid"], name="beats", options=options("drums", steps=1), as_json=False)
    assert "no-drums.mid: has no drums" in capsys.readouterr().out


def test_a_milestone_of_a_line_becomes_a_style(
    band: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("BANDROID_HOME", str(tmp_path / "home"))
    learn([band], name="beats", options=options("drums"), as_json=True)
    run = find_run("beats")
    manifest, files = style_of_milestone(run, finished_style(run), 5, "beats-early")
    early = save_style(manifest, files)
    check_any_golden(early)
    assert early.manifest.training.figures["steps"] == 5
    piece = compose_any(load_line_style(early), Wish(n_bars=4), seed=1)
    assert piece.song != compose_any(load_line_style(find_style("beats")), Wish(n_bars=4), seed=1).song


def test_a_training_goes_on_where_it_was(band: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BANDROID_HOME", str(tmp_path / "home"))
    learn([band], name="whole", options=options("melody-attention"), as_json=True)
    learn([band], name="broken", options=options("melody-attention", steps=6), as_json=True)
    learn([band], name="broken", options=options("melody-attention", resume=True, settings=[]), as_json=True)
    whole, broken = (find_style(name).read("line.onnx") for name in ("whole", "broken"))
    assert whole == broken
