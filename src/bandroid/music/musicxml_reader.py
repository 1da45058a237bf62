"""Read MusicXML: .mxl, .musicxml and .xml -> Song. The only way in for MusicXML files.

A file becomes a tree (`musicxml_file.py`), the tree a written score (`musicxml_part.py` part by part,
`musicxml_timeline.py` for what parts share), the written score a song (`perform.py`).
Source: the MusicXML 4.0 specification, W3C Music Notation Community Group, 2021.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path

from bandroid.errors import MusicXmlError
from bandroid.music.musicxml_file import open_score
from bandroid.music.musicxml_part import PartReader
from bandroid.music.musicxml_timeline import Timeline
from bandroid.music.perform import perform
from bandroid.music.repeats import MAX_PLAYED_BARS
from bandroid.music.song import Song
from bandroid.music.written import NotationError, WrittenScore

Measures = list[tuple[ET.Element, ET.Element]]
"""(measure, the element that holds one part's music in it) pairs"""


def read_musicxml(path: Path) -> Song:
    """Return the song in a MusicXML file as it is played: repeats unfolded, ties joined, at sounding pitch.

    One part per instrument; chord symbols, lyrics and rehearsal marks are kept. Raises MusicXmlError.
    """
    root = open_score(path)
    try:
        return perform(_read_score(root))
    except NotationError as error:
        raise MusicXmlError(path, str(error)) from None


def _read_score(root: ET.Element) -> WrittenScore:
    measures_of_part = _by_part(root)
    score_parts = {part.get("id", ""): part for part in root.iterfind("part-list/score-part")}
    n_bars = max((len(measures) for measures in measures_of_part.values()), default=0)
    if n_bars > MAX_PLAYED_BARS:
        raise NotationError(f"it has {n_bars:,} bars; {MAX_PLAYED_BARS:,} is the most that is read")
    timeline = Timeline(n_bars)
    parts = []
    for number, (identity, measures) in enumerate(measures_of_part.items(), 1):
        parts += PartReader(score_parts.get(identity), number, timeline).read(measures)
    return WrittenScore(
        _title(root),
        timeline.finish(),
        parts,
        remarks=[sentence.format(n=count) for sentence, count in timeline.faults.items() if count],
    )


def _by_part(root: ET.Element) -> dict[str, Measures]:
    """Return the measures of each part, however the file is turned: part by part, or measure by measure."""
    measures_of_part: dict[str, Measures] = {}
    if root.tag == "score-partwise":
        for part in root.iterfind("part"):
            measures = measures_of_part.setdefault(part.get("id", ""), [])
            measures += [(measure, measure) for measure in part.iterfind("measure")]
    else:
        for number, measure in enumerate(root.iterfind("measure")):
            for part in measure.iterfind("part"):
                measures = measures_of_part.setdefault(part.get("id", ""), [])
                # A part that pauses may be missing from a measure.
                measures += [(measure, ET.Element("part"))] * (number - len(measures))
                measures.append((measure, part))
    return measures_of_part


def _title(root: ET.Element) -> str:
    for path in ("movement-title", "work/work-title"):
        title = " ".join((root.findtext(path) or "").split())
        if title:
            return title[:200]
    return ""
