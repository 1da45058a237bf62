"""`bandroid render` and `bandroid play`: the sound and the score of a music file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from bandroid import terminal
from bandroid.commands.options import within
from bandroid.errors import MusicFileError

if TYPE_CHECKING:
    from bandroid.music.song import Song
    from bandroid.render.wish import RenderWish


def render(file: Path, *, wish: RenderWish, out: Path | None, force: bool, as_json: bool) -> None:
    """Write everything of a file's songs, and say what was written."""
    from bandroid.render import output
    from bandroid.render.song_files import SongWriter

    songs = _songs(file)
    places = output.file_pieces(file, len(songs), out)
    writer = SongWriter(wish)
    output.prepare(places, force=force)
    rows = []
    with terminal.progress(f"rendering {file.name}", quiet=as_json) as report:
        for number, (song, place) in enumerate(zip(songs, places, strict=True), 1):
            if place.midi.exists() and place.midi.samefile(file):
                raise MusicFileError(file, "would be written over by its own rendering; choose another folder with -o")
            written = writer.write(song, place)
            rows.append({"title": song.title, **written.as_json()})
            if not as_json:
                terminal.say("\n".join(written.lines()))
            report(number, len(songs))
    if as_json:
        terminal.print_json({"file": file, "folder": places[0].folder, "songs": rows})


def play(file: Path, *, gain_db: float, reverb: float, soundfont: Path | None) -> None:
    """Play a file's songs one after another, until the end or Ctrl-C."""
    within("--gain", gain_db, -60, 40)
    within("--reverb", reverb, 0, 1)
    from bandroid.music.clock import duration_second
    from bandroid.render.play import find_player
    from bandroid.render.play import play as sound
    from bandroid.render.song_files import SAMPLE_RATE_HZ
    from bandroid.render.soundfont import load_soundfont
    from bandroid.render.synth import synthesize

    songs = _songs(file)
    font = load_soundfont(soundfont)
    find_player()  # before the work: where nothing can play, say so at once
    for song in songs:
        samples = synthesize(song, font, sample_rate_hz=SAMPLE_RATE_HZ, gain_db=gain_db, reverb=reverb)
        minutes, seconds = divmod(round(duration_second(song)), 60)
        terminal.remark(f"playing {song.title or file.name} ({minutes}:{seconds:02}); Ctrl-C stops")
        sound(samples, SAMPLE_RATE_HZ)


def _songs(file: Path) -> tuple[Song, ...]:
    """Read a file's songs; raises MusicFileError where there is nothing to hear."""
    from bandroid.music.read import read_songs

    if file.is_dir():
        raise MusicFileError(file, "is a folder: name one file in it")
    songs = tuple(song for song in read_songs(file) if song.n_notes)
    if not songs:
        raise MusicFileError(file, "holds no notes")
    for remark in dict.fromkeys(remark for song in songs for remark in song.remarks):
        terminal.remark(f"{file.name}: {remark}")
    return songs
