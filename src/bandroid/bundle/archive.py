"""NAME.bandroid: a style as one zip file. Written the same way every time, read without trusting it.

A zip can lie: about its sizes, about how many entries it has, about where they go. We take only what the
manifest names, under plain file names, into a folder that we made, and stop at the first byte too many.
"""

from __future__ import annotations

import errno
import hashlib
import io
import stat
import zipfile
import zlib
from pathlib import Path
from typing import IO

from bandroid.bundle.manifest import (
    MANIFEST_NAME,
    MAX_FILES,
    MAX_MANIFEST_BYTE,
    FileRecord,
    Manifest,
    check_file_name,
    read_manifest,
)
from bandroid.errors import StyleError

SUFFIX = ".bandroid"

MAX_ARCHIVE_BYTE = 1 << 30
MAX_TOTAL_BYTE = 1 << 30
MAX_RATIO = 200
"""real styles shrink 2 to 20 times; a bomb of zeros 1,000 times"""
_SMALL_BYTE = 1 << 20
"""below this a ratio does no harm"""
_CHUNK_BYTE = 1 << 20

_END_RECORD_BYTE = 22
_MAX_DIRECTORY_BYTE = 256  # per entry: 46, its name, extra fields


def write_archive(folder: Path, manifest: Manifest) -> bytes:
    """Zip a style's folder: files sorted, one date for all, so that the same style gives the same bytes."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as bundle:
        for file_name in (MANIFEST_NAME, *sorted(manifest.files)):
            entry = zipfile.ZipInfo(file_name, (1980, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            entry.create_system = 3  # the same on every system
            bundle.writestr(entry, (folder / file_name).read_bytes())
    return archive.getvalue()


def unpack_archive(path: Path, into: Path) -> Manifest:
    """Unpack a style into an empty folder, every file checked; raises StyleError (without the path)."""
    try:
        file = path.open("rb")
    except OSError as error:
        raise StyleError(f"it cannot be read ({error.strerror})") from None
    with file:
        size_byte = file.seek(0, io.SEEK_END)
        if size_byte > MAX_ARCHIVE_BYTE:
            raise StyleError(f"it is larger than {MAX_ARCHIVE_BYTE >> 30} GB")
        file.seek(-min(64, size_byte), io.SEEK_END)
        check_directory(file.read(64), MAX_FILES + 1)
        try:
            with zipfile.ZipFile(file) as bundle:
                return _unpack(bundle, into)
        except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, ValueError, LookupError, OverflowError):
            # RuntimeError: an encrypted entry; ValueError, LookupError: impossible names, dates, offsets
            raise StyleError("it is no style file, or damaged") from None
        except OSError as error:
            if error.errno == errno.EINVAL:  # an offset before the file's start
                raise StyleError("it is no style file, or damaged") from None
            raise


def check_directory(tail: bytes, n_most: int) -> None:
    """Check a zip's end (its last 64 bytes) before zipfile reads a list of entries that may fill the memory.

    Only plain zips: no comment after the list, no 64-bit fields. Raises StyleError.
    """
    end = tail[-_END_RECORD_BYTE:]
    locator = tail[-_END_RECORD_BYTE - 20 : -_END_RECORD_BYTE]
    if len(end) < _END_RECORD_BYTE or not end.startswith(b"PK\x05\x06") or end[20:] != b"\0\0":
        raise StyleError("it is no style file, or its end is missing")
    n_entries = int.from_bytes(end[10:12], "little")
    directory_byte = int.from_bytes(end[12:16], "little")
    is_too_long = n_entries > n_most or directory_byte > n_most * _MAX_DIRECTORY_BYTE
    if is_too_long or locator.startswith(b"PK\x06\x07"):
        raise StyleError(f"it holds more than {n_most} files")


def _unpack(bundle: zipfile.ZipFile, into: Path) -> Manifest:
    entries = bundle.infolist()
    _check_entries(entries)
    by_name = {entry.filename: entry for entry in entries}
    if MANIFEST_NAME not in by_name:
        raise StyleError("it is no style file: there is no manifest.json in it")
    with bundle.open(MANIFEST_NAME) as stream:
        content = stream.read(MAX_MANIFEST_BYTE + 1)
    manifest = read_manifest(content)
    (into / MANIFEST_NAME).write_bytes(content)
    for file_name in sorted(set(by_name) - {MANIFEST_NAME} ^ set(manifest.files)):
        raise StyleError(f"{file_name} is in its manifest or in the file, but not in both")
    for file_name, record in manifest.files.items():
        if by_name[file_name].file_size != record.size_byte:
            raise StyleError(f"its {file_name} has another size than its manifest says")
        with bundle.open(file_name) as stream, (into / file_name).open("xb") as target:
            copy_checked(stream, target, file_name, record)
    return manifest


def _check_entries(entries: list[zipfile.ZipInfo]) -> None:
    """Refuse names that leave the folder, links, doubles and bombs, before anything is unpacked."""
    names = [check_file_name(entry.filename).casefold() for entry in entries]
    if len(set(names)) < len(names):
        raise StyleError("it holds two files of one name")
    for entry in entries:
        mode = entry.external_attr >> 16
        if mode and not stat.S_ISREG(mode) and stat.S_IFMT(mode):
            raise StyleError(f"{entry.filename} is a link, not a file")
        if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) or entry.flag_bits & 1:
            raise StyleError(f"{entry.filename} is packed in a way that styles are not")
        if entry.file_size > max(_SMALL_BYTE, entry.compress_size * MAX_RATIO):
            raise StyleError(f"{entry.filename} unpacks to far more than it should")
    if sum(entry.file_size for entry in entries) > MAX_TOTAL_BYTE:
        raise StyleError(f"it unpacks to more than {MAX_TOTAL_BYTE >> 30} GB")


def copy_checked(stream: IO[bytes], target: IO[bytes], file_name: str, record: FileRecord) -> None:
    """Copy one file of a style, and stop where it is longer than stated or not what was hashed."""
    digest = hashlib.sha256()
    left_byte = record.size_byte
    while chunk := stream.read(min(_CHUNK_BYTE, left_byte + 1)):
        left_byte -= len(chunk)
        if left_byte < 0:
            break
        digest.update(chunk)
        target.write(chunk)
    if left_byte or digest.hexdigest() != record.sha256:
        raise StyleError(f"its {file_name} is damaged or was changed (wrong sha256)")
