"""Names -> styles: those that ship inside the package, and the user's own in the data folder of the system."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from bandroid import near
from bandroid.bundle.archive import SUFFIX, copy_checked, unpack_archive, write_archive
from bandroid.bundle.card import card_text
from bandroid.bundle.manifest import (
    CARD_NAME,
    MANIFEST_NAME,
    MAX_MANIFEST_BYTE,
    FileRecord,
    Manifest,
    check_file_name,
    check_name,
    read_manifest,
)
from bandroid.errors import OutputExistsError, StyleError
from bandroid.files import WITH_HOME, write_atomically, writing_error

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

SHIPPED_FOLDER = Path(__file__).resolve().parent.parent / "styles"
DEFAULT_STYLE = "rock"


@dataclass(frozen=True, slots=True)
class Bundle:
    """A style on the disk: its manifest read, its files not yet."""

    folder: Path
    manifest: Manifest
    style_hash: str
    """sha256 of manifest.json, which holds the sha256 of every other file: it names the style's content"""

    @property
    def name(self) -> str:
        return self.manifest.name

    @property
    def is_shipped(self) -> bool:
        return self.folder.parent == SHIPPED_FOLDER

    @property
    def size_byte(self) -> int:
        return sum(record.size_byte for record in self.manifest.files.values())

    def read(self, file_name: str) -> bytes:
        """Return one file's bytes, checked against the manifest; raises StyleError."""
        record = self.manifest.files.get(file_name)
        try:
            if record is None or (self.folder / file_name).stat().st_size != record.size_byte:
                raise StyleError(f"its {file_name} is damaged or missing")
            content = (self.folder / file_name).read_bytes()
            if hashlib.sha256(content).hexdigest() != record.sha256:
                raise StyleError(f"its {file_name} is damaged or was changed (wrong sha256)")
        except OSError as error:
            raise _about(self.name, f"its {file_name} cannot be read ({error.strerror})") from None
        except StyleError as error:
            raise _about(self.name, str(error)) from None
        return content

    def arrays(self, file_name: str) -> dict[str, NDArray[np.generic]]:
        """Return the arrays of one .npz file, checked; raises StyleError."""
        from bandroid.bundle.arrays import arrays_from_bytes

        content = self.read(file_name)
        try:
            return arrays_from_bytes(content, file_name)
        except StyleError as error:
            raise _about(self.name, str(error)) from None

    def check(self) -> None:
        """Read and check every file; raises StyleError."""
        for file_name in self.manifest.files:
            self.read(file_name)


def home() -> Path:
    """Return the folder of everything that bandroid keeps: BANDROID_HOME, or the system's data folder."""
    if named := os.environ.get("BANDROID_HOME"):
        return Path(named).expanduser()
    from platformdirs import user_data_path

    return user_data_path("bandroid", appauthor=False)


def styles_folder() -> Path:
    """Return the folder of the user's own styles (which need not exist yet)."""
    return home() / "styles"


def style_names() -> tuple[str, ...]:
    """Return the names of all styles, sorted, without reading them (for shell completion and near names)."""
    return tuple(sorted({*_names_in(SHIPPED_FOLDER), *_names_in(styles_folder())}))


def list_styles() -> tuple[tuple[Bundle, ...], tuple[tuple[str, str], ...]]:
    """Return all readable styles, and (name, reason) for each that cannot be read."""
    styles: list[Bundle] = []
    damaged: list[tuple[str, str]] = []
    for name in style_names():
        try:
            styles.append(find_style(name))
        except StyleError as error:
            damaged.append((name, str(error)))
    return tuple(styles), tuple(damaged)


def find_style(name: str) -> Bundle:
    """Return the style of a name; raises StyleError, offering near names, where there is none."""
    if name.lower().endswith(SUFFIX) or "/" in name or "\\" in name:
        raise StyleError(f"{name!r} is no style's name; bring a style file in first: bandroid styles import {name}")
    if name not in (names := style_names()):
        raise StyleError(f"{near.unknown('style', name, names)} (bandroid styles list)")
    folder = _folder_of(name)
    _restore(folder)
    return _open(folder)


