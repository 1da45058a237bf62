"""What files go where, and what is never overwritten."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bandroid.errors import OutputExistsError, UserError, WishError
from bandroid.render import output
from bandroid.render.output import PieceFiles


def test_layout_without_a_folder():
    first, second = output.style_pieces("rock", 7, 2, None)
    assert first.midi == Path("bandroid-out/rock-7/rock-7-1.mid")
    assert second.audio("wav") == Path("bandroid-out/rock-7/rock-7-2.wav")
    assert first.musicxml == Path("bandroid-out/rock-7/score/rock-7-1.musicxml")
    assert first.page(2) == Path("bandroid-out/rock-7/score/rock-7-1-page-2.svg")
    assert first.stem(1, "Lead Guitar", ".mid") == Path("bandroid-out/rock-7/stems/rock-7-1/01-lead-guitar.mid")


def test_layout_in_a_folder():
    (piece,) = output.style_pieces("rock", 7, 1, Path("out"))
    assert piece.midi == Path("out/rock-7-1.mid")


def test_songs_of_one_file():
    (one,) = output.file_pieces(Path("a/My Song.mid"), 1, None)
    assert one.midi == Path("bandroid-out/my-song/my-song.mid")
    assert [p.name for p in output.file_pieces(Path("tunes.abc"), 2, None)] == ["tunes-1", "tunes-2"]


def test_a_file_is_no_folder():
    with pytest.raises(WishError, match="name a folder"):
        output.style_pieces("rock", 7, 1, Path("song.wav"))


@pytest.mark.parametrize("place", ["x-1.mid", "x-1.wav", "score/x-1-page-3.svg", "stems/x-1/01-bass.wav"])
def test_nothing_is_overwritten(tmp_path, place):
    piece = PieceFiles(tmp_path, "x-1")
    (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / place).write_text("mine")
    with pytest.raises(OutputExistsError, match="--force"):
        output.prepare([piece], force=False)
    output.prepare([piece], force=True)
    assert (tmp_path / place).read_text() == "mine"


def test_other_pieces_are_not_in_the_way(tmp_path):
    (tmp_path / "x-10.mid").write_text("")
    (tmp_path / "x-1x.mid").write_text("")
    output.prepare([PieceFiles(tmp_path, "x-1")], force=False)


def test_a_file_where_the_folder_should_be(tmp_path):
    (tmp_path / "out").write_text("")
    with pytest.raises(UserError, match="folder"):
        output.prepare([PieceFiles(tmp_path / "out", "x")], force=False)


def test_pages_of_an_older_piece_go(tmp_path):
    piece = PieceFiles(tmp_path, "x")
    for page in (1, 2, 3):
        piece.page(page).parent.mkdir(exist_ok=True)
        piece.page(page).write_text("")
    before = piece.existing()
    output.remove_stale(before, [piece.page(1)])
    assert piece.existing() == (piece.page(1),)


@given(st.text(max_size=100))
def test_file_words_are_plain(words):
    word = output.file_word(words)
    assert len(word) <= 60 and not set(word) & set('/\\:*?"<>| .')
