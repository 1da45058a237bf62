"""Roles put right by hand, in a small text file inside the folder of songs, `bandroid-roles.txt`:

    # song: part = role            the part by its number in `bandroid inspect`, or by its name
    my song.mid: 2 = bass
    my song.mid: Track 5 = lead
    *.mid: 1 = vocal line

A line that starts with # says nothing. Later lines win. Nothing is ever written into the user's folder unasked;
`roles_template` makes the text of such a file with every guess in it, for whoever wants one.
"""

from __future__ import annotations

import difflib
import fnmatch
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from bandroid.corpus.files import ROLES_FILE_NAME, spellings_of
from bandroid.corpus.roles import ROLES, PartRole
from bandroid.errors import CorpusError
from bandroid.music.song import Song

_SHORT_NAMES = {"vocal": "vocal line", "vocals": "vocal line", "voice": "vocal line", "chord": "chords"}


@dataclass(frozen=True, slots=True)
class RoleRule:
    """One line of a roles file: for these songs, this part has this role."""

    song: str
    """file name, path from the folder, name without suffix, or a pattern with * and ?"""
    part: str
    """part number from 1, or the part's name"""
    role: str
    line: int
    """number of the line in its file, from 1"""

    def fits(self, name: str) -> bool:
        """Tell whether the rule means this song (its path from the folder, as the report names it)."""
        wanted = self.song.lower()
        return any(form == wanted or fnmatch.fnmatchcase(form, wanted) for form in spellings_of(name.lower()))


def read_roles(path: Path) -> tuple[RoleRule, ...]:
    """Read a roles file; raises CorpusError with the line at fault."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        text = path.read_text(encoding="latin-1")
    except OSError as error:
        raise CorpusError(f"{path}: could not be read ({error.strerror or error})") from error
    rules = []
    for number, line in enumerate(text.splitlines(), start=1):
        content = line.strip()
        if not content or content.startswith("#"):
            continue
        match = re.fullmatch(r"(?P<song>.+):\s*(?P<part>[^:=]+?)\s*=\s*(?P<role>[^=]+)", content)
        if match is None:
            raise CorpusError(f"{path}, line {number}: write it as `song.mid: 2 = bass`")
        rules.append(RoleRule(match["song"].strip(), match["part"], _role(match["role"], path, number), number))
    return tuple(rules)


def _role(text: str, path: Path, number: int) -> str:
    wish = " ".join(text.lower().split())
    wish = _SHORT_NAMES.get(wish, wish)
    if wish not in ROLES:
        near = difflib.get_close_matches(wish, ROLES, n=1)
        hint = f"did you mean {near[0]}?" if near else f"roles are {', '.join(ROLES)}"
        raise CorpusError(f"{path}, line {number}: no role {text.strip()!r}; {hint}")
    return wish


def corrected_roles(
    song: Song, guessed: Sequence[PartRole], rules: Iterable[RoleRule]
) -> tuple[tuple[PartRole, ...], tuple[str, ...]]:
    """Put rules over guesses; return the roles, and a remark for each rule that names this song but none of its parts.

    The rules are those that fit the song's file, in the order of their lines.
    """
    roles = list(guessed)
    remarks = []
    for rule in rules:
        if rule.part.isdigit():
            chosen = [int(rule.part) - 1] if 1 <= int(rule.part) <= len(roles) else []
        else:
            chosen = [i for i, part in enumerate(song.parts) if part.name.strip().lower() == rule.part.lower()]
        for index in chosen:
            roles[index] = PartRole(rule.role, f"{ROLES_FILE_NAME}, line {rule.line}")
        if not chosen and not any(sign in rule.song for sign in "*?["):
            remarks.append(f"{ROLES_FILE_NAME}, line {rule.line}: this song has no part {rule.part!r}")
    return tuple(roles), tuple(remarks)


def roles_template(songs: Iterable[tuple[str, Song, Sequence[PartRole]]]) -> str:
    """Return a roles file with every guess as a comment, ready to be corrected: (path from the folder, song, roles)."""
    lines = [
        "# What each part does. To put a guess right, take the # away and change the role.",
        f"# Roles: {', '.join(ROLES)}.",
    ]
    for name, song, roles in songs:
        lines.append("")
        for number, (part, role) in enumerate(zip(song.parts, roles, strict=True), start=1):
            lines.append(f"# {name}: {number} = {role.role}")
            lines.append(f"#     ({part.name.strip() or 'no name'}; {role.why})")
    return "\n".join(lines) + "\n"