def open_style(folder: Path) -> Bundle:
    """Return the style in any folder, for recipes and tests; raises StyleError."""
    return _open(folder)


def save_style(
    manifest: Manifest, files: Mapping[str, bytes], *, into: Path | None = None, force: bool = False
) -> Bundle:
    """Write a style under its name, whole or not at all; the old one stays until the new one is whole.

    `files` holds every file but manifest.json and CARD.md, which are made here. `into` is the folder of styles
    (default: the user's own). Raises StyleError, OutputExistsError, MachineError.
    """
    check_can_save(manifest.name, into=into, force=force)
    styles = into or styles_folder()
    with _building_folder(styles) as folder:
        try:
            for file_name, content in files.items():
                (folder / check_file_name(file_name)).write_bytes(content)
            _write_description(folder, manifest, files)
        except OSError as error:
            raise writing_error(error, styles / manifest.name, WITH_HOME) from error
        _put_in_place(folder, styles / manifest.name)
    return _open(styles / manifest.name)


def _write_description(folder: Path, manifest: Manifest, files: Mapping[str, bytes]) -> None:
    """Write CARD.md, and manifest.json with the sha256 of it and of all other files."""
    contents = {**files, CARD_NAME: card_text(manifest).encode()}
    records = {
        file_name: FileRecord(hashlib.sha256(content).hexdigest(), len(content))
        for file_name, content in contents.items()
    }
    (folder / CARD_NAME).write_bytes(contents[CARD_NAME])
    (folder / MANIFEST_NAME).write_bytes(replace(manifest, files=records).to_bytes())


def check_can_save(name: str, *, into: Path | None = None, force: bool = False) -> None:
    """Raise what `save_style` would raise for this name, before the work of making the style starts."""
    check_name(name)
    if into is None and name in _names_in(SHIPPED_FOLDER):
        raise StyleError(f"{name} is the name of a style that ships with bandroid; choose another with --name")
    if name in _names_in(into or styles_folder()) and not force:
        raise OutputExistsError(f"there is a style called {name} already; --force replaces it")


def check_can_write() -> None:
    """Raise what stands in the way of writing styles at all: UserError, MachineError."""
    with _building_folder(styles_folder()):
        pass


def export_style(name: str, path: Path | None = None, *, force: bool = False) -> Path:
    """Write a style as one file, NAME.bandroid; the same style gives the same bytes. Returns the path."""
    bundle = find_style(name)
    path = path or Path(f"{name}{SUFFIX}")
    if path.is_dir():
        path = path / f"{name}{SUFFIX}"
    if path.suffix.lower() != SUFFIX:
        path = path.with_name(f"{path.name}{SUFFIX}")
    if path.exists() and not force:
        raise OutputExistsError(f"{path} is there already; --force replaces it")
    bundle.check()
    write_atomically(path, write_archive(bundle.folder, bundle.manifest))
    return path


def import_style(
    path: Path,
    *,
    name: str | None = None,
    force: bool = False,
    try_out: Callable[[Bundle], None] = lambda bundle: None,
) -> Bundle:
    """Bring in a style from a file or a folder, every byte checked; raises StyleError and leaves nothing behind.

    The name is the style's own unless another one is given. `try_out` may raise StyleError for a style whose files are
    whole but do not work; it is called before the style takes its place.
    """
    if not path.exists():
        raise StyleError(f"{path}: there is no such file")
    styles = styles_folder()
    with _building_folder(styles) as folder:
        try:
            manifest = _copy_folder(path, folder) if path.is_dir() else unpack_archive(path, folder)
            if name is not None and name != manifest.name:
                manifest = replace(manifest, name=name)
                others = set(manifest.files) - {CARD_NAME}
                _write_description(folder, manifest, {n: (folder / n).read_bytes() for n in others})
            content = (folder / MANIFEST_NAME).read_bytes()
            try_out(Bundle(folder, read_manifest(content), hashlib.sha256(content).hexdigest()))
        except StyleError as error:
            raise StyleError(f"{path}: {error}") from None
        except OSError as error:
            raise writing_error(error, styles / path.stem, WITH_HOME) from error
        check_can_save(manifest.name, force=force)
        _put_in_place(folder, styles / manifest.name)
    return _open(styles / manifest.name)


