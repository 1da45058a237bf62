"""The verbs of the command line as Python functions; `bandroid.compose` and the others lead here.

import bandroid

piece = bandroid.compose("rock", bars=16, key="Am", seed=7)[0]
bandroid.render(piece.song, "out", name="mine")
bandroid.continue_song("song.mid", "rock", bars=8)[0].song
bandroid.inspect("song.mid")[0].estimated_key
bandroid.learn(["my-band"], name="mine")
bandroid.vary("song.mid", "trio-16bar", amount=0.2)[0].song
bandroid.interpolate("a.mid", "b.mid", "melody-2bar", steps=9)[0].song
bandroid.harmonise("tune.mid", key="G minor")[0].song
bandroid.styles.list_styles()
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from bandroid.bundle import store as styles
from bandroid.commands.wishes import drawn_seed, lead_of, music_wish, primer_of, sampling
from bandroid.corpus.describe import SongDescription, describe_file
from bandroid.errors import MusicFileError
from bandroid.generation.compose import Piece, Wish
from bandroid.generation.harmony import Harmony
from bandroid.generation.primer import primer_from_song
from bandroid.generation.space_style import SpaceStyle
from bandroid.generation.styles import (
    compose_any,
    load_any_style,
    load_chorale_style_for,
    load_score_style,
    load_space_style_for,
    usual_bars,
)
from bandroid.music.metre import with_guessed_metre
from bandroid.music.midi_writer import write_midi
from bandroid.music.read import read_songs
from bandroid.music.song import Song
from bandroid.palette.fragment import Fragment
from bandroid.render import output
from bandroid.render.song_files import SAMPLE_RATE_HZ, SongWriter, Written
from bandroid.render.wish import RenderWish

__all__ = [
    "chain",
    "compose",
    "continue_song",
    "corners",
    "harmonise",
    "infill",
    "inspect",
    "interpolate",
    "learn",
    "play",
    "read_songs",
    "reconstruct",
    "render",
    "styles",
    "vary",
    "wander",
    "write_midi",
]


def compose(
    style: str = styles.DEFAULT_STYLE,
    *,
    bars: int | None = None,
    steps: int | None = None,
    primer: str | Path | Song | None = None,
    chords: str | None = None,
    variations: int = 1,
    seed: int | None = None,
    temperature: float = 1.0,
    top_p: float | None = None,
    min_p: float | None = None,
    tempo: float | None = None,
    metre: str | None = None,
    key: str | None = None,
    instruments: str | None = None,
    copy_guard: bool = True,
) -> tuple[Piece, ...]:
    """Compose pieces in a style; without a seed one is drawn, without a length they have 16 bars, or those of a
    latent space.

    `primer` is a typed list, a file or a song; `steps` counts 16ths. `piece.comment` holds what makes the piece again,
    `piece.copies` what stands in the style's songs all the same.

    Raises StyleError for an unknown style, WishError where the wish cannot be met.
    """
    loaded = load_any_style(styles.find_style(style))
    how = sampling(temperature, top_p, min_p)
    given = None
    if primer is not None:
        given = primer_from_song(primer, lead_of(primer)) if isinstance(primer, Song) else primer_of(str(primer))
    length = usual_bars(loaded) if bars is None and steps is None else bars
    wish = music_wish(
        length, how, tempo, metre, key, instruments, steps=steps, primer=given, chords=chords, copy_guard=copy_guard
    )
    chosen = drawn_seed(seed)
    return tuple(compose_any(loaded, wish, chosen, number) for number in range(1, variations + 1))


def continue_song(
    song: Song | str | Path,
    style: str = styles.DEFAULT_STYLE,
    *,
    bars: int = 16,
    variations: int = 1,
    seed: int | None = None,
    temperature: float = 1.0,
    top_p: float | None = None,
    min_p: float | None = None,
    copy_guard: bool = True,
) -> tuple[Piece, ...]:
    """Let a song go on: the song itself, and new bars behind it from `piece.first_new_bar` on.

    Raises MusicFileError where a file is not one song, StyleError for an unknown style, WishError where the wish
    cannot be met.
    """
    from bandroid.generation.continuation import continue_song as continue_it

    given = with_guessed_metre(_one_song(song))
    loaded = load_score_style(styles.find_style(style), "continue_song")
    wish = Wish(n_bars=bars, sampling=sampling(temperature, top_p, min_p), copy_guard=copy_guard)
    chosen = drawn_seed(seed)
    return tuple(continue_it(loaded, given, wish, chosen, number) for number in range(1, variations + 1))


def reconstruct(song: Song | str | Path, style: str, *, at: tuple[int, int] | None = None) -> Piece:
    """Write down what a latent space hears in a song; `at` names bars from 1, both included.

    Raises MusicFileError, StyleError for a style that is no latent space, WishError where it hears nothing.
    """
    from bandroid.palette import ways

    loaded = _space(style)
    return ways.reconstruct(loaded, _heard(loaded, song, at, only_one=False), "reconstructed")


def vary(
    song: Song | str | Path,
    style: str,
    *,
    amount: float = 0.0,
    settings: Mapping[str, float] | None = None,
    more_like: str | Path | None = None,
    less_like: str | Path | None = None,
    strength: float = 1.0,
    at: tuple[int, int] | None = None,
    variations: int = 1,
    seed: int | None = None,
    temperature: float = 0.5,
) -> tuple[Piece, ...]:
    """Write neighbours of a song, or what sliders make of it: `settings` as {"density": 1.5}, in usual deviations.

    Raises MusicFileError, CorpusError, StyleError, WishError.
    """
    from bandroid.commands.palette import windows_of
    from bandroid.palette import ways

    loaded = _space(style)
    heard = _heard(loaded, song, at, only_one=False)
    direction = None
    if more_like is not None or less_like is not None:
        more, less = (windows_of(loaded, Path(one)) if one is not None else [] for one in (more_like, less_like))
        direction = ways.more_like(loaded, more, less)
    turn = ways.Turn(amount, dict(settings or {}), direction, strength)
    how, chosen = sampling(temperature, None, None), drawn_seed(seed)
    return tuple(ways.vary(loaded, heard, turn, f"varied {n}", how, chosen, n) for n in range(1, variations + 1))


def interpolate(
    a: Song | str | Path,
    b: Song | str | Path,
    style: str,
    *,
    steps: int = 9,
    keep_ends: bool = False,
    at: tuple[int, int] | None = None,
) -> tuple[Piece, tuple[Piece, ...]]:
    """Blend two songs: the path as one piece, and each of its steps.

    Raises MusicFileError, StyleError, WishError.
    """
    from bandroid.palette import ways

    loaded = _space(style)
    ends = [_heard(loaded, one, at, only_one=True) for one in (a, b)]
    return ways.interpolate(loaded, ends[0], ends[1], steps, "path", keep_ends=keep_ends)


def corners(
    songs: Sequence[Song | str | Path], style: str, *, size: int = 5, at: tuple[int, int] | None = None
) -> list[list[Piece]]:
    """Blend four songs into a grid of pieces, A B above C D. Raises MusicFileError, StyleError, WishError."""
    from bandroid.palette import ways

    loaded = _space(style)
    return ways.corners(loaded, [_heard(loaded, one, at, only_one=True) for one in songs], size, "grid")


def wander(style: str, *, points: int = 2, steps: int = 9, seed: int | None = None) -> tuple[Piece, tuple[Piece, ...]]:
    """Walk between drawn points of a latent space. Raises StyleError, WishError."""
    from bandroid.palette import ways

    loaded, chosen = _space(style), drawn_seed(seed)
    return ways.wander(loaded, points, steps, ways.usual_band(loaded, chosen), "path", chosen)


def harmonise(
    melody: Song | str | Path,
    style: str = "chorale",
    *,
    given: str | None = None,
    parts: str | None = None,
    variations: int = 1,
    strict: bool = False,
    key: str | None = None,
    seed: int | None = None,
    temperature: float = 0.8,
) -> tuple[Harmony, ...]:
    """Write the voices that are not given to a melody, or to any voices: the best first; given ones note for note.

    `given` names voices ("alto,bass"), `parts` which parts of the song they are; `harmony.faults` is what a choirmaster
    would mark. Raises MusicFileError, StyleError for a style that does not write four voices, WishError.
    """
    from bandroid.commands.choir import How, harmony_wish, voices_of
    from bandroid.commands.wishes import key as key_wished
    from bandroid.generation.chorale_given import given_voices
    from bandroid.generation.harmony import harmonise as harmonise_it
    from bandroid.representations.chorale_song import Key

    song = with_guessed_metre(_one_song(melody))
    task = given_voices(song, voices_of(song, given, parts), None if key is None else Key(*key_wished(key)))
    loaded = load_chorale_style_for(styles.find_style(style))
    wish = harmony_wish(How(seed, variations, temperature, strict))
    return harmonise_it(loaded, task, wish, drawn_seed(seed), variations)


def infill(
    song: Song | str | Path,
    style: str = "chorale",
    *,
    at: tuple[int, int],
    parts: str | None = None,
    variations: int = 1,
    seed: int | None = None,
    temperature: float = 0.8,
) -> tuple[Harmony, ...]:
    """Write bars of voices of a song in four voices anew, counted from 1, both included: the best first.

    `parts` names voices ("tenor,bass"); all four where it does not. Raises MusicFileError, StyleError, WishError.
    """
    from bandroid.commands.choir import How, harmony_wish, voice_of, words_of
    from bandroid.generation.infill import infill as infill_it

    voices = [voice_of(word) for word in words_of(parts)] if parts else [0, 1, 2, 3]
    loaded = load_chorale_style_for(styles.find_style(style))
    wish = harmony_wish(How(seed, variations, temperature))
    return infill_it(loaded, with_guessed_metre(_one_song(song)), at, voices, wish, drawn_seed(seed), variations)


def chain(
    songs: Sequence[Song | str | Path], style: str, *, between: int = 1, at: tuple[int, int] | None = None
) -> Piece:
    """Join songs into one by transitions of a latent space. Raises MusicFileError, StyleError, WishError."""
    from bandroid.palette import ways

    loaded = _space(style)
    return ways.chain(loaded, [_heard(loaded, one, at, only_one=False) for one in songs], between, "chain")


def learn(
    folders: Sequence[str | Path],
    *,
    name: str,
    preset: str | None = None,
    minutes: float | None = None,
    steps: int | None = None,
    settings: Sequence[str] = (),
    device: str = "auto",
    resume: bool = False,
    start: Sequence[str] = (),
    hold_out: Sequence[str] = (),
    held_out: str | None = None,
    exclude: Sequence[str] = (),
    force: bool = False,
) -> styles.Bundle:
    """Learn a style from folders of music and keep it under a name. Everything means what `bandroid learn` says.

    Raises CorpusError, WishError, StyleError, RunError, OutputExistsError, MachineError.
    """
    from bandroid.commands.learn import collect_songs
    from bandroid.commands.learning import check_can_learn, learn_wish, make_style

    wish = learn_wish(
        preset=preset,
        settings=settings,
        name=name,
        minutes=minutes,
        steps=steps,
        device=device,
        resume=resume,
        force=force,
        start=start,
    )
    check_can_learn(name, wish, force=force)
    corpus = collect_songs(
        [Path(folder) for folder in folders], hold_out, held_out, exclude, parts=wish.preset.parts, quiet=True
    )
    return make_style(corpus, name, wish, force=force, quiet=True)


def inspect(path: str | Path) -> tuple[SongDescription, ...]:
    """Describe a file's songs; raises MusicFileError."""
    return describe_file(Path(path))


