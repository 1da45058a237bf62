"""A song -> its files: MIDI, audio, score, piano roll, stems; each whole or not there."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from bandroid.errors import MachineError
from bandroid.files import write_atomically
from bandroid.music.clock import duration_second
from bandroid.music.midi_writer import midi_bytes
from bandroid.music.song import Song
from bandroid.render.output import PieceFiles, remove_stale
from bandroid.render.wish import RenderWish

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from bandroid.render.soundfont import SoundFont

SAMPLE_RATE_HZ = 44_100


@dataclass(frozen=True, slots=True)
class Written:
    """What was written for one song."""

    midi: Path | None
    audio: tuple[Path, ...]
    score: tuple[Path, ...]
    """MusicXML first, then the pages"""
    pictures: tuple[Path, ...]
    stems: tuple[Path, ...]
    second: float
    """how long the song sounds"""
    remarks: tuple[str, ...] = ()
    """instruments that the SoundFont lacks"""

    @property
    def paths(self) -> tuple[Path, ...]:
        return tuple(p for p in (self.midi, *self.audio, *self.score, *self.pictures, *self.stems) if p is not None)

    def lines(self) -> list[str]:
        """Return what was written as lines to read: the piece and its sound, then the folders below."""
        lines = [f"  {path}" for path in (self.midi, *self.audio) if path is not None]
        below = []
        if self.score:
            n_pages = len(self.score) - 1
            below.append(f"score (MusicXML and {n_pages} page{'' if n_pages == 1 else 's'})")
        if self.pictures:
            kinds = ["piano roll"] * bool(self.score) + ["spectrogram"] * ("-spectrogram" in self.pictures[-1].stem)
            below.append(f"pictures ({', '.join(kinds)})")
        if self.stems:
            below.append(f"stems ({len(self.stems)} files)")
        if below:
            lines.append(f"  and beside it {', '.join(below)}")
        return [*lines, *(f"  note: {remark}" for remark in self.remarks)]

    def as_json(self) -> dict[str, object]:
        return {
            "seconds": round(self.second, 3),
            "midi": self.midi,
            "audio": self.audio,
            "score": self.score,
            "pictures": self.pictures,
            "stems": self.stems,
            "remarks": self.remarks,
        }


@dataclass(slots=True)
class SongWriter:
    """Writes songs as one wish says; the SoundFont is opened once, and before any work. Raises UserError."""

    wish: RenderWish
    _font: SoundFont | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        if self.wish.audio:
            from bandroid.render.soundfont import load_soundfont

            self._font = load_soundfont(self.wish.soundfont)

    def write(self, song: Song, place: PieceFiles, *, comment: str = "", with_midi: bool = True) -> Written:
        """Write all files of one song; what an older one of that name left over goes away last."""
        before = place.existing()
        if with_midi:
            write_atomically(place.midi, midi_bytes(song, comment))
        score: tuple[Path, ...] = ()
        pictures: tuple[Path, ...] = ()
        remarks = self._remarks(song)
        # Engraving is a process of its own: it works while this one makes sound.
        with ThreadPoolExecutor(1) as beside:
            engraving = self._begin_engraving(song, place, beside) if self.wish.with_score else None
            audio, spectrogram = self._audio(song, place)
            stems = self._stems(song, place, comment)
            if engraving is not None:
                pictures = self._piano_roll(song, place)
                pages, problems = self._pages(engraving, place)
                score, remarks = (place.musicxml, *pages), (*remarks, *problems)
        written = Written(
            midi=place.midi if with_midi else None,
            audio=audio,
            score=score,
            pictures=(*pictures, *spectrogram),
            stems=stems,
            second=duration_second(song),
            remarks=remarks,
        )
        remove_stale(before, written.paths)
        return written

    def _begin_engraving(self, song: Song, place: PieceFiles, beside: ThreadPoolExecutor) -> Future[list[str]]:
        """Write the MusicXML, and begin to engrave it."""
        from bandroid.music.musicxml_writer import musicxml_text
        from bandroid.render.engraving import engrave

        musicxml = musicxml_text(song, n_staves=self.wish.n_staves)
        write_atomically(place.musicxml, musicxml.encode())
        return beside.submit(engrave, musicxml)

    def _remarks(self, song: Song) -> tuple[str, ...]:
        if self._font is None:
            return ()
        from bandroid.render.synth import substitutions

        return substitutions(song, self._font)

    def _audio(self, song: Song, place: PieceFiles) -> tuple[tuple[Path, ...], tuple[Path, ...]]:
        """Write the sound, and its spectrogram if wished; returns both kinds of paths."""
        if self._font is None:
            return (), ()
        from bandroid.render.synth import synthesize

        sound = synthesize(song, self._font, sample_rate_hz=SAMPLE_RATE_HZ, **self.wish.sound_options)
        audio = tuple(self._write_audio(sound, place.audio(audio_format)) for audio_format in self.wish.audio)
        if not self.wish.with_spectrogram:
            return audio, ()
        from bandroid.render.spectrogram import spectrogram_png

        write_atomically(place.spectrogram, spectrogram_png(sound, SAMPLE_RATE_HZ))
        return audio, (place.spectrogram,)

    def _stems(self, song: Song, place: PieceFiles, comment: str) -> tuple[Path, ...]:
        if self.wish.stems == "none":
            return ()
        paths = []
        for number, part in enumerate(song.parts, 1):
            path = place.stem(number, part.name, ".mid")
            write_atomically(path, midi_bytes(song.with_parts((part,)), comment))
            paths.append(path)
        if self.wish.stems == "midi and audio" and self._font is not None:
            from bandroid.render.synth import synthesize_stems

            stems = synthesize_stems(song, self._font, sample_rate_hz=SAMPLE_RATE_HZ, **self.wish.sound_options)
            for number, (part, sound) in enumerate(zip(song.parts, stems, strict=True), 1):
                paths += [
                    self._write_audio(sound, place.stem(number, part.name, f".{audio_format}"))
                    for audio_format in self.wish.audio
                ]
        return tuple(paths)

    def _write_audio(self, sound: NDArray[np.float32], path: Path) -> Path:
        from bandroid.render.audio import to_mono, write_audio

        write_audio(path, to_mono(sound) if self.wish.is_mono else sound, SAMPLE_RATE_HZ, bits=self.wish.bits)
        return path

    def _piano_roll(self, song: Song, place: PieceFiles) -> tuple[Path, ...]:
        from bandroid.render.engraving import svg_to_png
        from bandroid.render.pictures import WIDTH_PX, piano_roll_svg

        picture = piano_roll_svg(song)
        write_atomically(place.picture(".svg"), picture.encode())
        write_atomically(place.picture(".png"), svg_to_png(picture, WIDTH_PX))
        return place.picture(".svg"), place.picture(".png")

    def _pages(self, engraving: Future[list[str]], place: PieceFiles) -> tuple[list[Path], tuple[str, ...]]:
        """Write the engraved pages; where engraving failed, the rest of the piece stands, and a remark says so."""
        try:
            pages = engraving.result()
        except MachineError as error:
            return [], (str(error),)
        paths = []
        for number, page in enumerate(pages, 1):
            write_atomically(place.page(number), page.encode())
            paths.append(place.page(number))
        return paths, ()
