"""Open a MusicXML file, zipped or plain, without trusting it: bytes -> the tree of its score.

Nothing is ever fetched or unpacked to disk. What a score has no use for and an attack has, is refused: entities that
the file itself defines, and content larger than any score.
"""

from __future__ import annotations

import io
import lzma
import xml.etree.ElementTree as ET
import zipfile
import zlib
from pathlib import Path
from xml.parsers import expat

from bandroid.errors import MusicXmlError
from bandroid.files import read_at_most

MAX_BYTES = 64 << 20
"""uncompressed; an orchestral score of an hour has about 30 MiB"""
MAX_TAGS = 3_000_000
"""about 130,000 notes; a tag takes far more memory than its bytes in the file"""
MAX_CONTAINER_BYTES = 1 << 20
MAX_ENTRIES = 1000
"""files in a zip; a score has two, and perhaps pictures"""
_ZIP_FAULTS = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, OSError, ValueError, IndexError)
_PROLOG_STEP = 1 << 16


def open_score(path: Path) -> ET.Element:
    """Return the root of the score in a file: a score-partwise or score-timewise element.

    Raises MusicXmlError, in plain words, where there is none.
    """
    content = read_at_most(path, MAX_BYTES, MusicXmlError)
    if content.startswith(b"PK"):
        content = _score_in_zip(path, content)
    return _parse(path, content)


def _score_in_zip(path: Path, content: bytes) -> bytes:
    """Return the score in a .mxl: the one that its container names, else the first .xml or .musicxml."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            names = archive.namelist()
            if len(names) > MAX_ENTRIES:
                raise MusicXmlError(path, f"it is a zip file of {len(names):,} files, not a score")
            named = _named_by_container(path, archive) if "META-INF/container.xml" in names else None
            scores = [
                name
                for name in names
                if name.lower().endswith((".xml", ".musicxml")) and not name.startswith(("META-INF/", "__MACOSX/"))
            ]
            score = named if named in names else next(iter(scores), None)
            if score is None:
                raise MusicXmlError(path, "it is a zip file without a score in it")
            return _member(path, archive, score, MAX_BYTES)
    except MusicXmlError:
        raise
    except NotImplementedError:
        raise MusicXmlError(path, "it is packed in a way that is not understood; zip it again") from None
    except RuntimeError:
        raise MusicXmlError(path, "it is locked with a password") from None
    except _ZIP_FAULTS:
        raise MusicXmlError(path, "the zip file is damaged") from None


def _named_by_container(path: Path, archive: zipfile.ZipFile) -> str | None:
    try:
        container = _parse_any(path, _member(path, archive, "META-INF/container.xml", MAX_CONTAINER_BYTES))
    except MusicXmlError:
        return None  # 87 of OpenEWLD's 472 files have a bare ' inside '...' here, and a sound score beside it
    for rootfile in container.iter():
        media = rootfile.get("media-type", "").lower()
        if rootfile.tag.endswith("rootfile") and (not media or "musicxml" in media):
            return rootfile.get("full-path")
    return None


def _member(path: Path, archive: zipfile.ZipFile, name: str, limit: int) -> bytes:
    # The size that a zip states of its member may be a lie: what counts is what comes out.
    with archive.open(name) as file:
        content = file.read(limit + 1)
    if len(content) > limit:
        raise MusicXmlError(path, f"it unpacks to more than {limit >> 20} MiB, the most that is read")
    return content


def _parse(path: Path, content: bytes) -> ET.Element:
    if content.count(b"<") > MAX_TAGS:
        raise MusicXmlError(path, f"it holds more than {MAX_TAGS:,} tags, the most that is read")
    root = _parse_any(path, content)
    if "}" in root.tag:
        for element in root.iter():
            element.tag = element.tag.rpartition("}")[2]
    if root.tag not in ("score-partwise", "score-timewise"):
        kind = f"its outermost element is <{root.tag[:40]}>"
        raise MusicXmlError(path, f"it is XML but no MusicXML score ({kind})")
    return root


def _parse_any(path: Path, content: bytes) -> ET.Element:
    _refuse_entities(path, content)
    try:
        return ET.fromstring(content)
    except ET.ParseError as error:
        line, _ = error.position
        raise MusicXmlError(path, f"it is no whole XML file: line {line} cannot be read") from None
    except (ValueError, LookupError):  # an encoding that does not exist
        raise MusicXmlError(path, "its letters are in an encoding that is not understood") from None


class _PrologEnds(Exception):
    pass


def _refuse_entities(path: Path, content: bytes) -> None:
    """Read up to the first element: entities can be defined only before it, in whatever encoding."""

    def refuse(*_: object) -> None:
        raise MusicXmlError(path, "it defines XML entities of its own, which no score needs; it is not read")

    def stop(*_: object) -> None:
        raise _PrologEnds

    parser = expat.ParserCreate()
    parser.EntityDeclHandler = refuse
    parser.StartElementHandler = stop
    try:
        for start in range(0, len(content), _PROLOG_STEP):
            parser.Parse(content[start : start + _PROLOG_STEP], False)
    except (_PrologEnds, expat.ExpatError, ValueError, LookupError):
        pass  # the whole parse says what is wrong, if anything is
