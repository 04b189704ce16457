"""The data files beside this code, and the tables of choices in them.

A value that depends on a product's details is a table {"by detail": {option: value, ...}}. Options that share a value
are joined by "|", "*" is any other option, and a value may be a table again:

    {"by sleeves": {"strap": "thin straps", "*": {"by neckline": {"V-neck|polo": ..., "*": ...}}}}
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

DATA = Path(__file__).parent / "data"


@cache
def load(name: str) -> Any:
    """data/<name>.json; not to be changed by its readers."""
    return json.loads((DATA / f"{name}.json").read_text(encoding="utf-8"))


def chosen(value: Any, details: Mapping[str, str]) -> Any:
    """What a table holds for these details, or the value itself if it is no table; None where a table is silent."""
    while is_table(value):
        [(by_detail, options)] = value.items()
        value = option_of(options, details[by_detail.removeprefix("by ")])
    return value


def is_table(value: Any) -> bool:
    return isinstance(value, dict) and len(value) == 1 and next(iter(value)).startswith("by ")


def option_of(options: dict[str, Any], option: str) -> Any:
    for names, value in options.items():
        if option in names.split("|"):
            return value
    return options.get("*")
