"""Draws products from their data: data/drawings/<kind>.json.

A drawing is a list of steps, drawn one over another. A step is one of

    a part      {"curve": outline, "paint": ..., "puff": ..., ...}     see _shape, _lay and _mark
    a choice    {"by detail": {option: [steps], ...}}                  see tables.py
    numbers     {"let": {name: number, ...}}                           for the steps that follow
    paints      {"paints": {name: paint, ...}}                         for the steps that follow
    a room      {"room": angle}                                        places have three coordinates from here on
    shapes      {"shapes": {name: outline, ...}}                       for {"shape": name, ...}
    repetition  {"each": "x y", "in": [[..], ..] or a count, "draw": [steps]}
                {"along": {"line": ...}, "count": ..., "draw": [steps]}      at x, y along a path
    words       {"label" or "write": text, "at": "x,y", ...}
    a symbol    {"use": name, number or colour: value, ...}            from data/drawings/symbols.json
    a routine   {"do": name, ...}                                      what only code can say, see kinds.py

A number is a number, an expression over named numbers ("hem + 0.012"), or a table of these. An outline is a string of
points "x,y x,y! ...", where x and y are expressions without spaces and ! marks a corner. A colour is ground, figure,
accent, the name of a paint that is one colour, or #rrggbb, and what is done to it: "ground darker 0.3",
"accent mix #ffffff 0.4", and "ground thread 0.45 0.3" (lighter by the first if it is dark, else darker by the second).
"""

from __future__ import annotations

import ast
from collections import ChainMap
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from types import CodeType
from typing import Any

import numpy as np

from catalog.sample_shop.design import Design, Pose, label, seam, stitches, write
from catalog.sample_shop.folds import WRAPS, relief_of
from catalog.sample_shop.materials import cloth
from catalog.sample_shop.surfaces import (
    Array,
    Colour,
    Paint,
    Point,
    Region,
    Sheet,
    box,
    curve,
    darker,
    ellipse,
    flipped,
    from_hex,
    is_dark,
    lighter,
    mirrored,
    mix,
    points,
)
from catalog.sample_shop.tables import chosen, is_table, load

Step = dict[str, Any]
FUNCTIONS = {
    "sin": lambda angle: float(np.sin(angle)),
    "cos": lambda angle: float(np.cos(angle)),
    "radians": lambda degrees: float(np.radians(degrees)),
    "atan2": lambda y, x: float(np.arctan2(y, x)),
    "abs": abs,
    "max": max,
    "min": min,
    "pi": np.pi,
    "interp": lambda at, *pairs: float(np.interp(at, pairs[::2], pairs[1::2])),
}
SURFACE = ("puff", "rounding", "gloss", "shine", "drop", "shade_below", "opacity", "contrast")
Routine = Callable[["Drawing", Step], None]


class Room:
    """Turns places in a room into places on the sheet: x across, y up, z towards the viewer, in chair heights."""

    def __init__(self, turn: float) -> None:
        self.cos, self.sin = float(np.cos(turn)), float(np.sin(turn))

    def at(self, x: float, y: float, z: float) -> tuple[float, float]:
        across, near = x * self.cos + z * self.sin, z * self.cos - x * self.sin
        scale = 0.86 * (1 + 0.16 * near)
        return 0.5 + across * scale, 0.86 - y * scale * 0.95 + near * 0.27


