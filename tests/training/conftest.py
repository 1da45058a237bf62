"""A training without a break, to hold others against."""

from __future__ import annotations

from typing import Any

import pytest


@pytest.fixture(scope="session")
def unbroken(tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, list[dict[str, Any]]]:
    """Sixty-two steps: their outcome, and the lines of metrics.jsonl."""
    from tiny_task import TinyTask, learn, lines_of

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BANDROID_HOME", str(tmp_path_factory.mktemp("unbroken")))
        outcome, _ = learn(TinyTask(), steps=62)
        return outcome, lines_of("mine")
