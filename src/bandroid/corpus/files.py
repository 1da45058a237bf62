"""Find the music files below folders, and the files that a user means by a name."""

from __future__ import annotations

import difflib
import fnmatch
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from bandroid.errors import CorpusError, WishError
from bandroid.music.read import SUFFIXES

ROLES_FILE_NAME = "bandroid-roles.txt"
"""what a user corrects roles in (corpus/role_rules.py): no music, and no stranger either"""
_FOREIGN_FOLDERS = frozenset({"__MACOSX"})
"""folders that archive programs leave behind, full of files that only look like music"""


@dataclass(frozen=True, slots=True)
class FoundFile:
    """A music file, and the folder that it was found through."""

    path: Path
    folder: Path
    name: str
    """path from the folder with forward slashes; with several folders, after the folder's own name"""


@dataclass(frozen=True, slots=True)
class FoundFiles:
    """What lies below some folders."""

    files: tuple[FoundFile, ...]
    """sorted by name within each place, every file once"""
    folders: tuple[Path, ...]
    n_ignored: int
    """other files, by their suffix no music; hidden files are not counted"""


def find_files(places: Sequence[Path]) -> FoundFiles:
    """Walk folders (files stand for themselves) and return their music files.

    Follows symbolic links, each folder once. Raises CorpusError where a place is missing or cannot be read.
    """
    files: list[FoundFile] = []
    folders: list[Path] = []
    seen_files: set[tuple[int, int]] = set()
    n_ignored = 0
    for place in map(Path, places):
        if place.is_file():
            found, folder, ignored = [str(place)], place.parent, 0
        elif place.is_dir():
            found, ignored = _walk(place)
            folder = place
        else:
            raise CorpusError(f"{place}: no such folder or file")
        n_ignored += ignored
        folders.append(folder)
        prefix = f"{folder.name}/" if len(places) > 1 and place.is_dir() else ""
        for path in found:
            identity = _identity(path)
            if identity in seen_files:
                continue
            seen_files.add(identity)
            name = os.path.relpath(path, folder).replace(os.sep, "/")
            files.append(FoundFile(Path(path), folder, prefix + name))
    return FoundFiles(tuple(files), tuple(dict.fromkeys(folders)), n_ignored)


def _walk(folder: Path) -> tuple[list[str], int]:
    """Return the paths of music files below a folder, sorted, and how many other files there are."""

    def give_up(error: OSError) -> None:
        if Path(error.filename) == folder:
            raise CorpusError(f"{folder}: this folder cannot be read ({error.strerror})") from error

    found: list[str] = []
    n_ignored = 0
    seen: set[tuple[int, int]] = set()
    for root, subfolders, names in os.walk(folder, onerror=give_up, followlinks=True):
        # A link may lead back up: each folder is entered once.
        identity = _identity(root)
        if identity in seen:
            subfolders.clear()
            continue
        seen.add(identity)
        subfolders[:] = sorted(name for name in subfolders if name[0] != "." and name not in _FOREIGN_FOLDERS)
        for name in names:
            if name[0] == "." or name == ROLES_FILE_NAME:
                continue
            if name.lower().endswith(SUFFIXES):
                found.append(os.path.join(root, name))  # noqa: PTH118 (a folder of thousands: strings are faster)
            else:
                n_ignored += 1
    return sorted(found), n_ignored


def _identity(path: str) -> tuple[int, int]:
    """Tell two ways to one file apart from two files; a broken link is a file of its own."""
    try:
        status = os.stat(path)  # noqa: PTH116
    except OSError:
        return (-1, hash(path))
    # Some file systems of Windows number no files.
    return (status.st_dev, status.st_ino) if status.st_ino else (-1, hash(path))


def indices_meant(wish: str, names: Sequence[str]) -> tuple[int, ...]:
    """Return which names a user means: by file name, name without suffix, path, folder, pattern, or first word.

    "d_map02" means "rock/d_map02__Dark_Underworld.mid" where no file has just that name. Empty where none is meant.
    """
    wanted = wish.strip().replace("\\", "/").rstrip("/").lower()
    whole = [name.lower() for name in names]
    # "tunes.abc#3" is the third tune of a file; the file's name means all of them.
    spellings = [spellings_of(name) for name in whole]
    exact = [index for index, spelling in enumerate(spellings) if wanted in spelling]
    if exact or not wanted:
        return tuple(exact)
    inside = [index for index, name in enumerate(whole) if name.startswith(wanted + "/")]
    if inside:
        return tuple(inside)
    if any(sign in wanted for sign in "*?["):
        return tuple(
            index
            for index, spelling in enumerate(spellings)
            if any(fnmatch.fnmatchcase(form, wanted) for form in spelling)
        )
    return tuple(
        index
        for index, spelling in enumerate(spellings)
        if any(form.startswith(wanted) and not form[len(wanted)].isalnum() for form in spelling)
    )


def spellings_of(name: str) -> set[str]:
    """Return every way to call a song: "rock/a.mid" -> that, "a.mid", "rock/a", "a"; a tune also by its file."""
    file, _, tune = name.partition("#")
    forms = {name, name.rsplit("/", 1)[-1]}
    if tune:
        forms |= {file, file.rsplit("/", 1)[-1]}
    return forms | {form.rsplit(".", 1)[0] for form in forms if "#" not in form}


def all_meant(wishes: Iterable[str], names: Sequence[str], option: str) -> set[int]:
    """Return all names that some wishes mean; raises WishError, with near names, where one means none."""
    meant: set[int] = set()
    for wish in wishes:
        indices = indices_meant(wish, names)
        if not indices:
            stems = {name.rsplit("/", 1)[-1].rsplit(".", 1)[0] for name in names}
            near = difflib.get_close_matches(wish, sorted(stems), n=3, cutoff=0.5)
            hint = f"did you mean {' or '.join(near)}?" if near else "see `bandroid inspect` for the names"
            raise WishError(f"{option} {wish}: no such song in the folder; {hint}")
        meant.update(indices)
    return meant
