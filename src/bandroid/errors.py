"""Everything bandroid raises on purpose, as one tree.

    BandroidError
    ├── UserError               the user's input or wish is at fault      exit status 2
    │   ├── WishError           an option, or options that do not fit together
    │   ├── MusicFileError      a music file: (path, reason)
    │   │   ├── MidiError
    │   │   ├── MusicXmlError
    │   │   └── AbcError
    │   ├── CorpusError         a folder of songs
    │   ├── StyleError          a style: unknown, damaged, too new, hostile
    │   ├── RunError            a training run: unknown, busy, of a newer version, not to be gone on with
    │   └── OutputExistsError   we never overwrite without --force
    └── MachineError            the machine is: disk, memory, a program   exit status 1

A message says what, where (file, bar, part) and what to do, in a musician's words, on one or two lines.
"""

from pathlib import Path


class BandroidError(Exception):
    """Base of all errors that bandroid raises on purpose."""

    exit_status = 1


class UserError(BandroidError):
    """The user's input or wish is at fault, and the message says how to mend it."""

    exit_status = 2


class WishError(UserError):
    """An option has a value that cannot be, or two options contradict each other."""


class MusicFileError(UserError):
    """A music file cannot be used.

    `reason` is a plain sentence without the path: reports put the two side by side.
    """

    def __init__(self, path: Path | str, reason: str) -> None:
        super().__init__(f"{path}: {reason}")
        self.path = Path(path)
        self.reason = reason


class MidiError(MusicFileError):
    """A MIDI file cannot be used."""


class MusicXmlError(MusicFileError):
    """A MusicXML file cannot be used."""


class AbcError(MusicFileError):
    """An ABC file cannot be used."""


class CorpusError(UserError):
    """A folder holds no music that can be learnt from."""


class StyleError(UserError):
    """A style is unknown, damaged, made by a newer version, or not to be trusted."""


class RunError(UserError):
    """A training run is unknown, busy, written by a newer version, or cannot be gone on with."""


class OutputExistsError(UserError):
    """An output is already there, and nothing is overwritten without --force."""


class MachineError(BandroidError):
    """The machine is at fault: no room on the disk, no memory, a program that is missing."""
