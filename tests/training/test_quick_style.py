"""A style with a net: broken off and gone on with, damaged, of another version, learnt twice at once."""

from __future__ import annotations

import errno
import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bandroid import terminal
from bandroid.bundle import store
from bandroid.bundle.store import Bundle
from bandroid.cli import app
from bandroid.commands import learning
from bandroid.errors import StyleError
from bandroid.generation.style import load_style, try_out
from bandroid.music.midi_writer import write_midi
from bandroid.training import loop, quick, quick_lessons, quick_style, score_bundle
from bandroid.training.run_folder import find_run
from small_band import varied_band


def bandroid(*words: object) -> int:
    return terminal.run(lambda: app([str(word) for word in words], standalone_mode=False, prog_name="bandroid"))


@pytest.fixture(scope="module")
def band(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("songs") / "band"
    for number, song in enumerate(varied_band(3, 3), 1):
        write_midi(song, folder / f"song{number}.mid")
    return folder


LEARN = ("--name", "mine", "--preset", "tiny", "--steps", 6, "--set", "copy_patience=0", "--set", "evaluate_every=2")


@pytest.fixture(scope="module", autouse=True)
def _short_samples() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(quick, "SAMPLE_BARS", 2)
        yield


@pytest.fixture(scope="module")
def unbroken(band: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bundle]:
    """The style that comes of a training that nobody disturbs."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BANDROID_HOME", str(tmp_path_factory.mktemp("unbroken")))
        assert bandroid("learn", band, *LEARN) == 0
        yield store.find_style("mine")


def complaint(capsys: pytest.CaptureFixture[str], *words: object, status: int = 2) -> str:
    """Run a command that cannot be, and return its one line."""
    capsys.readouterr()
    assert bandroid(*words) == status
    said = capsys.readouterr()
    assert "Traceback" not in said.err
    (line,) = [line for line in said.err.splitlines() if line.startswith("bandroid: ")]
    return line


def broken_off(what: Callable[..., Any], at_call: int) -> Callable[..., Any]:
    """Wrap a function so that Ctrl-C comes in its n-th call."""
    calls = []

    def wrapped(*words: Any, **options: Any) -> Any:
        calls.append(None)
        if len(calls) == at_call:
            raise KeyboardInterrupt
        return what(*words, **options)

    return wrapped


@pytest.mark.parametrize(
    ("room", "name", "at_call"),
    [
        (quick_lessons, "lesson", 2),
        (quick_lessons, "fingerprints", 1),
        (loop, "probe", 1),
        (loop._Training, "_step", 4),
        (quick.QuickTask, "evaluate", 2),
        (quick.QuickTask, "sample", 2),
        (quick_style, "export_quick", 1),
        (score_bundle, "golden", 1),
        (store, "_put_in_place", 1),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_ctrl_c_and_resume_give_the_same_bytes(
    band: Path,
    unbroken: Bundle,
    capsys: pytest.CaptureFixture[str],
    room: Any,
    name: str,
    at_call: int,
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(room, name, broken_off(getattr(room, name), at_call))
        capsys.readouterr()
        assert bandroid("learn", band, *LEARN) == 130
    said = capsys.readouterr().err
    assert said.endswith("bandroid: stopped; what was finished is kept\n")
    assert ("--resume" in said) == (name not in ("lesson", "fingerprints", "probe"))
    assert "mine" not in store.style_names()
    assert not list(store.styles_folder().glob(".*"))
    assert bandroid("learn", band, *LEARN, "--resume") == 0
    again = store.find_style("mine")
    same = {file for file in unbroken.manifest.files if again.read(file) == unbroken.read(file)}
    # The clock stands in the curves alone; where it does, the manifest has another hash of them.
    assert set(unbroken.manifest.files) - same <= {"curves.svg"}
    assert replace(again.manifest, files={}) == replace(unbroken.manifest, files={})


def test_a_style_that_is_there_stays_until_the_new_one_is_whole(
    band: Path, unbroken: Bundle, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert bandroid("learn", band, *LEARN) == 0
    before = store.find_style("mine").style_hash
    with monkeypatch.context() as patch:
        patch.setattr(quick_style, "export_quick", broken_off(quick_style.export_quick, 1))
        complaint(capsys, "learn", band, *LEARN, "--set", "seed=5", "--force", status=130)
    assert store.find_style("mine").style_hash == before
    try_out(store.find_style("mine"))
    assert bandroid("learn", band, *LEARN[:6], "--resume") == 0
    assert store.find_style("mine").style_hash != before


def test_no_room_for_the_style(
    band: Path, unbroken: Bundle, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(store, "_write_description", full)
        line = complaint(capsys, "learn", band, *LEARN, status=1)
    assert "no room left on the disk" in line and "BANDROID_HOME" in line and "then --resume makes the style" in line
    assert "mine" not in store.style_names() and not list(store.styles_folder().glob(".*"))
    assert bandroid("learn", band, *LEARN, "--resume") == 0
    assert store.find_style("mine").read("hear.onnx") == unbroken.read("hear.onnx")


def test_a_home_that_cannot_be_written_is_told_before_anything_is_read(
    band: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("BANDROID_HOME", str(tmp_path / "file"))
    for preset in ("tiny", "instant"):
        capsys.readouterr()
        assert bandroid("learn", band, "--name", "mine", "--preset", preset) == 2
        said = capsys.readouterr()
        assert said.out == "" and said.err.count("\n") == 1 and "a file stands where a folder is needed" in said.err


def test_very_many_songs_and_no_time(
    band: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(learning, "_EXPORT_SECOND", 3.0)
    assert bandroid("learn", band, *LEARN[:4], "--minutes", 0.05) == 0
    said = capsys.readouterr()
    assert said.err.count("counting 3 songs takes about 0 minutes, and leaves none to train in") == 1
    assert "all 3 songs are counted; its net was trained and tested on 2 of them" in said.out
    assert "the time is up" in said.out
    assert find_run("mine").facts().n_recorded == 2
    assert bandroid("learn", band, *LEARN[:4], "--steps", 3, "--resume") == 0
    assert find_run("mine").facts().n_recorded == 2  # of a run that goes on, nothing changes
    assert "counting" not in capsys.readouterr().err


@pytest.fixture
def copied(unbroken: Bundle) -> Path:
    """The same style in this test's own home."""
    store.import_style(unbroken.folder)
    return store.styles_folder() / "mine"


@pytest.mark.parametrize("name", ["hear.onnx", "pitch.onnx", "counts.npz", "golden.npz", "fingerprints.npz"])
@pytest.mark.parametrize("damage", ["cut off", "changed", "gone"])
def test_damaged_files_are_named(copied: Path, capsys: pytest.CaptureFixture[str], name: str, damage: str) -> None:
    file = copied / name
    content = file.read_bytes()
    if damage == "gone":
        file.unlink()
    else:
        file.write_bytes(content[:-9] if damage == "cut off" else content[:50] + b"?" + content[51:])
    if name == "golden.npz":
        assert name in complaint(capsys, "styles", "show", "mine")
    else:
        assert name in complaint(capsys, "compose", "mine", "--bars", 1, "--audio", "none", "--no-score", "-o", "x")


def changed(bundle: Bundle, **changes: Any) -> Bundle:
    """Save a style again with other contents, hashes and all, as somebody hostile would."""
    files = {name: bundle.read(name) for name in bundle.manifest.files if name != "CARD.md"}
    files |= changes.pop("files", {})
    return store.save_style(replace(bundle.manifest, **changes), files, force=True)


def test_a_net_of_other_features_is_learnt_again(copied: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bundle = store.find_style("mine")
    changed(bundle, model={**bundle.manifest.model, "features": 99})
    assert "learn it again" in complaint(capsys, "compose", "mine", "--bars", 1)


def test_a_style_of_a_newer_version(copied: Path, capsys: pytest.CaptureFixture[str]) -> None:
    manifest = json.loads((copied / "manifest.json").read_bytes())
    (copied / "manifest.json").write_text(json.dumps({**manifest, "format_version": 99}))
    assert "newer bandroid" in complaint(capsys, "compose", "mine", "--bars", 1)


def test_what_was_swapped_with_right_hashes_is_noticed(copied: Path) -> None:
    bundle = store.find_style("mine")
    try_out(bundle)
    pitch, length = bundle.read("pitch.onnx"), bundle.read("length.onnx")
    for content, problem in ((length, "does not fit the rest of it"), (pitch[:999], "cannot be run here")):
        bundle = changed(bundle, files={"pitch.onnx": content})
        with pytest.raises(StyleError, match=rf"style mine: its pitch\.onnx {problem}"):
            load_style(bundle)


def test_golden_outputs_tell_another_net(copied: Path, unbroken: Bundle) -> None:
    from bandroid.bundle.export import export_quick
    from bandroid.models.config import QuickModel
    from bandroid.settings import from_json
    from tiny_net import random_net

    config = from_json(QuickModel, unbroken.manifest.model["net"])
    other = changed(store.find_style("mine"), files=export_quick(random_net(config), is_int8=False))
    load_style(other)
    with pytest.raises(StyleError, match="learn it again"):
        try_out(other)


def test_two_learn_into_one_name_at_once(
    band: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second is told so at once; the first goes on as if nothing had been."""
    has_begun, may_go_on = threading.Event(), threading.Event()
    whole = learning._train_and_save

    def slow(*words: Any, **options: Any) -> Any:
        has_begun.set()
        assert may_go_on.wait(30)
        return whole(*words, **options)

    monkeypatch.setattr(learning, "_train_and_save", slow)
    statuses: list[int] = []
    first = threading.Thread(target=lambda: statuses.append(bandroid("learn", band, *LEARN)))
    first.start()
    assert has_begun.wait(30)
    for more in ((), ("--force",), ("--resume",)):
        assert "is being learnt at this moment" in complaint(capsys, "learn", band, *LEARN, *more)
    may_go_on.set()
    first.join(60)
    assert statuses == [0]
    try_out(store.find_style("mine"))


def test_cut_off_checkpoints_cost_only_steps(
    band: Path, unbroken: Bundle, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(quick.QuickTask, "evaluate", broken_off(quick.QuickTask.evaluate, 3))
        complaint(capsys, "learn", band, *LEARN, status=130)
    for file in find_run("mine").checkpoints.iterdir():
        file.write_bytes(file.read_bytes()[:-20])
    assert bandroid("learn", band, *LEARN, "--resume") == 0
    assert "no checkpoint is whole: beginning anew" in capsys.readouterr().err
    assert store.find_style("mine").read("hear.onnx") == unbroken.read("hear.onnx")


def test_two_copies_of_one_song_are_one_on_both_sides_of_the_split(
    band: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "band"
    folder.mkdir()
    for file in band.iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    (folder / "another-name.mid").write_bytes((band / "song2.mid").read_bytes())
    words = ("--name", "twice", "--preset", "instant", "--hold-out", "song2", "--json")
    assert bandroid("learn", folder, *words) == 0
    report = json.loads(capsys.readouterr().out)
    splits = {song["name"]: song["split"] for song in report["used"]}
    assert splits == {"song1.mid": "train", "song2.mid": "held_out", "song3.mid": "train"}
    (refused,) = report["refused"]
    assert refused["name"] == "another-name.mid" and "the same music as song2.mid" in refused["reason"]
