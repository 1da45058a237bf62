"""`bandroid quiz`: a page of blind pairs, the band's own music or the machine's."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from bandroid import terminal
from bandroid.commands.options import within
from bandroid.commands.wishes import drawn_seed
from bandroid.errors import CorpusError, WishError

if TYPE_CHECKING:
    from bandroid.bundle.manifest import Manifest
    from bandroid.generation.styles import AnyStyle
    from bandroid.music.song import Song
    from bandroid.quiz.pairs import Pair
    from bandroid.render.soundfont import SoundFont

PAGE_NAME = "quiz.html"
_MOST_PAIRS, _MOST_BARS = 60, 32


def quiz(
    style: str,
    *,
    songs: Path | None,
    n_pairs: int,
    n_bars: int,
    seed: int | None,
    out: Path | None,
    force: bool,
    as_json: bool,
) -> None:
    """Make the page, and say where it lies."""
    from bandroid.bundle import store
    from bandroid.files import write_atomically
    from bandroid.generation.styles import load_any_style
    from bandroid.quiz.page import Question, page_of
    from bandroid.render import output
    from bandroid.render.soundfont import load_soundfont

    within("--pairs", n_pairs, 1, _MOST_PAIRS)
    within("--bars", n_bars, 2, _MOST_BARS)
    seed = drawn_seed(seed)
    within("--seed", seed, 0, 2**63 - 1)
    bundle = store.find_style(style)
    loaded = load_any_style(bundle)
    folder = output.folder_for(out, f"quiz-{bundle.name}-{seed}")
    page = folder / PAGE_NAME
    output.prepare([output.PieceFiles(folder, page.stem)], force=force)
    rng = np.random.default_rng([seed, 1])
    font = load_soundfont(None)
    questions = []
    with terminal.progress("making pairs", quiet=as_json) as report:
        for number, pair in enumerate(_pairs(loaded, songs, n_pairs, n_bars, seed), 1):
            sounds = [_sound(one, font) for one in (pair.real, pair.machine)]
            is_first = bool(rng.random() < 0.5)
            first, second = sounds if is_first else sounds[::-1]
            questions.append(Question(pair.kind, first, second, is_first, pair.source))
            report(number, n_pairs)
    text = page_of(questions, who=_who(bundle.manifest), style=bundle.name, style_hash=bundle.style_hash, seed=seed)
    write_atomically(page, text.encode())
    if as_json:
        terminal.print_json({"style": bundle.name, "seed": seed, "pairs": len(questions), "page": page})
    else:
        terminal.say(f"{len(questions)} pairs, seed {seed}: open it in a browser\n  {page}")


def _pairs(style: AnyStyle, songs: Path | None, n_pairs: int, n_bars: int, seed: int) -> Iterator[Pair]:
    from bandroid.generation.chorale_style import ChoraleStyle
    from bandroid.quiz.pairs import chorale_pairs, style_pairs

    if isinstance(style, ChoraleStyle) and songs is None:
        return chorale_pairs(style, n_pairs, n_bars, seed)
    if songs is None:
        raise WishError(f"style {style.name} travels without its songs: name the band's own with --songs FOLDER")
    return style_pairs(style, _songs(songs), n_pairs, n_bars, seed)


def _songs(folder: Path) -> list[tuple[str, Song]]:
    from bandroid.corpus.collect import collect

    corpus = collect([folder])
    if not corpus.used:
        raise CorpusError(f"{folder}: holds no song that can be used")
    return [(used.name, used.song) for used in corpus.used]


def _sound(song: Song, font: SoundFont) -> bytes:
    """Return a song as MP3."""
    from bandroid.render.audio import to_mono, write_audio
    from bandroid.render.song_files import SAMPLE_RATE_HZ
    from bandroid.render.synth import synthesize

    samples = synthesize(song, font, sample_rate_hz=SAMPLE_RATE_HZ)
    with tempfile.TemporaryDirectory() as place:
        path = Path(place) / "sound.mp3"
        write_audio(path, to_mono(samples), SAMPLE_RATE_HZ)
        return path.read_bytes()


def _who(manifest: Manifest) -> str:
    """Return whose music the style was learnt from: the one author's last name, or the band."""
    authors = {song.author for song in manifest.training.songs if song.author}
    return authors.pop().split()[-1] if len(authors) == 1 else "the band"