def remove_style(name: str) -> None:
    """Delete one of the user's own styles; raises StyleError where it ships with bandroid or is not there."""
    if name not in (names := style_names()):
        raise StyleError(f"{near.unknown('style', name, names)} (bandroid styles list)")
    folder = _folder_of(name)
    if folder.parent == SHIPPED_FOLDER:
        raise StyleError(f"{name} ships with bandroid and stays with it; only your own styles can be removed")
    # Renamed first: a removal that is cut off leaves no half style under the name.
    doomed = folder.with_name(f".{name}.removed")
    try:
        shutil.rmtree(doomed, ignore_errors=True)
        folder.rename(doomed)
    except OSError as error:
        raise writing_error(error, folder, WITH_HOME) from error
    shutil.rmtree(doomed, ignore_errors=True)


# --- folders ---


def _names_in(styles: Path) -> list[str]:
    try:
        entries = list(styles.iterdir())
    except OSError:
        return []
    names = {entry.name for entry in entries if (entry / MANIFEST_NAME).is_file()}
    names |= {entry.name[1:-4] for entry in entries if entry.name.startswith(".") and entry.suffix == ".old"}
    return sorted(name for name in names if not name.startswith((".", "_")))


def _folder_of(name: str) -> Path:
    shipped = SHIPPED_FOLDER / name
    return shipped if (shipped / MANIFEST_NAME).is_file() else styles_folder() / name


def _open(folder: Path) -> Bundle:
    try:
        with (folder / MANIFEST_NAME).open("rb") as file:
            content = file.read(MAX_MANIFEST_BYTE + 1)
        manifest = read_manifest(content)
    except OSError as error:
        raise _about(folder.name, f"its manifest.json cannot be read ({error.strerror})") from None
    except StyleError as error:
        raise _about(folder.name, str(error)) from None
    if manifest.name != folder.name:
        raise _about(folder.name, f"its manifest.json says that it is {manifest.name}")
    return Bundle(folder, manifest, hashlib.sha256(content).hexdigest())


def _about(name: str, problem: str) -> StyleError:
    return StyleError(f"style {name}: {problem}")


def _copy_folder(source: Path, target: Path) -> Manifest:
    """Copy an unpacked style, every file checked."""
    if not (source / MANIFEST_NAME).is_file():
        raise StyleError("this folder is no style: there is no manifest.json in it")
    with (source / MANIFEST_NAME).open("rb") as file:
        content = file.read(MAX_MANIFEST_BYTE + 1)
    manifest = read_manifest(content)
    (target / MANIFEST_NAME).write_bytes(content)
    for file_name, record in manifest.files.items():
        if not (source / file_name).is_file():
            raise StyleError(f"its {file_name} is missing")
        with (source / file_name).open("rb") as stream, (target / file_name).open("xb") as copy:
            copy_checked(stream, copy, file_name, record)
    return manifest


@contextmanager
def _building_folder(styles: Path) -> Iterator[Path]:
    """Give a hidden folder beside the styles, gone at the end unless it was renamed into its place."""
    try:
        styles.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix=".building-", dir=styles))
        folder.chmod(0o755)
    except OSError as error:
        raise writing_error(error, styles, WITH_HOME) from error
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _put_in_place(folder: Path, place: Path) -> None:
    """Rename a whole new style over the old one, which stays findable (as .NAME.old) until then."""
    old = place.with_name(f".{place.name}.old")
    try:
        if place.exists():
            shutil.rmtree(old, ignore_errors=True)
            place.rename(old)
        folder.rename(place)
    except OSError as error:
        _restore(place)
        raise writing_error(error, place, WITH_HOME) from error
    shutil.rmtree(old, ignore_errors=True)


def _restore(place: Path) -> None:
    """Bring back the old style where a replacement was cut off between its two renames."""
    old = place.with_name(f".{place.name}.old")
    if not place.exists() and old.is_dir():
        try:
            old.rename(place)
        except OSError as error:
            raise writing_error(error, place, WITH_HOME) from error
