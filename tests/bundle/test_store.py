"""Styles on the disk: found, saved, moved about, and never trusted."""

import hashlib
import io
import json
import stat
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bandroid.bundle import archive, store
from bandroid.bundle.arrays import arrays_to_bytes
from bandroid.bundle.manifest import Manifest, Training, TrainingSong
from bandroid.errors import MachineError, OutputExistsError, StyleError

SONG = TrainingSong("A | title\x1b[31m", "Author", "CC-BY-4.0", "song.mid", "0" * 64, "train")
MANIFEST = Manifest("mine", "instant", "a test", {"name": "score"}, {}, {"bars": 16}, Training((SONG,)), "bandroid 0")
FILES = {"counts.npz": arrays_to_bytes({"counts": np.arange(10)})}


@pytest.fixture
def mine() -> store.Bundle:
    return store.save_style(MANIFEST, FILES)


def left_behind() -> list[str]:
    return sorted(path.name for path in store.styles_folder().iterdir())


def test_saved_styles_are_found(mine):
    assert store.style_names()[-1:] == ("mine",) or "mine" in store.style_names()
    found = store.find_style("mine")
    assert found == mine
    np.testing.assert_array_equal(found.arrays("counts.npz")["counts"], np.arange(10))
    assert left_behind() == ["mine"]


def test_the_same_style_has_the_same_hash(mine, tmp_path):
    again = store.save_style(MANIFEST, FILES, into=tmp_path)
    assert again.style_hash == mine.style_hash
    other = store.save_style(replace(MANIFEST, model={"order": 1}), FILES, into=tmp_path, force=True)
    assert other.style_hash != mine.style_hash


def test_the_card_is_safe_to_read(mine):
    card = mine.read("CARD.md").decode()
    assert "# mine" in card and "CC-BY-4.0" in card and "A / title" in card
    assert "\x1b" not in card


def test_near_names_are_offered(mine):
    with pytest.raises(StyleError, match="did you mean mine"):
        store.find_style("mime")


def test_a_style_file_is_no_name(mine):
    with pytest.raises(StyleError, match="bandroid styles import"):
        store.find_style("x/mine.bandroid")


def test_nothing_is_replaced_without_force(mine):
    with pytest.raises(OutputExistsError, match="--force"):
        store.save_style(MANIFEST, FILES)
    store.save_style(replace(MANIFEST, summary="new"), FILES, force=True)
    assert store.find_style("mine").manifest.summary == "new"
    assert left_behind() == ["mine"]


def test_the_old_style_stays_until_the_new_one_is_whole(mine, monkeypatch):
    monkeypatch.setattr(store, "_write_description", lambda *_: (_ for _ in ()).throw(OSError(28, "full")))
    with pytest.raises(MachineError, match="no room left"):
        store.save_style(replace(MANIFEST, summary="new"), FILES, force=True)
    assert store.find_style("mine").manifest.summary == "a test"
    assert left_behind() == ["mine"]


def test_a_replacement_that_was_cut_off_is_undone(mine):
    mine.folder.rename(mine.folder.with_name(".mine.old"))
    assert "mine" in store.style_names()
    assert store.find_style("mine").manifest == mine.manifest


def test_shipped_styles_can_be_neither_replaced_nor_removed(mine, tmp_path, monkeypatch):
    monkeypatch.setattr(store, "SHIPPED_FOLDER", tmp_path)
    store.save_style(replace(MANIFEST, name="house"), FILES, into=tmp_path)
    assert store.find_style("house").is_shipped
    with pytest.raises(StyleError, match="ships with bandroid"):
        store.save_style(replace(MANIFEST, name="house"), FILES, force=True)
    with pytest.raises(StyleError, match="ships with bandroid"):
        store.remove_style("house")


def test_remove(mine):
    store.remove_style("mine")
    assert left_behind() == []
    with pytest.raises(StyleError, match="no style called"):
        store.remove_style("mine")


def test_damage_is_noticed(mine):
    (mine.folder / "counts.npz").write_bytes(FILES["counts.npz"][:-1] + b"x")
    with pytest.raises(StyleError, match="wrong sha256"):
        mine.arrays("counts.npz")
    (mine.folder / "counts.npz").unlink()
    with pytest.raises(StyleError, match=r"style mine: its counts\.npz"):
        mine.check()


def test_damaged_styles_are_listed_with_their_reason(mine):
    (mine.folder / "manifest.json").write_text("{")
    styles, damaged = store.list_styles()
    assert "mine" not in [style.name for style in styles]
    assert [name for name, _ in damaged] == ["mine"]


# --- one file ---


def test_export_and_import(mine, tmp_path):
    path = store.export_style("mine", tmp_path / "mine.bandroid")
    again = store.export_style("mine", tmp_path / "again.bandroid")
    assert path.read_bytes() == again.read_bytes()
    store.remove_style("mine")
    assert store.import_style(path).style_hash == mine.style_hash
    assert left_behind() == ["mine"]


def test_import_of_a_folder(mine, tmp_path):
    folder = mine.folder.rename(tmp_path / "mine")
    assert store.import_style(folder).style_hash == mine.style_hash


