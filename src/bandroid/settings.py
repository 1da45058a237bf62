"""Typed settings: what a preset lets you change with `--set name=value`. Imports nothing heavy.

Settings are fields of frozen dataclasses, each made by `setting(default, help, ...)`, which also holds its range:

    @dataclass(frozen=True)
    class Training:
        learning_rate: float = setting(1e-3, "how far a step goes", least=1e-6, most=1.0)

`apply((model, training), ["learning_rate=5e-4"])` gives changed copies. Types: int, float, bool, str, tuple[int, ...].
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias, TypeVar, get_type_hints

from bandroid import near
from bandroid.errors import WishError

Value: TypeAlias = int | float | bool | str | tuple[int, ...]
Group = TypeVar("Group")
"""a frozen dataclass of settings"""

_YES, _NO = ("yes", "true", "on", "1"), ("no", "false", "off", "0")
_WHAT_IS_WANTED = {
    int: "a whole number",
    float: "a number",
    bool: "yes or no",
    str: "a word",
    tuple[int, ...]: "whole numbers with commas, like 128,128",
}


def setting(
    default: Any,
    help: str,
    *,
    least: float | None = None,
    most: float | None = None,
    choices: tuple[str, ...] = (),
) -> Any:
    """Declare a field: its default, one line of help, and what it may be (both ends of a range belong to it)."""
    metadata = {"help": help, "least": least, "most": most, "choices": choices}
    return dataclasses.field(default=default, metadata=metadata)


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting as it stands, for lists and errors."""

    name: str
    value: Value
    kind: Any
    """int, float, bool, str or tuple[int, ...]"""
    help: str
    least: float | None
    most: float | None
    choices: tuple[str, ...]

    @property
    def allowed(self) -> str:
        """Say what the value may be: "0 to 0.9", "auto, fp32 or bf16", "yes or no"."""
        if self.choices:
            return near.listed(self.choices, "or")
        if self.least is not None and self.most is not None:
            return f"{_number(self.least)} to {_number(self.most)}"
        if self.least is not None:
            return f"{_number(self.least)} or more"
        if self.most is not None:
            return f"{_number(self.most)} or less"
        return _WHAT_IS_WANTED[self.kind]


def settings_of(groups: Iterable[Any]) -> dict[str, Setting]:
    """Return every setting of some dataclasses by name, in the order in which they are declared."""
    found: dict[str, Setting] = {}
    for group in groups:
        kinds = get_type_hints(type(group))
        for field in dataclasses.fields(group):
            if field.name in found:
                raise ValueError(f"two settings are called {field.name}")
            found[field.name] = Setting(field.name, getattr(group, field.name), kinds[field.name], **field.metadata)
    return found


def apply(groups: Sequence[Any], wishes: Iterable[str]) -> tuple[Any, ...]:
    """Return copies of some dataclasses with `name=value` wishes carried out, in the same order.

    Raises WishError for a wish without "=", an unknown name (near ones first), a name given twice, a value of another
    kind or out of its range.
    """
    known = settings_of(groups)
    values: dict[str, Value] = {}
    for wish in wishes:
        name, equals, text = wish.partition("=")
        name = name.strip().replace("-", "_")
        if not equals or not name:
            raise WishError(f"--set {wish}: write it as name=value, for example --set {_example(known)}")
        if name not in known:
            raise WishError(f"--set: {_unknown(name, known)}")
        if name in values:
            raise WishError(f"--set {name} is given twice: leave one of them out")
        values[name] = _parse(known[name], text.strip())
    return tuple(_replaced(group, values) for group in groups)


def as_json(group: Any) -> dict[str, Any]:
    """Return a dataclass of settings as plain values for a JSON file; tuples become lists."""
    return {
        field.name: list(value) if isinstance(value := getattr(group, field.name), tuple) else value
        for field in dataclasses.fields(group)
    }


def from_json(kind: type[Group], values: Mapping[str, Any]) -> Group:
    """Return a dataclass of settings from `as_json`'s values, checked; what is missing takes its default.

    Raises WishError for a name or a value that this version does not know.
    """
    group = kind()
    known = settings_of((group,))
    checked: dict[str, Value] = {}
    for name, value in values.items():
        if name not in known:
            raise WishError(_unknown(name, known))
        text = ",".join(map(str, value)) if isinstance(value, list) else str(value)
        checked[name] = _parse(known[name], text)
    changed: Group = _replaced(group, checked)
    return changed


def text_of(value: Value) -> str:
    """Write a value as `--set` reads it: (128, 128) -> "128,128"; True -> "yes"."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple):
        return ",".join(map(str, value))
    return str(value)


def _parse(wanted: Setting, text: str) -> Value:
    """Read a value; raises WishError with what would be right."""
    try:
        value = _read(wanted.kind, text)
    except ValueError:
        raise WishError(f"{wanted.name}={text[:40]}: it takes {_WHAT_IS_WANTED[wanted.kind]}") from None
    if wanted.choices and value not in wanted.choices:
        raise WishError(f"{wanted.name}={text[:40]}: choose {wanted.allowed}")
    numbers = value if isinstance(value, tuple) else (value,)
    for number in numbers:
        if isinstance(number, str):
            continue
        is_low = wanted.least is not None and number < wanted.least
        if is_low or (wanted.most is not None and number > wanted.most):
            each = " (each of them)" if isinstance(value, tuple) and len(value) > 1 else ""
            raise WishError(f"{wanted.name}={text[:40]} is out of range: {wanted.allowed}{each}")
    return value


def _read(kind: Any, text: str) -> Value:
    if kind is bool:
        word = text.casefold()
        if word not in _YES + _NO:
            raise ValueError(text)
        return word in _YES
    if kind is str:
        return text
    if kind is int:
        return int(text)
    if kind is float:
        number = float(text)
        if not math.isfinite(number):
            raise ValueError(text)
        return number
    if kind == tuple[int, ...]:
        return tuple(int(word) for word in text.split(","))
    raise TypeError(f"no setting can be a {kind}")


def _replaced(group: Any, values: Mapping[str, Value]) -> Any:
    own = {field.name for field in dataclasses.fields(group)}
    return dataclasses.replace(group, **{name: value for name, value in values.items() if name in own})


def _unknown(name: str, known: Mapping[str, Setting]) -> str:
    """Say that a setting is unknown, and list all there are, near ones first."""
    if not known:
        return f"there is no setting called {name[:80]!r}: this preset has none"
    initials = [other for other in known if name == "".join(word[0] for word in other.split("_"))]
    likely = tuple(dict.fromkeys([*initials, *near.nearest(name, known)]))
    others = [other for other in known if other not in likely]
    if not likely:
        return f"there is no setting called {name[:80]!r}; there is {near.listed(others, 'and')}"
    rest = f" (there is also {near.listed(others, 'and')})" if others else ""
    return f"there is no setting called {name[:80]!r}; did you mean {near.listed(likely, 'or')}?{rest}"


def _number(value: float) -> str:
    """(0.9) -> "0.9"; (1000000) -> "1,000,000"."""
    return f"{int(value):,}" if value == int(value) else f"{value:g}"


def _example(known: Mapping[str, Setting]) -> str:
    for setting_ in known.values():
        return f"{setting_.name}={text_of(setting_.value)}"
    return "name=value (this preset has no settings)"
