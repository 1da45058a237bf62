"""manifest.json: strict to read, the same bytes to write."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bandroid.bundle.manifest import (
    FileRecord,
    Manifest,
    Source,
    Training,
    TrainingSong,
    check_name,
    read_manifest,
    suggest_name,
)
from bandroid.errors import StyleError

SONG = TrainingSong("Song", "Author", "CC-BY-4.0", "a/song.mid", "0" * 64, "train")
MANIFEST = Manifest(
    name="mine",
    preset="instant",
    summary="a test",
    representation={"name": "score", "version": 1},
    model={"order": 5},
    defaults={"tempo_qpm": 120.0},
    training=Training((SONG,), (Source("Collection", "https://example.org", "abc", "MIT"),), {"bits": 2.5}, ("note",)),
    created_by="bandroid 0",
    files={"counts.npz": FileRecord("1" * 64, 7)},
)


def changed(**fields: object) -> bytes:
    return json.dumps({**json.loads(MANIFEST.to_bytes()), **fields}).encode()


def test_round_trip():
    assert read_manifest(MANIFEST.to_bytes()) == MANIFEST
    assert read_manifest(MANIFEST.to_bytes()).to_bytes() == MANIFEST.to_bytes()


def test_order_of_fields_does_not_matter():
    other = replace(MANIFEST, model={"b": 1, "a": 2}).to_bytes()
    assert other == replace(MANIFEST, model={"a": 2, "b": 1}).to_bytes()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"3",
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"format_version": 1}',
        b'{"format_version": ' + b"1" * 5000 + b"}",
        changed(format_version="1"),
        changed(format_version=0.5),
        changed(format_version=True),
        changed(name=3),
        changed(surprise=1),
        changed(files={"a.npz": {"sha256": "x", "size_byte": 1}}),
        changed(files={"a.npz": {"sha256": "0" * 64, "size_byte": -1}}),
        changed(files={"a.npz": {"sha256": "0" * 64, "size_byte": 10**30}}),
        changed(files={f"a{n}.npz": {"sha256": "0" * 64, "size_byte": 1} for n in range(1000)}),
        changed(training=[]),
        changed(training={"songs": [1], "sources": [], "figures": {}, "notes": []}),
        MANIFEST.to_bytes().replace(b"2.5", b"NaN"),
        MANIFEST.to_bytes().replace(b'"train"', b'"both"'),
    ],
)
def test_bad_manifests_are_refused_in_plain_words(content):
    with pytest.raises(StyleError) as error:
        read_manifest(content)
    assert len(str(error.value)) < 200


@pytest.mark.parametrize(
    "name", ["../x", "/etc/passwd", "C:evil.npz", "a/b.npz", "a\\b.npz", ".hidden.x", "con.npz", "x"]
)
def test_file_names_that_could_leave_the_folder(name):
    with pytest.raises(StyleError):
        read_manifest(changed(files={name: {"sha256": "0" * 64, "size_byte": 1}}))


def test_newer_versions_say_what_to_do():
    with pytest.raises(StyleError, match="newer bandroid: pip install -U bandroid"):
        read_manifest(b'{"format_version": 2, "unknown": 1}')


@pytest.mark.parametrize("name", ["", "Mine", "..", "a/b", "a b", "-a", "con", "ä", "x" * 49, "a.b", "a\n"])
def test_names_that_cannot_be(name):
    with pytest.raises(StyleError, match="cannot be a style's name"):
        check_name(name)


@given(st.text())
def test_suggested_names_can_be(words):
    assert check_name(suggest_name(words))


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(), lambda x: st.lists(x) | st.dictionaries(st.text(), x)
    )
)
def test_no_json_breaks_the_reader(value):
    with pytest.raises(StyleError):
        read_manifest(json.dumps(value).encode())
