"""A musician's words on the command line."""

from pathlib import Path

import pytest

from bandroid.commands import options, wishes
from bandroid.errors import WishError


@pytest.mark.parametrize(
    ("text", "tonic", "is_minor"),
    [
        ("C", 0, False),
        ("c", 0, False),
        ("Am", 9, True),
        ("F#", 6, False),
        ("f#m", 6, True),
        ("Bb", 10, False),
        ("Bbm", 10, True),
        ("B♭ minor", 10, True),
        ("E major", 4, False),
        ("CM", 0, False),
        ("cis-moll", 1, True),
        ("Es-Dur", 3, False),
    ],
)
def test_keys(text, tonic, is_minor):
    assert wishes.key(text) == (tonic, is_minor)


@pytest.mark.parametrize("text", ["", "X", "C##", "Amm", "12", "C blues"])
def test_no_keys(text):
    with pytest.raises(WishError, match="--key"):
        wishes.key(text)


def test_metres():
    assert wishes.metre("6/8") == (6, 8)
    for text in ("", "6", "0/4", "4/5", "a/b", "4/0"):
        with pytest.raises(WishError, match="--metre"):
            wishes.metre(text)


def test_line_ups():
    assert len(wishes.programs("guitar, bass,drums")) == 3
    with pytest.raises(WishError, match="did you mean"):
        wishes.programs("gitar")
    with pytest.raises(WishError, match="names none"):
        wishes.programs(" , ")


def test_audio_formats():
    assert options.audio_formats(None) == ("wav",)
    assert options.audio_formats(["mp3,flac", ".WAV", "mp3"]) == ("mp3", "flac", "wav")
    assert options.audio_formats(["none"]) == ()
    with pytest.raises(WishError, match="did you mean mp3"):
        options.audio_formats(["mp2"])
    with pytest.raises(WishError, match="contradict"):
        options.audio_formats(["none,wav"])


def test_impossible_bits():
    with pytest.raises(WishError, match="16, 24 or 32"):
        options.render_wish(None, 17, False, 0.0, False, False, 0.0, None, False, False)
    with pytest.raises(WishError, match="flac"):
        options.render_wish(["flac"], 32, False, 0.0, False, False, 0.0, None, False, False)
    wish = options.render_wish(["flac"], 24, True, -3.0, True, True, 0.5, Path("a.sf2"), True, False)
    assert wish.bits == 24 and wish.is_mono and not wish.with_score
    with pytest.raises(WishError, match="picture of the sound"):
        options.render_wish(["none"], 16, False, 0.0, False, False, 0.0, None, False, True)
