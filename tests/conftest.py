"""Where the real music for tests lies, and how tests ask for it."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
DATA = Path(os.environ.get("BANDROID_DATA", ROOT.parent / "shared" / "data"))

# Threads that wait for each other take both cores of a small, busy machine; the nets of tests are tiny.
os.environ.setdefault("OMP_NUM_THREADS", "1")


@pytest.fixture(scope="session")
def data() -> Path:
    """The folder of real music beside the repository; tests that need it skip without it, but never in CI."""
    if not DATA.is_dir():
        if os.environ.get("CI"):
            pytest.fail(f"no test data at {DATA}")
        pytest.skip(f"no test data at {DATA}; set BANDROID_DATA")
    return DATA


@pytest.fixture(autouse=True)
def _own_home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep every test out of the user's own styles."""
    monkeypatch.setenv("BANDROID_HOME", str(tmp_path_factory.mktemp("home")))


@pytest.fixture(autouse=True)
def _hears_ctrl_c() -> Iterator[None]:
    """A command that was broken off hears no further Ctrl-C; the next test, and whoever stops the tests, shall."""
    before = signal.getsignal(signal.SIGINT)
    yield
    signal.signal(signal.SIGINT, before)
