"""What files go where: one folder of pieces, with one full MIDI and its audio per piece on top.

    bandroid-out/rock-7/
        rock-7-1.mid  rock-7-1.wav            the piece
        score/rock-7-1.musicxml  rock-7-1-page-1.svg ...
        pictures/rock-7-1.svg .png            the piano roll
        stems/rock-7-1/01-guitar.mid          one per part; .wav too with --stems

Nothing is overwritten without --force, and that is checked before any work starts.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from bandroid.errors import OutputExistsError, WishError
from bandroid.files import writing_error

DEFAULT_FOLDER = Path("bandroid-out")


@dataclass(frozen=True, slots=True)
class PieceFiles:
    """Where the files of one piece go."""

    folder: Path
    name: str

    @property
    def midi(self) -> Path:
        return self.folder / f"{self.name}.mid"

    def audio(self, audio_format: str) -> Path:
        return self.folder / f"{self.name}.{audio_format}"

    @property
    def musicxml(self) -> Path:
        return self.folder / "score" / f"{self.name}.musicxml"

    def page(self, number: int) -> Path:
        """Return the place of an engraved page, from 1."""
        return self.folder / "score" / f"{self.name}-page-{number}.svg"

    def picture(self, suffix: str) -> Path:
        return self.folder / "pictures" / f"{self.name}{suffix}"

    @property
    def spectrogram(self) -> Path:
        return self.folder / "pictures" / f"{self.name}-spectrogram.png"

    def stem(self, number: int, part_name: str, suffix: str) -> Path:
        """Return the place of one part's file: (1, "Lead Guitar", ".mid") -> stems/NAME/01-lead-guitar.mid."""
        return self.folder / "stems" / self.name / f"{number:02}-{file_word(part_name) or 'part'}{suffix}"

    def existing(self) -> tuple[Path, ...]:
        """Return what is there already under this piece's name, sorted."""
        patterns = (
            f"{self.name}.*",
            f"score/{self.name}.*",
            f"score/{self.name}-page-*.svg",
            f"pictures/{self.name}.*",
            f"pictures/{self.name}-spectrogram.png",
            f"stems/{self.name}/*",
        )
        return tuple(sorted(path for pattern in patterns for path in self.folder.glob(pattern)))


def style_pieces(style: str, seed: int, n_variations: int, out: Path | None) -> tuple[PieceFiles, ...]:
    """Return the places of composed pieces: ("rock", 7, 2, None) -> bandroid-out/rock-7/rock-7-1, rock-7-2."""
    folder = folder_for(out, f"{style}-{seed}")
    return tuple(PieceFiles(folder, f"{style}-{seed}-{number}") for number in range(1, n_variations + 1))


def file_pieces(source: Path, n_songs: int, out: Path | None) -> tuple[PieceFiles, ...]:
    """Return the places for the songs of one file: (song.mid, 1, None) -> bandroid-out/song/song."""
    name = file_word(source.stem) or "song"
    folder = folder_for(out, name)
    if n_songs == 1:
        return (PieceFiles(folder, name),)
    return tuple(PieceFiles(folder, f"{name}-{number}") for number in range(1, n_songs + 1))


def prepare(pieces: Iterable[PieceFiles], *, force: bool) -> None:
    """Make the folder, and make sure that nothing is in the way; raises OutputExistsError, UserError."""
    pieces = tuple(pieces)
    there = [path for piece in pieces for path in piece.existing()] if not force else []
    if there:
        more = f" (and {len(there) - 1} more)" if len(there) > 1 else ""
        raise OutputExistsError(
            f"{there[0]} is there already{more}: --force replaces it, or choose another folder with -o"
        )
    for folder in dict.fromkeys(piece.folder for piece in pieces):
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise writing_error(error, folder) from error


def remove_stale(before: Iterable[Path], written: Iterable[Path]) -> None:
    """Remove what an older piece of the same name left and the new one did not replace: page 5 of 4."""
    kept = set(written)
    for path in before:
        if path not in kept and path.is_file():
            path.unlink(missing_ok=True)


def file_word(words: str) -> str:
    """Make a plain file name out of any words: "Lead Guitar (L)" -> "lead-guitar-l"; empty where nothing is left."""
    plain = unicodedata.normalize("NFKD", words)
    plain = "".join(letter for letter in plain if not unicodedata.combining(letter)).lower()
    return re.sub(r"[\W_]+", "-", plain).strip("-")[:60]


def folder_for(out: Path | None, name: str) -> Path:
    """Return the folder that was asked for, else one of that name; raises WishError where a file is meant."""
    if out is None:
        return DEFAULT_FOLDER / name
    if (
        out.suffix.lower() in (".mid", ".midi", ".wav", ".mp3", ".flac", ".ogg", ".svg", ".musicxml")
        and not out.is_dir()
    ):
        raise WishError(f"-o {out}: name a folder; the files in it get their names from the piece")
    return out
