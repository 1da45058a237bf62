"""What a song sounds like: pitch, time, place, loudness, loops, tails."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tiny_soundfont import RATE_HZ, SINE_KEY, Sample, Zone, sine, write_soundfont

from bandroid.errors import UserError, WishError
from bandroid.music.notes import Notes
from bandroid.music.song import MetreChange, Part, Song, TempoChange
from bandroid.render import voices
from bandroid.render.generators import GENERATORS
from bandroid.render.levels import CEILING
from bandroid.render.soundfont import SoundFont, load_soundfont
from bandroid.render.synth import LONGEST_SECOND, substitutions, synthesize, synthesize_stems

TICKS_PER_SECOND = 960
LOOPED = {"sample_modes": 1}


def make_song(*parts: Sequence[tuple[float, float, int, int]], **fields: Any) -> Song:
    """Make parts of (second, seconds, key, velocity) notes."""
    return Song(
        480,
        tuple(
            Part(
                f"part {number}",
                fields.get("program", 0),
                fields.get("is_drum", False),
                Notes.from_rows(
                    [(round(a * TICKS_PER_SECOND), round(b * TICKS_PER_SECOND), key, v) for a, b, key, v in rows]
                ),
                volume=fields.get("volume", 100),
                pan=fields.get("pan", 64),
            )
            for number, rows in enumerate(parts)
        ),
    )


@pytest.fixture
def font(tmp_path: Path) -> Any:
    """Make a font of one instrument from its zones' values."""

    def make(*values: dict[str, int], samples: Sequence[Sample] = ()) -> SoundFont:
        zones = [Zone(values=LOOPED | value) for value in values] or [Zone(values=LOOPED)]
        places = {(0, 0): (Zone(),), (128, 0): (Zone(),)}
        return load_soundfont(write_soundfont(tmp_path / "a.sf2", samples=samples, instruments=[zones], presets=places))

    return make


def frequency_hz(wave: np.ndarray) -> float:
    """Return the strongest frequency, to about a cent."""
    size = 1 << 20
    spectrum = np.abs(np.fft.rfft(wave * np.hanning(wave.size), size))
    return float(spectrum.argmax()) * RATE_HZ / size


def rms(wave: np.ndarray) -> float:
    return float(np.sqrt(np.mean(np.square(wave, dtype=np.float64))))


def db(ratio: float) -> float:
    return float(20 * np.log10(ratio))


def dry(song: Song, font: SoundFont, **options: Any) -> np.ndarray:
    return synthesize(song, font, reverb=0.0, **options)


@pytest.mark.parametrize("key", [SINE_KEY, SINE_KEY - 12, SINE_KEY + 7, 30, 100])
def test_keys_sound_at_their_pitch(font: Any, key: int) -> None:
    sound = dry(make_song([(0, 1, key, 100)]), font())
    cents = 1_200 * np.log2(frequency_hz(sound[4_000:40_000, 0]) / (441 * 2 ** ((key - SINE_KEY) / 12)))
    assert abs(cents) < 1.0


@pytest.mark.parametrize(
    ("values", "cent"),
    [
        ({"coarse_tune": 2, "fine_tune": -30}, 170),
        ({"root_key": SINE_KEY - 1}, 100),
        ({"scale_tuning": 50, "root_key": SINE_KEY - 4}, 200),
        ({"key": SINE_KEY + 3}, 300),
    ],
)
def test_tuning(font: Any, values: dict[str, int], cent: float) -> None:
    sound = dry(make_song([(0, 1, SINE_KEY, 100)]), font(values))
    assert 1_200 * np.log2(frequency_hz(sound[4_000:40_000, 0]) / 441) == pytest.approx(cent, abs=1)