class Drawing:
    """A sheet, and the names that the steps on it go by."""

    def __init__(self, design: Design, pose: Pose, size: int, routines: Mapping[str, Routine]) -> None:
        self.routines = routines
        self.sheet, self.design, self.pose = Sheet(size), design, pose
        self.rng = pose.rng(design)
        self.details = {
            **design.details,
            "pattern": design.pattern,
            "turned": _how_turned(pose.turn),
            "cord": "hidden" if pose.seed % 2 else "seen",
        }
        self.regions: dict[str, Region] = {}
        self.shapes: dict[str, Step] = {}
        self.bodies: dict[str, Any] = {}  # what routines leave for one another
        self.numbers: ChainMap[str, Any] = ChainMap({**FUNCTIONS, "rand": self.rng.uniform, "turn": pose.turn})
        self.paints: ChainMap[str, Paint | Colour] = ChainMap(
            {"ground": design.ground, "figure": design.figure, "accent": design.accent}
        )

    def draw(self, steps: list[Step]) -> None:
        for step in steps:
            if is_table(step):
                self.draw(chosen(step, self.details) or [])
            elif "use" in step:
                with self.scope(step):
                    self.draw(load("drawings/symbols")[step["use"]])
            elif "let" in step:
                for name, value in step["let"].items():
                    self.numbers[name] = self.number(value)
            elif "paints" in step:
                for name, paint in step["paints"].items():
                    self.paints[name] = self.paint(paint)
            elif "room" in step:
                self._enter(Room(self.number(step["room"])))
            elif "shapes" in step:
                self.shapes.update(step["shapes"])
            elif "each" in step:
                for _ in self.each(step):
                    self.draw(step["draw"])
            elif "along" in step:
                for _ in self._along(self.outline(step["along"]), int(self.number(step["count"]))):
                    self.draw(step["draw"])
            elif "do" in step:
                self.routines[step["do"]](self, step)
            elif "label" in step or "write" in step:
                self._words(step)
            else:
                self._part(step)

    def each(self, step: Step) -> Iterator[None]:
        """Give the names of step["each"] their values, one set after another."""
        names, rows = step["each"].split(), chosen(step["in"], self.details)
        for row in range(rows) if isinstance(rows, int) else rows:
            values = row if isinstance(row, list) else [row]
            self.numbers.update(zip(names, map(self.number, values), strict=True))
            yield

    def _enter(self, room: Room) -> None:
        self.room = room
        self.numbers["px"] = lambda *place: room.at(*place)[0]
        self.numbers["py"] = lambda *place: room.at(*place)[1]

    def _along(self, path: Array, count: int) -> Iterator[None]:
        shares = np.linspace(0, 1, len(path))
        for share in np.linspace(0, 1, count):
            self.numbers.update({name: float(np.interp(share, shares, path[:, k])) for k, name in enumerate("xy")})
            yield

    @contextmanager
    def scope(self, step: Step) -> Iterator[None]:
        """Names that hold within a symbol only: its step's numbers, and its colours and paints."""
        given = {name: value for name, value in step.items() if name not in ("use", "paints")}
        numbers, paints = self.numbers, self.paints
        self.numbers = numbers.new_child({name: self.number(value) for name, value in given.items()})
        self.paints = paints.new_child({name: self.paint(value) for name, value in step.get("paints", {}).items()})
        yield
        self.numbers, self.paints = numbers, paints

    # Values

    def number(self, value: Any) -> float:
        value = chosen(value, self.details)
        return self._evaluated(value) if isinstance(value, str) else value

    def values(self, text: str) -> list[Any]:
        """Expressions without spaces inside, apart by spaces."""
        return [self._evaluated(part) for part in text.split()]

    def place(self, text: str) -> tuple[float, float]:
        place: tuple[float, ...] = self._evaluated(text)
        return self.room.at(*place) if len(place) == 3 else (place[0], place[1])

    def points(self, value: Any) -> list[Point]:
        """An outline's points: a string, or a list of strings, tables of these, and {"waves": ...}."""
        found: list[Point] = []
        for run in value if isinstance(value, list) else [value]:
            run = chosen(run, self.details)
            found += self._waves(run["waves"]) if isinstance(run, dict) else map(self._point, (run or "").split())
        return found

    def _point(self, place: str) -> Point:
        return (*self.place(place[:-1]), True) if place[-1] == "!" else self.place(place)

    def _waves(self, text: Any) -> list[Point]:
        """A hem between two places that rises and falls."""
        left, right, count, y, height = self.values(chosen(text, self.details))
        inner = np.linspace(left, right, count + 2)[1:-1].tolist()
        return [(x, y + height * (-1) ** k) for k, x in enumerate(inner)]

    def paint(self, value: Any) -> Paint | Colour:
        """A colour, a named paint, or {"cloth": "surface" or a colour, "grain": ..., "repeat": ..., ...}."""
        value = chosen(value, self.details)
        if isinstance(value, str) or "on" in value:
            return self.paints[value] if isinstance(value, str) and value in self.paints else self.colour(value)
        options: dict[str, Any] = {
            name: self.number(value[name]) for name in ("repeat", "angle", "grain_repeat") if name in value
        }
        if "grain" in value:
            options["grain"] = chosen(value["grain"], self.details)
        if "shift" in value:
            options["shift"] = self.place(value["shift"])
        source = chosen(value["cloth"], self.details)
        return cloth(self.design.surface if source == "surface" else self.colour(source), **options)

    def colour(self, value: Any) -> Colour:
        value = chosen(value, self.details)
        if isinstance(value, dict):
            return self.colour(value["dark" if is_dark(self.colour(value["on"])) else "light"])
        name, *changes = value.split()
        colour = from_hex(name) if name[0] == "#" else self.paints[name]
        assert isinstance(colour, tuple), f"{name} is not one colour"
        while changes:
            change, *changes = changes
            if change == "mix":
                other, share, *changes = changes
                colour = mix(colour, self.colour(other), self._evaluated(share))
            elif change == "thread":
                up, down, *changes = changes
                colour = lighter(colour, float(up)) if is_dark(colour) else darker(colour, float(down))
            else:
                share, *changes = changes
                colour = {"darker": darker, "lighter": lighter}[change](colour, self._evaluated(share))
        return colour

    def _evaluated(self, expression: str) -> Any:
        return eval(compiled(expression), {"__builtins__": {}}, self.numbers)

    # Parts

    def outline(self, step: Step) -> Array:
        """The path of a step, float32 [n, 2]: a curve, a line (an open curve), a polygon, a box or an ellipse."""
        path = self._base(step)
        if "part" in step:  # of its length, from a fraction to a fraction
            path = path[slice(*(int(len(path) * share) for share in step["part"]))]
        if "span" in step:
            path = path[slice(*step["span"])]
        if "then" in step:  # on along straight lines
            path = np.concatenate([path, points(self.points(step["then"]))])
        if "hang" in step:  # from one of its points, straight to another
            index, shift = step["hang"]
            path = np.stack([path[index], path[index] + points(self.place(shift))])
        if "overlap" in step:  # its beginning again, where a stroke along it would leave a notch
            path = np.concatenate([path, path[: step["overlap"]]])
        if self.number(step.get("flipped", 0)):
            path = flipped(path)
        return path + points(self.place(step["shift"])) if "shift" in step else path

    def _base(self, step: Step) -> Array:
        if "shape" in step:
            return self.outline(chosen(self.shapes[step["shape"]], self.details))
        if "box" in step:
            return box(*self.values(step["box"]))
        if "ellipse" in step:
            around = ellipse(*self.values(step["ellipse"]))
            return curve(around[:: step["every"]].tolist()) if "every" in step else around
        if "sine" in step:
            left, y, length, height, frequency, phase = self.values(step["sine"])
            t = np.linspace(0, 1, 60, dtype=np.float32)
            return np.stack([left + length * t, y + height * np.sin(t * frequency + phase)], 1)
        if "oval" in step:
            return self._oval(step["oval"], self.number(step["power"]))
        if "polygon" in step:
            return points(self.points(step["polygon"]))
        places = self.points(step.get("curve") or step["line"])
        if "offset" in step:
            right, down = self.place(step["offset"])
            places = [(x + right, y + down) for x, y in places]
        return curve(mirrored(places) if step.get("mirrored") else places, "curve" in step)

    def _oval(self, place: str, power: float) -> Array:
        """A circle at power 1, the squarer the smaller; place is made of its coordinates a and b, both in -1..1."""
        angles = np.linspace(0, 2 * np.pi, 64, endpoint=False)
        across, along = (np.sign(axis) * np.abs(axis) ** power for axis in (np.cos(angles), np.sin(angles)))
        path = []
        for a, b in zip(across.tolist(), along.tolist(), strict=True):
            self.numbers.update({"a": a, "b": b})
            path.append(self.place(place))
        return points(path)

    def _many(self, step: Step | list[Step]) -> Iterator[Array]:
        for one in step if isinstance(step, list) else [step]:
            for _ in self.each(one):
                self.draw([{"let": one.get("let", {})}])
                yield self.outline(one)

    def region(self, step: Step, *paths: Array) -> Region:
        paths = (*paths, *map(self.outline, step.get("also", [])))
        if "stroke" in step:
            region = self.sheet.strokes(*paths, width=self.number(step["stroke"]), round_ends=step.get("ends", True))
        else:
            region = self.sheet.region(*paths, holes=[self.outline(hole) for hole in step.get("holes", [])])
        if "between" in step:
            low, high = self.values(step["between"])
            region.alpha = region.alpha * ((region.x > low) & (region.x < high))
        if "within" in step:
            other = step["within"]
            region.limited_to(self.region(other, self.outline(other)) if "box" in other else self.regions[other])
        return region

    def lay(self, region: Region, step: Step, relief: Array | None = None, **given: Any) -> None:
        """Cover a region with a step's paint, lit as its surface says."""
        surface: dict[str, Any] = {name: self.number(step[name]) for name in SURFACE if name in step}
        self.sheet.lay(region, self.paint(step["paint"]), relief=relief, **surface, **given)

    def _part(self, step: Step) -> None:
        if "many" in step:
            self._laid_or_marked(step, self.region(step, *self._many(step["many"])))
            return
        path = self.outline(step)
        for outline in (path, flipped(path)) if step.get("twice") else (path,):
            if "stitch" in step:
                stitches(self.sheet, outline, self.colour(step["stitch"]), *self.values(step.get("gauge", "")))
            elif "seam" in step:
                seam(self.sheet, outline, self.colour(step["seam"]), *self.values(step.get("gauge", "")))
            else:
                self._laid_or_marked(step, self.region(step, outline))

    def _laid_or_marked(self, step: Step, region: Region) -> None:
        if "wrap" in step:
            WRAPS[step["wrap"]](region)
        if "name" in step:
            self.regions[step["name"]] = region
        if "ink" in step:
            self.sheet.mark(region, self.colour(step["ink"]), self.number(step.get("opacity", 1.0)))
            return
        relief = relief_of(self, region, step["folds"]) if "folds" in step else None
        if "flow" in step:  # how far the folds draw the pattern along
            right, down = step["flow"]
            region.u = region.x + relief * right
            region.v = region.y + relief * down if down else region.y
        self.lay(region, step, relief)
        if "tone" in step:
            self.sheet.multiply(region, np.full_like(region.x, self.number(step["tone"])))

    def _words(self, step: Step) -> None:
        (x, y), brand = self.place(step["at"]), self.design.brand
        text = str(chosen(step.get("label") or step["write"], self.details))
        text = {"brand": brand, "BRAND": brand.upper(), "Brand": brand.lower()}.get(text, text)
        if text in self.numbers:
            text = str(self.numbers[text])
        text = text[: step.get("letters")]
        if "label" in step:
            label(
                self.sheet,
                text,
                x,
                y,
                self.number(step["width"]),
                self.colour(step["ground"]),
                self.colour(step["ink"]),
            )
        else:
            more = [self.number(step[name]) for name in ("opacity", "lean") if name in step]
            write(self.sheet, text, x, y, self.number(step["height"]), self.colour(step["ink"]), *more)


def _how_turned(turn: float) -> str:
    if turn >= 0:
        return "right"
    return "a little left" if turn > -0.3 else "left" if turn > -0.5 else "far left"


@cache
def compiled(expression: str) -> CodeType:
    """An arithmetic expression over names; anything else is refused with a ValueError."""
    tree = ast.parse(expression, mode="eval")
    for node in ast.walk(tree):
        if not isinstance(node, ARITHMETIC) or (isinstance(node, ast.Constant) and isinstance(node.value, str)):
            raise ValueError(f"{expression!r} in a drawing is more than arithmetic")
    return compile(tree, expression, "eval")


ARITHMETIC = (
    *(ast.Expression, ast.BinOp, ast.UnaryOp, ast.Call, ast.Name, ast.Load, ast.Constant, ast.Tuple),
    *(ast.operator, ast.unaryop),
)
