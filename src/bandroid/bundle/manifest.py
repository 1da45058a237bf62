"""What a style says about itself: manifest.json, read strictly, written the same way every time.

A style is a folder (or the same, zipped, as NAME.bandroid):

    manifest.json   this file: what the style is, what it was made from, sha256 and size of every other file
    counts.npz      its arrays (an instant style's counts); later stages add ONNX graphs
    golden.npz      inputs and outputs that a loader can check itself against
    CARD.md         the manifest in sentences

There is no time of day in it, so that making a style again gives the same bytes. Nothing heavy is imported.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, is_dataclass
from typing import Any, Literal, TypeAlias, cast, get_args, get_origin, get_type_hints

from bandroid.errors import StyleError
from bandroid.presets import LearntParts

FORMAT_VERSION = 1
"""raised when an older bandroid could no longer read what we write"""

MANIFEST_NAME = "manifest.json"
CARD_NAME = "CARD.md"

MAX_MANIFEST_BYTE = 16 << 20  # 1,000 songs take about 0.3 MB
MAX_FILE_BYTE = 512 << 20
MAX_FILES = 64

Json: TypeAlias = Any
"""what JSON can hold: None, bool, int, float, str, list, dict"""

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,47}")
_FILE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*(\.[A-Za-z0-9]+)+")
_SHA256 = re.compile(r"[0-9a-f]{64}")
# Names that Windows keeps for devices, with or without a suffix.
_DEVICES = {"con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(10))}


@dataclass(frozen=True, slots=True)
class FileRecord:
    """One file of the bundle."""

    sha256: str
    size_byte: int


@dataclass(frozen=True, slots=True)
class Source:
    """A collection that songs came from."""

    name: str
    url: str
    commit: str
    """the state of the collection that was used; empty where it has none"""
    licence: str


@dataclass(frozen=True, slots=True)
class TrainingSong:
    """One song that the style was learnt from, or tested on."""

    title: str
    author: str
    licence: str
    file: str
    """path inside its folder or collection, with forward slashes"""
    sha256: str
    split: Literal["train", "held-out"]
    """songs held out were never learnt: figures are measured on them"""


@dataclass(frozen=True, slots=True)
class Training:
    """What the style was made from, and how well it does on songs that it never saw."""

    songs: tuple[TrainingSong, ...] = ()
    sources: tuple[Source, ...] = ()
    figures: Mapping[str, float] = field(default_factory=dict)
    """bits_per_note and others, by name"""
    notes: tuple[str, ...] = ()
    """what a reader should know, one plain sentence each"""


@dataclass(frozen=True, slots=True)
class Manifest:
    """A style's description. Raises StyleError where a field cannot be."""

    name: str
    preset: str
    """how it was made: "instant" counts"""
    summary: str
    """one line for `bandroid styles list`"""
    representation: Mapping[str, Json]
    """everything that turns tokens into music again: {"name": "score", "version": 1, ...}"""
    model: Mapping[str, Json]
    """settings that the generating code needs: {"order": 8, ...}"""
    defaults: Mapping[str, Json]
    """what `compose` takes where the user says nothing: tempo, metre, key, line-up"""
    training: Training
    created_by: str
    """bandroid and its version"""
    files: Mapping[str, FileRecord] = field(default_factory=dict)
    format_version: int = FORMAT_VERSION

    def __post_init__(self) -> None:
        check_name(self.name)
        if len(self.files) > MAX_FILES:
            raise StyleError(f"a style has at most {MAX_FILES} files, not {len(self.files)}")
        for file_name, record in self.files.items():
            check_file_name(file_name)
            if not _SHA256.fullmatch(record.sha256):
                raise StyleError(f"the sha256 of {file_name} is none")
            if not 0 <= record.size_byte <= MAX_FILE_BYTE:
                raise StyleError(f"{file_name} may take {MAX_FILE_BYTE >> 20} MB at most")

    @property
    def learnt_parts(self) -> LearntParts:
        """What of each song it was learnt from, and is to be measured on. Raises StyleError for what we do not know."""
        parts = self.model.get("parts", "all")
        if parts not in get_args(LearntParts):
            raise StyleError(f"it was learnt from {str(parts)[:60]!r} parts of its songs: pip install -U bandroid")
        return cast(LearntParts, parts)

    def to_bytes(self) -> bytes:
        """Return manifest.json: UTF-8, sorted keys, the same bytes for the same content."""
        text = json.dumps(asdict(self), ensure_ascii=False, sort_keys=True, indent=1, allow_nan=False)
        return text.encode() + b"\n"