def render(
    song: Song | str | Path,
    folder: str | Path,
    *,
    name: str = "song",
    wish: RenderWish = RenderWish(),  # noqa: B008 - frozen
    force: bool = False,
) -> Written:
    """Write a song's MIDI, sound, score and piano roll into a folder; raises OutputExistsError, MusicFileError."""
    place = output.PieceFiles(Path(folder), output.file_word(name) or "song")
    one = _one_song(song)
    writer = SongWriter(wish)
    output.prepare([place], force=force)
    return writer.write(one, place)


def play(song: Song | str | Path, *, wish: RenderWish = RenderWish()) -> None:  # noqa: B008 - frozen
    """Play a song until its end; raises MachineError where there is no player."""
    from bandroid.render.play import play as play_samples
    from bandroid.render.soundfont import load_soundfont
    from bandroid.render.synth import synthesize

    font = load_soundfont(wish.soundfont)
    samples = synthesize(_one_song(song), font, **wish.sound_options)
    play_samples(samples, SAMPLE_RATE_HZ)


def _space(style: str) -> SpaceStyle:
    return load_space_style_for(styles.find_style(style))


def _heard(style: SpaceStyle, song: Song | str | Path, at: tuple[int, int] | None, *, only_one: bool) -> Fragment:
    from bandroid.palette.fragment import fragment

    name = (song.title or "the song") if isinstance(song, Song) else Path(song).name
    return fragment(style, with_guessed_metre(_one_song(song)), at, name, only_one=only_one)


def _one_song(song: Song | str | Path) -> Song:
    if isinstance(song, Song):
        return song
    songs = read_songs(Path(song))
    if len(songs) != 1:
        raise MusicFileError(song, f"holds {len(songs)} songs: read them with bandroid.read_songs and choose one")
    return songs[0]