def test_a_samples_own_rate_and_correction_count(font: Any) -> None:
    slow = Sample(sine().points, sine().loop, rate_hz=22_050, correction_cent=40)
    sound = dry(make_song([(0, 1, SINE_KEY, 100)]), font(samples=[slow]))
    assert 1_200 * np.log2(frequency_hz(sound[4_000:40_000, 0]) / 441) == pytest.approx(-1_160, abs=1)


def test_a_loop_has_no_seam_and_a_note_lasts_as_written(font: Any) -> None:
    sound = dry(make_song([(0.5, 2, SINE_KEY, 100)]), font())[:, 0]
    wave = sound[RATE_HZ : 2 * RATE_HZ]  # the sample itself lasts 0.09 s
    phase = np.arange(wave.size) * 2 * np.pi * 441 / RATE_HZ
    basis = np.stack([np.sin(phase), np.cos(phase)])
    rest = wave - (wave @ basis.T * 2 / wave.size) @ basis
    assert db(rms(rest) / rms(wave)) < -60
    assert np.abs(sound[: RATE_HZ // 2]).max() == 0.0
    assert np.abs(sound[round(2.51 * RATE_HZ) :]).max() < 1e-3


def test_a_drone_longer_than_its_wave_goes_on_without_a_seam(font: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(voices, "LONGEST_WAVE_SECOND", 1.0)
    sound = dry(make_song([(0, 10, SINE_KEY - 5, 100)]), font())[:, 0]
    wave = sound[RATE_HZ // 2 : 9 * RATE_HZ]
    hz = frequency_hz(wave[:RATE_HZ])
    assert 1_200 * np.log2(hz / (441 * 2 ** (-5 / 12))) == pytest.approx(0, abs=1)
    jumps = np.abs(np.diff(wave, n=2))  # a click is a corner; a sine's own corners are its curvature
    assert jumps.max() < 1.5 * np.quantile(jumps, 0.99)
    assert rms(wave[-RATE_HZ:]) == pytest.approx(rms(wave[:RATE_HZ]), rel=0.01)


def test_loop_mode_3_plays_the_rest_of_the_sample_after_the_key(font: Any) -> None:
    tone = sine(40)
    rest = np.zeros(20_000, dtype="<i2")
    rest[::1_000] = 20_000  # ticks after the loop
    sample = Sample(np.concatenate([tone.points, rest]), tone.loop)
    values = {"sample_modes": 3, "vol_env_release": 3_600}
    sound = dry(make_song([(0, 1, SINE_KEY, 100)]), font(values, samples=[sample]))[:, 0]
    held, after = sound[: RATE_HZ - 200], sound[RATE_HZ + 5_000 : RATE_HZ + 20_000]
    assert frequency_hz(held) == pytest.approx(441, abs=1)
    assert np.median(np.abs(after)) < 0.02 * np.abs(after).max()  # ticks, no tone


def test_attack_decay_sustain_release(font: Any) -> None:
    values = {
        "vol_env_attack": -1_200,  # 0.5 s
        "vol_env_decay": 0,  # 1 s for the whole 96 dB
        "vol_env_sustain": 250,  # a quarter of the way down
        "vol_env_release": 0,
    }
    sound = dry(make_song([(0, 2, SINE_KEY, 127)]), font(values), gain_db=-12)[:, 0]  # no limiter

    def level(second: float) -> float:
        at = round(second * RATE_HZ)
        return rms(sound[at : at + 1_000])

    top = level(0.489)  # just before the end of the attack
    assert level(0.25) / top == pytest.approx(0.53, abs=0.02)  # a straight line
    assert db(level(0.6) / top) == pytest.approx(-0.11 * 96, abs=0.8)
    assert db(level(1.0) / top) == pytest.approx(-24, abs=0.5)
    assert db(level(1.9) / top) == pytest.approx(-24, abs=0.5)
    assert db(level(2.2) / level(2.0)) == pytest.approx(-0.2 * 96, abs=0.8)


def test_key_to_decay_shortens_high_notes(font: Any) -> None:
    values = {"vol_env_decay": 2_400, "vol_env_sustain": 960, "key_to_vol_env_decay": 100}
    # 100 timecents a key: an octave up halves the time.
    sound = dry(make_song([(0, 1, 60, 100)], [(1.5, 1, 72, 100)]), font(values))[:, 0]

    def fall(second: float) -> float:
        a, b = (round((second + offset) * RATE_HZ) for offset in (0.1, 0.9))
        return db(rms(sound[b : b + 2_000]) / rms(sound[a : a + 2_000]))

    assert fall(1.5) / fall(0) == pytest.approx(2.0, rel=0.05)


def test_velocity_volume_and_attenuation(font: Any) -> None:
    loud_soft = make_song([(0, 1, SINE_KEY, 127), (1.5, 1, SINE_KEY, 64)])
    sound = dry(loud_soft, font())[:, 0]
    assert db(rms(sound[70_000:100_000]) / rms(sound[4_000:34_000])) == pytest.approx(40 * np.log10(64 / 127), abs=0.2)
    both = make_song([(0, 1, SINE_KEY, 100)], [(1.5, 1, SINE_KEY, 100)])
    quiet = Part("quiet", 0, False, both.parts[1].notes, volume=50)
    sound = dry(both.with_parts((both.parts[0], quiet)), font())[:, 0]
    assert db(rms(sound[70_000:100_000]) / rms(sound[4_000:34_000])) == pytest.approx(40 * np.log10(0.5), abs=0.2)


def test_pan_of_zone_and_part(font: Any) -> None:
    note = [(0, 1, SINE_KEY, 100)]
    left, right = (rms(dry(make_song(note), font({"pan": -500}))[:, side]) for side in (0, 1))
    assert left > 0.01 and right < 1e-4
    left, right = (rms(dry(make_song(note, pan=127), font())[:, side]) for side in (0, 1))
    assert right > 0.01 and left < 1e-4
    left, right = (rms(dry(make_song(note), font())[:, side]) for side in (0, 1))
    assert left == pytest.approx(right)


def test_stereo_pairs_keep_their_sides(font: Any) -> None:
    low, high = sine(), Sample(sine().points[::2].copy(), (1_000, 2_000))
    font_ = load_soundfont(
        write_soundfont(
            font().path.with_name("pair.sf2"),
            samples=[low, high],
            instruments=[
                [Zone(0, values=LOOPED | {"pan": -500}), Zone(1, values=LOOPED | {"pan": 500})],
            ],
        )
    )
    sound = dry(make_song([(0, 1, SINE_KEY, 100)]), font_)
    assert frequency_hz(sound[4_000:40_000, 0]) == pytest.approx(441, abs=0.5)
    assert frequency_hz(sound[4_000:40_000, 1]) == pytest.approx(882, abs=0.5)


def test_the_filter_darkens(font: Any) -> None:
    noise = Sample(
        np.random.default_rng(0).integers(-8_000, 8_000, 40_000).astype("<i2"), (0, 40_000), root_key=SINE_KEY
    )
    note = make_song([(0, 0.8, SINE_KEY, 100)])

    def spectrum(values: dict[str, int]) -> np.ndarray:
        wave = dry(note, font(values, samples=[noise]))[2_000:34_768, 0]
        return np.abs(np.fft.rfft(wave * np.hanning(wave.size)))

    dark, bright = spectrum({"cutoff": 8_100}), spectrum({})  # 8100 cents: 880 Hz
    ratio = dark / bright
    at = lambda hz: round(hz * 32_768 / RATE_HZ)  # noqa: E731
    passed = np.median(ratio[at(100) : at(300)])
    assert db(np.median(ratio[at(1_700) : at(1_820)]) / passed) == pytest.approx(-12.3, abs=1.0)
    assert db(np.median(ratio[at(3_450) : at(3_600)]) / passed) == pytest.approx(-24.2, abs=1.5)


def test_a_closed_hi_hat_chokes_an_open_one(font: Any) -> None:
    # Both keys are drums of one exclusive class, which ring for seconds.
    drums = font({"exclusive_class": 1, "vol_env_release": 3_600})
    alone = dry(make_song([(0, 0.1, 46, 100)], is_drum=True), drums)[:, 0]
    choked = dry(make_song([(0, 0.1, 46, 100), (0.5, 0.01, 100, 1)], is_drum=True), drums)[:, 0]
    assert rms(alone[30_000:40_000]) > 0.001
    at = round(0.52 * RATE_HZ)
    assert rms(choked[at : at + 5_000]) < 0.05 * rms(choked[at - 6_000 : at - 1_000])


def test_nothing_clips_and_quiet_songs_are_brought_up(font: Any) -> None:
    wall = [(0, 2, key, 127) for key in range(40, 90)]
    sound = synthesize(make_song(wall, wall, wall), font(), gain_db=30)
    assert np.abs(sound).max() <= CEILING + 1e-6
    quiet = dry(make_song([(0, 2, SINE_KEY, 20)]), font())
    louder = dry(make_song([(0, 2, SINE_KEY, 20)]), font(), gain_db=6)
    assert 0.02 < rms(quiet[:80_000]) < 0.2
    assert db(rms(louder) / rms(quiet)) == pytest.approx(6, abs=0.05)


def test_the_room_is_behind_the_sound_and_ends(font: Any) -> None:
    note = make_song([(0, 0.5, SINE_KEY, 100)])
    plain, wet = dry(note, font()), synthesize(note, font(), reverb=1.0)
    assert wet.shape[0] > plain.shape[0] + RATE_HZ // 4
    assert np.abs(wet[-100:]).max() < 1e-3
    after = slice(round(0.6 * RATE_HZ), round(0.8 * RATE_HZ))
    assert rms(wet[after]) > 0.003
    left, right = wet[after].T
    assert rms(left - right) > 0.3 * rms(left)  # it is wide


def test_stems_add_up_to_the_mix(font: Any) -> None:
    song = make_song([(0, 1, 60, 100)], [(0.5, 1, 64, 90)], [(1, 0.5, 67, 80)])
    mix = synthesize(song, font(), reverb=0.3)
    stems = list(synthesize_stems(song, font(), reverb=0.3))
    assert [stem.shape for stem in stems] == [mix.shape] * 3
    assert np.abs(sum(stems) - mix).max() < 1e-4
    assert rms(stems[2][: RATE_HZ // 2]) < 1e-6


@pytest.mark.parametrize(("numerator", "bars"), [(4, 1), (3, 2), (7, 1)])
def test_a_loop_is_bar_exact_and_seamless(font: Any, numerator: int, bars: int) -> None:
    length = numerator * bars * 480
    rows = [(0, length, SINE_KEY, 100)]  # a tone that fills the bars: its release is laid over the start
    song = Song(
        480,
        (Part("p", 0, False, Notes.from_rows(rows)),),
        (TempoChange(0, 90.0),),
        (MetreChange(0, numerator, 4),),
    )
    sound = synthesize(song, font({"vol_env_release": 0}), loop=True, reverb=0.5)
    assert sound.shape[0] == round(numerator * bars * 60 / 90 * RATE_HZ)
    assert rms(sound[:2_000]) > 0.5 * rms(sound)  # the tail is there


def test_a_loop_carries_its_tail_over_the_seam(font: Any) -> None:
    song = make_song([(1.9, 0.1, SINE_KEY, 100)])  # the last tenth of a bar of 2 s
    sound = dry(song, font({"vol_env_release": 0}), loop=True)[:, 0]
    assert sound.size == 2 * RATE_HZ
    seam = np.concatenate([sound[-4_000:], sound[:4_000]])
    corners = np.abs(np.diff(seam, n=2))
    assert corners[3_980:4_020].max() < 1.2 * corners[:3_900].max()


def test_the_same_bytes_every_time(font: Any) -> None:
    song = make_song([(i / 10, 0.3, 40 + i % 40, 30 + i) for i in range(60)])
    one, other = (synthesize(song, load_soundfont()) for _ in range(2))
    assert one.dtype == np.float32
    assert one.tobytes() == other.tobytes()


def test_a_song_without_notes_is_silence(font: Any) -> None:
    silence = synthesize(make_song([]), font())
    assert 0 < silence.shape[0] < 10 * RATE_HZ
    assert not silence.any()
    assert not any(stem.any() for stem in synthesize_stems(make_song([], []), font()))


def test_what_plays_instead_is_said(font: Any, tmp_path: Path) -> None:
    assert substitutions(make_song([(0, 1, 60, 100)]), font()) == ()
    (sentence,) = substitutions(make_song([(0, 1, 60, 100)], program=40), font())
    assert "no program 40" in sentence and "part 0" in sentence
    bare = load_soundfont(write_soundfont(tmp_path / "bare.sf2"))
    drums = make_song([(0, 1, 36, 100)], is_drum=True)
    assert "no drums" in substitutions(drums, bare)[0]
    assert not synthesize(drums, bare).any()


@pytest.mark.parametrize("options", [{"sample_rate_hz": 0}, {"gain_db": 1e9}, {"reverb": 1.5}])
def test_impossible_options(font: Any, options: dict[str, Any]) -> None:
    with pytest.raises(WishError):
        synthesize(make_song([(0, 1, 60, 100)]), font(), **options)


def test_endless_songs_are_refused_in_plain_words(font: Any) -> None:
    song = make_song([(LONGEST_SECOND + 10, 1, 60, 100)])
    for render in (synthesize, synthesize_stems):
        with pytest.raises(WishError, match="minutes"):
            render(song, font())


def test_a_damaged_font_sounds_odd_but_nothing_breaks(tmp_path: Path) -> None:
    path = write_soundfont(tmp_path / "a.sf2", samples=[sine(4)], instruments=[[Zone(values=LOOPED | _EVERYTHING)]])
    content = path.read_bytes()
    tables = content.index(b"pdta")
    generator = np.random.default_rng(2)
    song = make_song([(0, 0.05, 60, 100), (0.02, 0.05, 90, 1)])
    n_played = 0
    for _ in range(150):
        broken = bytearray(content)
        for at in generator.integers(tables, len(content), 4):
            broken[at] = int(generator.integers(256))
        path.write_bytes(broken)
        try:
            sound = synthesize(song, load_soundfont(path), sample_rate_hz=8_000, reverb=0.0)
        except UserError:
            continue
        assert np.isfinite(sound).all()
        n_played += 1
    assert n_played > 20


_EVERYTHING = {
    name: 100
    for name in GENERATORS
    if name not in ("root_key", "key", "velocity", "sample_modes", "exclusive_class") and "offset" not in name
}


@pytest.mark.parametrize("sample_rate_hz", [22_050, 48_000])
def test_other_sample_rates_keep_the_pitch(font: Any, sample_rate_hz: int) -> None:
    sound = dry(make_song([(0, 1, SINE_KEY, 100)]), font(), sample_rate_hz=sample_rate_hz)
    assert frequency_hz(sound[2_000:20_000, 0]) * sample_rate_hz / RATE_HZ == pytest.approx(441, abs=1)


def test_real_songs_sound(data: Path) -> None:
    from bandroid.music.midi_reader import read_midi

    for path in sorted((data / "freedoom" / "band_lola_harvey").glob("*.mid"))[:2]:
        sound = synthesize(read_midi(path), load_soundfont(), sample_rate_hz=22_050)
        assert np.isfinite(sound).all()
        assert 0.03 < rms(sound) < 0.3
        assert np.abs(sound).max() <= CEILING + 1e-6
        assert np.abs(sound.mean(axis=0)).max() < 0.01  # no offset