def check_name(name: str) -> str:
    """Return a style's name if it can be one on every system; raises StyleError with a name that can."""
    if not _NAME.fullmatch(name) or name in _DEVICES:
        raise StyleError(
            f"{name[:60]!r} cannot be a style's name: use small letters, digits, - and _, "
            f"48 at most, like {suggest_name(name)!r}"
        )
    return name


def suggest_name(words: str) -> str:
    """Make a style's name out of any words: "Die Ärzte (live)" -> "die-arzte-live"."""
    plain = unicodedata.normalize("NFKD", words).encode("ascii", "ignore").decode().lower()
    name = re.sub(r"[^a-z0-9_]+", "-", plain)[:48].strip("-_")
    return name if name and name not in _DEVICES else "my-style"


def check_file_name(file_name: str) -> str:
    """Return the name of a file in a bundle: a plain name with a suffix, no folders; raises StyleError."""
    if not _FILE_NAME.fullmatch(file_name) or file_name.split(".")[0].lower() in _DEVICES:
        raise StyleError(f"it holds a file called {file_name[:60]!r}, which could leave the style's folder")
    return file_name


def read_manifest(content: bytes) -> Manifest:
    """Read manifest.json strictly: every field there, no other, each of its type.

    Raises StyleError, which names the field but not the style: whoever knows the path puts it before.
    """
    if len(content) > MAX_MANIFEST_BYTE:
        raise StyleError(f"its manifest.json is larger than {MAX_MANIFEST_BYTE >> 20} MB")
    try:
        table = json.loads(content, parse_constant=_refuse_constant)
        version = table["format_version"]
    except (ValueError, TypeError, KeyError, RecursionError):  # also wrong UTF-8 and endless numbers
        raise StyleError("its manifest.json is damaged, or not a style's") from None
    if isinstance(version, int) and version > FORMAT_VERSION:
        raise StyleError("it was made by a newer bandroid: pip install -U bandroid")
    return cast(Manifest, _read(Manifest, table, "manifest.json"))


def _read(kind: Any, value: Any, where: str) -> Any:
    """Turn parsed JSON into `kind`, a dataclass or the type of one's field, or raise StyleError."""
    if isinstance(kind, type) and is_dataclass(kind):
        hints = get_type_hints(kind)
        if not isinstance(value, dict) or set(value) != set(hints):
            wrong = sorted(set(hints) ^ set(value))[:3] if isinstance(value, dict) else []
            raise StyleError(f"its manifest.json is damaged: {where} has wrong fields {', '.join(wrong)}".rstrip())
        return kind(**{name: _read(hints[name], value[name], name) for name in hints})
    origin = get_origin(kind)
    if origin is tuple and isinstance(value, list):
        return tuple(_read(get_args(kind)[0], item, where) for item in value)
    if origin is Mapping and isinstance(value, dict):
        return {name: _read(get_args(kind)[1], item, f"{where} {name}") for name, item in value.items()}
    if origin is Literal and value in get_args(kind):
        return value
    if kind is float and isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    if kind is int and isinstance(value, int) and not isinstance(value, bool):
        return value
    if kind is str and isinstance(value, str):
        return value
    if kind == Json:
        return value
    raise StyleError(f"its manifest.json is damaged: {where[:60]} is not what it should be")


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is no JSON number")
