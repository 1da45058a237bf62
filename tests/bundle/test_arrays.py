"""Arrays in a style: same arrays, same bytes; nothing in them is trusted."""

import io
import struct
import zipfile

import hypothesis.extra.numpy as hnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bandroid.bundle.arrays import arrays_from_bytes, arrays_to_bytes
from bandroid.errors import StyleError

NUMBERS = hnp.boolean_dtypes() | hnp.integer_dtypes() | hnp.unsigned_integer_dtypes() | hnp.floating_dtypes()


@given(st.dictionaries(st.sampled_from("abc"), hnp.arrays(NUMBERS, hnp.array_shapes(min_dims=0, min_side=0))))
def test_round_trip(arrays):
    content = arrays_to_bytes(arrays)
    again = arrays_from_bytes(content, "counts.npz")
    assert set(again) == set(arrays)
    for name, array in arrays.items():
        np.testing.assert_array_equal(again[name], array)
        assert again[name].dtype == array.dtype.newbyteorder("<")
        assert not again[name].flags.writeable or not again[name].size
    assert arrays_to_bytes(again) == content


def test_what_shrinks_is_kept_small_and_zeros_are_kept_as_they_are():
    counted = np.random.default_rng(0).integers(0, 16, 20_000, dtype=np.int32)
    content = arrays_to_bytes({"a": counted, "b": np.zeros(100_000, dtype=np.int8)})
    assert 100_000 < len(content) < 130_000
    np.testing.assert_array_equal(arrays_from_bytes(content, "x.npz")["a"], counted)


def test_numpy_reads_it():
    content = arrays_to_bytes({"a": np.arange(6).reshape(2, 3)})
    np.testing.assert_array_equal(np.load(io.BytesIO(content))["a"], [[0, 1, 2], [3, 4, 5]])


def npz(members: dict[str, bytes], compression: int = zipfile.ZIP_STORED) -> bytes:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", compression) as zipped:
        for name, content in members.items():
            zipped.writestr(name, content)
    return archive.getvalue()


def npy(header: str, body: bytes = b"") -> bytes:
    text = header.encode() + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text + body


GOOD = npy("{'descr': '<i4', 'fortran_order': False, 'shape': (2,)}", bytes(8))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"PK",
        GOOD,
        npz({"a.npy": GOOD})[:-30],
        npz({"a.npy": GOOD[:-1]}),
        npz({"a.npy": GOOD + b"x"}),
        npz({"a.npy": GOOD, "a": GOOD}),
        npz({"a.npy": GOOD}, zipfile.ZIP_BZIP2),
        npz({"a.npy": npy("{'descr': '<i4', 'fortran_order': False, 'shape': (1000000,)}", bytes(4000000))}, 8),
        npz({f"{n}.npy": GOOD for n in range(300)}),
        npz({"a.npy": npy("{'descr': '<i4', 'fortran_order': False, 'shape': (1000000000000,)}")}),
        npz({"a.npy": npy("{'descr': '<i4', 'fortran_order': False, 'shape': (-1, -2)}", bytes(8))}),
        npz({"a.npy": npy("{'descr': '<i4', 'fortran_order': False, 'shape': (2,), 'x': " + "(" * 9000)}),
        npz({"a.npy": npy("{'descr': '|O', 'fortran_order': False, 'shape': (1,)}", b"cos\nsystem\n.")}),
        npz({"a.npy": npy("{'descr': [('a', '<i4')], 'fortran_order': False, 'shape': (2,)}", bytes(8))}),
        npz({"a.npy": npy("{'descr': '<U2', 'fortran_order': False, 'shape': (1,)}", bytes(8))}),
        npz({"a.npy": npy("__import__('os').abort()", bytes(8))}),
    ],
)
def test_bad_arrays_are_refused(content):
    with pytest.raises(StyleError, match=r"its counts\.npz is damaged"):
        arrays_from_bytes(content, "counts.npz")


@given(st.data())
def test_no_damaged_byte_breaks_the_reader(data):
    content = bytearray(arrays_to_bytes({"a": np.arange(4), "b": np.ones((2, 2))}))
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    try:
        arrays_from_bytes(bytes(content), "counts.npz")
    except StyleError:
        pass