def test_import_under_another_name(mine, tmp_path):
    path = store.export_style("mine", tmp_path)
    theirs = store.import_style(path, name="theirs")
    theirs.check()
    assert theirs.name == "theirs" and "# theirs" in theirs.read("CARD.md").decode()
    with pytest.raises(OutputExistsError, match="--force"):
        store.import_style(path)
    with pytest.raises(OutputExistsError, match="--force"):
        store.export_style("mine", tmp_path)


def packed(files: dict[str, bytes], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", compression) as zipped:
        for name, body in files.items():
            zipped.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), body, compression)
    return content.getvalue()


def manifest_of(files: dict[str, bytes], **changes: object) -> bytes:
    table = json.loads(MANIFEST.to_bytes())
    table["files"] = {
        name: {"sha256": hashlib.sha256(body).hexdigest(), "size_byte": len(body)} for name, body in files.items()
    }
    return json.dumps({**table, **changes}).encode()


def style(files: dict[str, bytes], **changes: object) -> dict[str, bytes]:
    return {"manifest.json": manifest_of(files, **changes), **files}


def refused(tmp_path: Path, content: bytes, match: str) -> None:
    path = tmp_path / "evil.bandroid"
    path.write_bytes(content)
    with pytest.raises(StyleError, match=match) as error:
        store.import_style(path)
    assert "evil.bandroid" in str(error.value) and str(error.value).count("\n") < 2
    assert left_behind() == []
    assert sorted(p.name for p in tmp_path.iterdir()) == ["evil.bandroid"]


def test_a_good_one_for_comparison(tmp_path):
    path = tmp_path / "good.bandroid"
    path.write_bytes(packed(style(FILES)))
    assert store.import_style(path).name == "mine"


@pytest.mark.parametrize(
    "name", ["../evil.txt", "/tmp/evil.txt", "C:\\evil.txt", "a/b.txt", "..\\evil.txt", "\x00a.b", "CON.txt"]
)
def test_paths_that_leave_the_folder(tmp_path, name):
    refused(tmp_path, packed(style({name: b"x"})), "leave the style's folder")


def test_links(tmp_path):
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as zipped:
        zipped.writestr("manifest.json", manifest_of({"a.npz": b"/etc/passwd"}))
        link = zipfile.ZipInfo("a.npz")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        zipped.writestr(link, b"/etc/passwd")
    refused(tmp_path, content.getvalue(), "link")


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_doubles(tmp_path):
    content = io.BytesIO(packed(style(FILES)))
    with zipfile.ZipFile(content, "a") as zipped:
        zipped.writestr("Counts.npz", b"x")
    refused(tmp_path, content.getvalue(), "two files of one name")


def test_a_bomb(tmp_path):
    refused(tmp_path, packed(style({"a.npz": bytes(30 << 20)})), "far more than it should")


def test_a_bomb_that_lies_about_its_size(tmp_path):
    body = bytes(30 << 20)
    honest = packed(style({"a.npz": body}))
    small = (1000).to_bytes(4, "little")
    lying = honest.replace(len(body).to_bytes(4, "little"), small)
    lying = lying.replace(b"31457280", b"1000    ")
    refused(tmp_path, lying, "damaged|size")


def test_too_many_files(tmp_path):
    refused(tmp_path, packed({f"a{n}.npz": b"" for n in range(1000)}), "more than")


def test_more_in_it_than_the_manifest_says(tmp_path):
    refused(tmp_path, packed({**style(FILES), "extra.py": b"x"}), r"extra\.py")


def test_less_in_it_than_the_manifest_says(tmp_path):
    files = style(FILES)
    del files["counts.npz"]
    refused(tmp_path, packed(files), r"counts\.npz")


def test_wrong_hash(tmp_path):
    files = style(FILES)
    files["counts.npz"] = b"x" * len(files["counts.npz"])
    refused(tmp_path, packed(files), "wrong sha256")


def test_newer_version(tmp_path):
    refused(tmp_path, packed(style(FILES, format_version=99)), "newer bandroid: pip install -U")


def test_odd_packing(tmp_path):
    refused(tmp_path, packed(style(FILES), zipfile.ZIP_LZMA), "packed in a way")


def test_a_comment_may_hide_a_second_directory(tmp_path):
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as zipped:
        zipped.comment = b"x" * 100
    refused(tmp_path, content.getvalue(), "no style file")


@pytest.mark.parametrize("content", [b"", b"PK", b"MThd" + bytes(100), packed({}), packed({"a.npz": b""})])
def test_no_style_file(tmp_path, content):
    refused(tmp_path, content, "no style file")


def test_every_cut_is_noticed(tmp_path):
    whole = packed(style(FILES))
    for end in range(0, len(whole), 37):
        refused(tmp_path, whole[:end], "no style file|damaged")


def test_every_changed_byte_is_noticed_or_harmless(tmp_path):
    whole = packed(style(FILES))
    path = tmp_path / "evil.bandroid"
    for at in range(0, len(whole), 11):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 0x55]) + whole[at + 1 :])
        try:
            store.import_style(path, force=True).check()
        except StyleError:
            pass


def test_missing_file():
    with pytest.raises(StyleError, match="no such file"):
        store.import_style(Path("nowhere.bandroid"))


def test_end_record_bounds_the_directory():
    with pytest.raises(StyleError, match="more than 3 files"):
        archive.check_directory(packed({f"{n}.x": b"" for n in range(4)})[-64:], 3)
