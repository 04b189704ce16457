"""What the sample shop sells: names, prices and words that agree with what is drawn. The stock is in stock.json."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any
from zlib import crc32

import numpy as np

from catalog.sample_shop.design import Design, Pose
from catalog.sample_shop.kinds import draw
from catalog.sample_shop.materials import COMPANIONS
from catalog.sample_shop.surfaces import Sheet
from catalog.sample_shop.tables import chosen, load
from catalog.sample_shop.words import Speech, pattern_name, sentence, with_article

PER_CATEGORY = 8
CURRENCY: str = load("stock")["currency"]


@dataclass(frozen=True)
class Range:
    """One category: what its products may look like, and how they are spoken of."""

    category: str
    department: str
    code: str
    kind: str  # names its drawing: data/drawings/<kind>.json
    scene: str  # where its products are at home: hung, plinth, table, room or sofa
    prices: tuple[int, int]
    brands: list[str]
    grounds: list[str]
    patterns: list[str]
    options: dict[str, list[str]]
    settled: dict[str, Any]  # details that others decide, pattern among them: tables of what they become, in order
    told: list[str]  # the details that become attributes
    words: dict[str, Any]  # phrases; those of noun, opening, closing and material are the ones that are used

    @property
    def stands(self) -> bool:
        """Upright on a surface, rather than laid flat."""
        return self.scene in ("table", "room", "plinth")

    def draw(self, design: Design, pose: Pose, size: int) -> Sheet:
        return draw(self.kind, design, pose, size)


@dataclass(frozen=True)
class SampleProduct:
    sku: str
    title: str
    range: Range
    design: Design
    price: str
    description: str
    attributes: dict[str, str]


def products(seed: int = 0) -> list[SampleProduct]:
    """Every product of the shop, in the order of its catalogue; the same for the same seed."""
    return [product for one in _ranges() for product in _products_of(one, seed)]


@cache
def _ranges() -> list[Range]:
    stock = load("stock")
    return [
        Range(
            **{
                "settled": {},
                **one,
                "brands": _named(one["brands"], stock["brands"]),
                "grounds": _named(one["grounds"], stock["grounds"]),
            }
        )
        for one in stock["ranges"]
    ]


def _named(members: list[str], groups: dict[str, list[str]]) -> list[str]:
    """Members, some of them names of groups, with each group's own in its place."""
    return [name for member in members for name in groups.get(member, [member])]


def _products_of(one: Range, seed: int) -> list[SampleProduct]:
    rng = np.random.default_rng([seed, crc32(one.category.encode())])
    grounds, patterns = _deal(rng, one.grounds), _deal(rng, one.patterns)
    choices = {detail: _deal(rng, options) for detail, options in one.options.items()}
    brands, names = _deal(rng, one.brands), _deal(rng, load("stock")["names"])
    made = []
    for k in range(PER_CATEGORY):
        details = {detail: dealt[k] for detail, dealt in choices.items()}
        details["pattern"] = patterns[k]
        for detail, table in one.settled.items():
            if (settled := chosen(table, details)) is not None:
                details[detail] = settled.format_map(details)
        pattern = details.pop("pattern")
        sku = f"{one.code}-{101 + k}"
        figure, accent = COMPANIONS[grounds[k]]
        design = Design(
            one.code, brands[k], (grounds[k], figure, accent), pattern, details, crc32(f"{seed} {sku}".encode())
        )
        low, high = one.prices
        price = int(rng.integers(low, high)) + (0.9, 0.95, 0.0, 0.5)[int(rng.integers(4))]
        made.append(_in_words(sku, names[k], f"{price:.2f}", one, design))
    return made


def _deal(rng: np.random.Generator, options: list[str]) -> list[str]:
    """PER_CATEGORY draws that use every option about equally often."""
    dealt: list[str] = []
    while len(dealt) < PER_CATEGORY:
        dealt += [options[int(k)] for k in rng.permutation(len(options))]
    return dealt[:PER_CATEGORY]


def _in_words(sku: str, name: str, price: str, one: Range, design: Design) -> SampleProduct:
    speech = Speech(one.words, {**design.details, "pattern": design.pattern})
    ground, figure, accent = design.colours
    look = ground.capitalize() if design.pattern == "plain" else pattern_name(design.pattern)
    title = f"{name} {look.title()} {speech.say('noun')}"
    if design.pattern == "plain":
        colours = f"Made in {ground}, with touches of {accent}."
    else:
        inks = f"{figure} and {accent}" if design.pattern in load("stock")["two inks"] else figure
        colours = f"{sentence(with_article(pattern_name(design.pattern)))} pattern in {inks} on {ground}."
    attributes = {
        "colour": ground,
        "pattern": design.pattern,
        "material": speech.fill(one.words.get("material", "{material}")),
    }
    attributes |= {detail: design[detail] for detail in one.told if design[detail] != "none"}
    description = f"{speech.say('opening')} {colours} {speech.say('closing')}"
    return SampleProduct(sku, title, one, design, price, description, attributes)
