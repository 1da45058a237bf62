"""Presets, zones and samples of SoundFonts, and what is said of files that are none."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from tiny_soundfont import Sample, Zone, sine, write_soundfont

from bandroid.errors import UserError
from bandroid.render.generators import Modulator, modulation
from bandroid.render.soundfont import SoundFont, load_soundfont


@pytest.fixture(scope="module")
def gm() -> SoundFont:
    return load_soundfont()


def test_the_installed_font_has_all_programs_and_drums(gm: SoundFont) -> None:
    assert all((0, program) in gm.presets for program in range(128))
    assert (128, 0) in gm.presets
    for key in range(35, 82):  # General MIDI's drums
        assert any(region.sounds_at(key, 100) for region in gm.regions(128, 0)), key


def test_every_program_sounds_at_middle_c(gm: SoundFont) -> None:
    for program in range(128):
        assert any(region.sounds_at(60, 100) for region in gm.regions(0, program)), program


def test_loading_imports_no_package_that_brings_the_font() -> None:
    code = (
        "import sys; from bandroid.render.soundfont import load_soundfont; load_soundfont();"
        "assert not {'pretty_midi', 'scipy', 'soundfile', 'mido'} & set(sys.modules), sorted(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_zone_over_a_global_zone_over_the_defaults(tmp_path: Path) -> None:
    shared = Zone(link=None, values={"pan": 100, "vol_env_release": 1_200})
    font = load_soundfont(
        write_soundfont(tmp_path / "a.sf2", instruments=[[shared, Zone(values={"pan": -500}), Zone(keys=(60, 71))]])
    )
    left, right = font.regions(0, 0)
    assert (left["pan"], left["vol_env_release"], left["cutoff"]) == (-500, 1_200, 13_500)
    assert (right["pan"], right["vol_env_release"]) == (100, 1_200)
    assert right.sounds_at(60, 1) and right.sounds_at(71, 127) and not right.sounds_at(72, 64)


def test_a_preset_adds_to_its_instrument_within_the_range(tmp_path: Path) -> None:
    preset = [
        Zone(link=None, values={"pan": -50, "attenuation": 30}),
        Zone(values={"pan": 450, "sample_modes": 1}, keys=(0, 60), velocities=(64, 127)),
    ]
    font = load_soundfont(
        write_soundfont(
            tmp_path / "a.sf2",
            presets={(0, 0): preset},
            instruments=[[Zone(values={"pan": 100, "attenuation": 20}, keys=(50, 127))]],
        )
    )
    (region,) = font.regions(0, 0)
    assert region["pan"] == 500  # 100 + 450, held at the range's end
    assert region["attenuation"] == 50  # the preset's global zone counts where its zone says nothing
    assert region["sample_modes"] == 0  # means nothing in a preset
    assert (region.lowest_key, region.highest_key, region.lowest_velocity) == (50, 60, 64)


def test_sample_offsets_and_root_key(tmp_path: Path) -> None:
    values = {"start_offset": 10, "end_offset": -20, "loop_start_offset": 5, "loop_end_offset": -5, "root_key": 72}
    font = load_soundfont(write_soundfont(tmp_path / "a.sf2", instruments=[[Zone(values=values), Zone()]]))
    moved, plain = font.regions(0, 0)
    assert (moved.start - plain.start, moved.end - plain.end) == (10, -20)
    assert (moved.loop_start - plain.loop_start, moved.loop_end - plain.loop_end) == (5, -20)  # kept inside
    assert (moved.root_key, plain.root_key) == (72, 69)


def test_velocity_to_attenuation_falls_by_40_db_a_decade(tmp_path: Path) -> None:
    (region,) = load_soundfont(write_soundfont(tmp_path / "a.sf2")).regions(0, 0)
    cut = [modulation(region.modulators, 60, velocity)[48] for velocity in (127, 64, 13, 1)]
    assert cut == pytest.approx([0.0, 400 * np.log10(127 / 64), 400 * np.log10(127 / 13), 400 * np.log10(127)], abs=1)


def test_a_fonts_own_velocity_curve_takes_the_default_ones_place(tmp_path: Path) -> None:
    flat = (0x0502, 48, 0, 0, 0)
    path = write_soundfont(tmp_path / "a.sf2", instruments=[[Zone(modulators=(flat,))]])
    (region,) = load_soundfont(path).regions(0, 0)
    assert region.modulators == (Modulator(*flat),)
    assert modulation(region.modulators, 60, 1)[48] == 0.0


@pytest.mark.parametrize(
    ("source", "key", "velocity", "expected"),
    [
        pytest.param(0x0002, 60, 127, 100.0, id="velocity, linear, rising"),
        pytest.param(0x0102, 60, 127, 0.0, id="velocity, linear, falling"),
        pytest.param(0x0003, 127, 1, 100.0, id="key"),
        pytest.param(0x0202, 60, 127, 100.0, id="bipolar, at its end"),
        pytest.param(0x0202, 60, 0, -100.0, id="bipolar, at its start"),
        pytest.param(0x0C02, 60, 63, 0.0, id="switch, off"),
        pytest.param(0x0C02, 60, 64, 100.0, id="switch, on"),
        pytest.param(0x0802, 60, 127, 100.0, id="convex"),
        pytest.param(0x0081, 60, 127, 0.0, id="modulation wheel, at rest"),
        pytest.param(0x0087, 60, 127, 0.0, id="volume, which the synthesizer applies"),
    ],
)
def test_modulator_curves(source: int, key: int, velocity: int, expected: float) -> None:
    moved = modulation((Modulator(source, 8, 100, 0, 0),), key, velocity)
    assert moved[8] == pytest.approx(expected)


def test_missing_programs_and_kits_are_played_by_their_kin(tmp_path: Path) -> None:
    zones = (Zone(),)
    path = write_soundfont(
        tmp_path / "a.sf2", presets={(0, 5): zones, (0, 24): zones, (1, 7): zones, (128, 0): zones, (128, 8): zones}
    )
    font = load_soundfont(path)
    assert font.choose(5, False) == (0, 5)
    assert font.choose(27, False) == (0, 24)  # another guitar
    assert font.choose(60, False) == (0, 5)  # no piano: what there is
    assert font.choose(8, True) == (128, 8)
    assert font.choose(25, True) == (128, 0)
    without_drums = load_soundfont(write_soundfont(tmp_path / "b.sf2"))
    assert without_drums.choose(0, True) is None


def test_points_are_floats_within_one(tmp_path: Path) -> None:
    extreme = Sample(np.array([-32_768, 32_767, 0, 0, 0, 0], dtype="<i2"))
    font = load_soundfont(write_soundfont(tmp_path / "a.sf2", samples=[extreme]))
    points = font.points(0, 3)
    assert points.dtype == np.float32
    assert points.tolist() == [-1.0, 32_767 / 32_768, 0.0]


def _damaged(content: bytes, kind: str) -> bytes:
    match kind:
        case "empty":
            return b""
        case "text":
            return b"this is not a font at all"
        case "cut short":
            return content[: len(content) // 2]
        case "no headers":
            return content.replace(b"shdr", b"xhdr")
        case _:
            return content.replace(b"smpl", b"xmpl")


@pytest.mark.parametrize("kind", ["empty", "text", "cut short", "no headers", "no samples"])
def test_a_file_that_is_no_soundfont_is_said_to_be_none(tmp_path: Path, kind: str) -> None:
    path = write_soundfont(tmp_path / "a.sf2")
    path.write_bytes(_damaged(path.read_bytes(), kind))
    with pytest.raises(UserError, match=r"a\.sf2"):
        load_soundfont(path)


def test_sf3_and_missing_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="SF3"):
        load_soundfont(write_soundfont(tmp_path / "a.sf3", version=3))
    with pytest.raises(UserError, match="no such SoundFont"):
        load_soundfont(tmp_path / "missing.sf2")
    with pytest.raises(UserError, match="cannot be read"):
        load_soundfont(tmp_path)


def test_damage_inside_the_tables_never_crashes(tmp_path: Path) -> None:
    """Any byte of the tables may be wrong: the font is refused, or plays something."""
    path = write_soundfont(tmp_path / "a.sf2", samples=[sine(4)])
    content = path.read_bytes()
    tables = content.index(b"pdta")
    generator = np.random.default_rng(1)
    for _ in range(300):
        broken = bytearray(content)
        for at in generator.integers(tables, len(content), 3):
            broken[at] = int(generator.integers(256))
        path.write_bytes(broken)
        try:
            font = load_soundfont(path)
            for place in font.presets:
                font.regions(*place)
        except UserError:
            pass
