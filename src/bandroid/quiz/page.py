"""One page that asks: which of the two is the band's? Sound, questions and counting are inside; no server."""

from __future__ import annotations

import base64
import html
import json
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files

from bandroid.errors import MachineError

_TEMPLATE = "page.html"
_PLACES = ("<!--TITLE-->", "/*DATA*/null")


@dataclass(frozen=True, slots=True)
class Question:
    """One pair as the page knows it."""

    kind: str
    first: bytes
    """MP3"""
    second: bytes
    real_is_first: bool
    source: str


def page_of(questions: Sequence[Question], *, who: str, style: str, style_hash: str, seed: int) -> str:
    """Return the page; `who` is the band, as in "Which one is Bach's?"."""
    data = {
        "who": who,
        "style": style,
        "style_hash": style_hash,
        "seed": seed,
        "questions": [
            {
                "kind": one.kind,
                "sounds": [base64.b64encode(sound).decode() for sound in (one.first, one.second)],
                # Not to hide it, but so that nobody reads it by chance.
                "answer": base64.b64encode(json.dumps([int(not one.real_is_first), one.source]).encode()).decode(),
            }
            for one in questions
        ],
    }
    text = files("bandroid.quiz").joinpath(_TEMPLATE).read_text(encoding="utf-8")
    if not all(place in text for place in _PLACES):
        raise MachineError("the page of the quiz is damaged: install bandroid again")
    title = html.escape(f"{who} or machine?")
    # "</" would end the script that it stands in.
    return text.replace(_PLACES[0], title).replace(_PLACES[1], json.dumps(data).replace("</", "<\\/"))
