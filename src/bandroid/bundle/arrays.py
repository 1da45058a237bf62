"""Arrays in a style: .npz files written the same way every time, and read without trusting them.

An .npz is a zip of .npy files. numpy's own reader allocates what a header claims and can unpickle; ours reads
the headers first and refuses pickles, strange types, claims that the file's size does not bear out, and members that
are more than MAX_RATIO times as large as what they take up: a bomb needs that.
"""

from __future__ import annotations

import io
import math
import zipfile
import zlib
from collections.abc import Mapping

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from bandroid.bundle.archive import check_directory
from bandroid.errors import StyleError

MAX_ARRAYS = 256
MAX_RATIO = 16
"""fingerprints shrink to a third, other arrays hardly"""
_KINDS = "biuf"  # booleans, integers, floats: no objects, no text, no records
_MAX_HEADER_BYTE = 4096  # numpy writes 128


def arrays_to_bytes(arrays: Mapping[str, NDArray[np.generic]]) -> bytes:
    """Return an .npz: sorted by name, no time of day: the same arrays give the same bytes.

    Arrays are compressed unless that would make bombs of them: many zeros are kept as they are.
    """
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as npz:
        for name in sorted(arrays):
            array = np.ascontiguousarray(arrays[name]).reshape(np.shape(arrays[name]))
            if array.dtype.kind not in _KINDS:
                raise ValueError(f"array {name} holds {array.dtype}, not numbers")
            member = io.BytesIO()
            npy.write_array(member, array.astype(array.dtype.newbyteorder("<")), (1, 0), allow_pickle=False)
            content = member.getvalue()
            is_bomb = len(content) > MAX_RATIO * len(zlib.compress(content))
            how = zipfile.ZIP_STORED if is_bomb else zipfile.ZIP_DEFLATED
            npz.writestr(zipfile.ZipInfo(f"{name}.npy", (1980, 1, 1, 0, 0, 0)), content, how)
    return archive.getvalue()


def arrays_from_bytes(content: bytes, file_name: str) -> dict[str, NDArray[np.generic]]:
    """Read an .npz, each array read-only; raises StyleError for one that cannot be trusted."""
    damaged = StyleError(f"its {file_name} is damaged")
    try:
        check_directory(content[-64:], MAX_ARRAYS)
        with zipfile.ZipFile(io.BytesIO(content)) as npz:
            members = npz.infolist()
            names = [member.filename.removesuffix(".npy") for member in members]
            if len(set(names)) < len(names) or sum(m.file_size for m in members) > MAX_RATIO * len(content):
                raise damaged
            return {name: _read_array(npz, member) for name, member in zip(names, members, strict=True)}
    except MemoryError:
        raise
    except Exception:  # zipfile and numpy raise a dozen kinds for damaged input
        raise damaged from None


def _read_array(npz: zipfile.ZipFile, member: zipfile.ZipInfo) -> NDArray[np.generic]:
    """Read one .npy whose header agrees with the size that the zip states."""
    if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise ValueError("packed in a strange way")
    with npz.open(member) as stream:
        version = npy.read_magic(stream)
        read_header = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}[version]
        shape, is_fortran, dtype = read_header(stream, max_header_size=_MAX_HEADER_BYTE)
        if dtype.kind not in _KINDS or dtype.hasobject or dtype.names:
            raise ValueError(f"holds {dtype}")
        n_bytes = math.prod(shape) * dtype.itemsize  # Python integers: no overflow
        if min(shape, default=1) < 0 or stream.tell() + n_bytes != member.file_size:
            raise ValueError("a header that does not fit")
        body = stream.read(n_bytes + 1)  # to the end, so that zipfile checks the sum
    if len(body) != n_bytes:
        raise ValueError("cut short")
    flat: NDArray[np.generic] = np.frombuffer(body, dtype) if body else np.empty(0, dtype)
    return flat.reshape(shape, order="F" if is_fortran else "C")
