"""What `pip install 'bandroid[learn]'` brings, and what to say where it is missing or broken. Needs none of it."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec

from bandroid import near
from bandroid.errors import MachineError

_LIBRARIES = ("torch", "onnx", "safetensors")
"""without these no net can be trained and kept; tensorboard is a nicety"""


def missing_libraries() -> tuple[str, ...]:
    """Return those libraries of the extra `learn` that are not installed and that training needs."""
    return tuple(name for name in _LIBRARIES if find_spec(name) is None)


def require_learn_extra(preset: str) -> None:
    """Raise MachineError with the pip command where a library for training is missing."""
    _require(f"preset {preset}", " (or take --preset instant, which needs nothing more)")


def require_for_milestones() -> None:
    """Raise MachineError with the pip command where a library for making styles of milestones is missing."""
    _require("making a style of a milestone", "")


def _require(what: str, instead: str) -> None:
    if missing := missing_libraries():
        raise MachineError(f"{what} needs {near.listed(missing, 'and')}: pip install 'bandroid[learn]'{instead}")
    for name in _LIBRARIES:
        try:
            import_module(name)
        except (ImportError, OSError) as error:  # of another system, or half of it
            reason = str(error).strip().splitlines()[:1]
            raise MachineError(
                f"{what} needs {name}, which is there but cannot be loaded ({''.join(reason)[:120]}): "
                f"pip install --force-reinstall 'bandroid[learn]'{instead}"
            ) from error
