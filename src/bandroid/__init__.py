"""bandroid: teach a machine your favourite band.

The verbs of the command line are functions here (bandroid/api.py), loaded when first used:

    piece = bandroid.compose("rock", bars=16, seed=7)[0]
    bandroid.render(piece.song, "out")
"""

from __future__ import annotations

TYPE_CHECKING = False  # typing itself takes longer to import than all of this
if TYPE_CHECKING:
    from typing import Any

    from bandroid.api import (
        chain,
        compose,
        continue_song,
        corners,
        harmonise,
        infill,
        inspect,
        interpolate,
        learn,
        play,
        read_songs,
        reconstruct,
        render,
        styles,
        vary,
        wander,
        write_midi,
    )

__version__ = "0.1.0"

__all__ = [
    "chain",
    "compose",
    "continue_song",
    "corners",
    "harmonise",
    "infill",
    "inspect",
    "interpolate",
    "learn",
    "play",
    "read_songs",
    "reconstruct",
    "render",
    "styles",
    "vary",
    "wander",
    "write_midi",
]


def __getattr__(name: str) -> Any:
    """Load the Python API when one of its names is first asked for: `import bandroid` itself stays light."""
    if name not in __all__:
        raise AttributeError(f"module 'bandroid' has no attribute {name!r}")
    from bandroid import api

    # The room `render` would hide the verb once it has been imported, and whoever calls a verb imports it.
    globals().update({verb: getattr(api, verb) for verb in __all__})
    return getattr(api, name)
