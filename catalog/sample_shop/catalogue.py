"""What the sample shop sells: names, prices and words that agree with what is drawn."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from zlib import crc32

import numpy as np

from catalog.sample_shop.carried import draw_backpack, draw_handbag, draw_hat, draw_watch
from catalog.sample_shop.design import Design, Pose
from catalog.sample_shop.footwear import draw_boot, draw_sneaker
from catalog.sample_shop.garments import draw_dress, draw_jacket, draw_knitwear, draw_skirt, draw_t_shirt, draw_trousers
from catalog.sample_shop.interior import draw_chair, draw_cushion
from catalog.sample_shop.materials import COMPANIONS
from catalog.sample_shop.surfaces import Sheet
from catalog.sample_shop.turned import draw_bottle, draw_lamp, draw_mug, draw_vase
from catalog.sample_shop.words import (
    Details,
    Words,
    any_pattern,
    backpack_words,
    boot_words,
    bottle_words,
    chair_words,
    cushion_words,
    dress_words,
    handbag_words,
    hat_words,
    jacket_words,
    knitwear_words,
    lamp_words,
    mug_words,
    pattern_name,
    sentence,
    settle_backpack,
    settle_boot,
    settle_chair,
    settle_cushion,
    settle_dress,
    settle_handbag,
    settle_hat,
    settle_jacket,
    settle_knitwear,
    settle_lamp,
    settle_skirt,
    settle_sneaker,
    settle_t_shirt,
    settle_trousers,
    settle_vase,
    settle_watch,
    skirt_words,
    sneaker_words,
    t_shirt_words,
    trousers_words,
    vase_words,
    watch_words,
    with_article,
)

PER_CATEGORY = 8
CURRENCY = "EUR"
TWO_INKS = frozenset(  # the patterns that show the accent too
    {"block stripe", "tartan", "confetti", "floral", "sprig", "chevron"}
    | {"triangle", "terrazzo", "scallop", "wave", "fair isle", "star"}
)


@dataclass(frozen=True)
class Range:
    """One category: what its products may look like, and how they are spoken of."""

    category: str
    department: str
    code: str
    draw: Callable[[Design, Pose, int], Sheet]
    scene: str  # where its products are at home: hung, plinth, table, room or sofa
    prices: tuple[int, int]
    brands: tuple[str, ...]
    grounds: tuple[str, ...]
    patterns: tuple[str, ...]
    options: dict[str, tuple[str, ...]]
    words: Callable[[Design], Words]
    told: tuple[str, ...]  # the details that become attributes
    settle: Callable[[Details, str], str] = any_pattern

    @property
    def stands(self) -> bool:
        """Upright on a surface, rather than laid flat."""
        return self.scene in ("table", "room", "plinth")


@dataclass(frozen=True)
class SampleProduct:
    sku: str
    title: str
    range: Range
    design: Design
    price: str
    description: str
    attributes: dict[str, str]


NAMES = (
    "Alba",
    "Arden",
    "Aster",
    "Birk",
    "Brisa",
    "Calla",
    "Cedro",
    "Clove",
    "Dune",
    "Elba",
    "Ember",
    "Faro",
    "Fjord",
    "Flint",
    "Gale",
    "Halden",
    "Hazel",
    "Iris",
    "Isla",
    "Juno",
    "Kelda",
    "Lark",
    "Linden",
    "Lumi",
    "Luna",
    "Maren",
    "Marlo",
    "Mesa",
    "Mira",
    "Nell",
    "Nova",
    "Oslo",
    "Otis",
    "Palma",
    "Pilar",
    "Quill",
    "Remy",
    "Rhea",
    "Rowan",
    "Sable",
    "Senna",
    "Skye",
    "Sol",
    "Tarn",
    "Tilda",
    "Umbra",
    "Vale",
    "Vega",
    "Wren",
    "Yara",
    "Zora",
)


CLOTHES = ("Norrby", "Fennel", "Maison Ode", "Talvi", "Harrow", "Lumo")
GOODS = ("Oru", "Kivi", "Brae", "Salt Hill", "Fennel", "Lumo")
LEATHER = ("Harrow", "Marlowe", "Norrby", "Brae", "Maison Ode")


def products(seed: int = 0) -> list[SampleProduct]:
    """Every product of the shop, in the order of its catalogue; the same for the same seed."""
    return [product for one in RANGES for product in _products_of(one, seed)]


def _products_of(one: Range, seed: int) -> list[SampleProduct]:
    rng = np.random.default_rng([seed, crc32(one.category.encode())])
    grounds, patterns = _deal(rng, one.grounds), _deal(rng, one.patterns)
    choices = {detail: _deal(rng, options) for detail, options in one.options.items()}
    brands, names = _deal(rng, one.brands), _deal(rng, tuple(NAMES))
    made = []
    for k in range(PER_CATEGORY):
        details = {detail: dealt[k] for detail, dealt in choices.items()}
        pattern = one.settle(details, patterns[k])
        sku = f"{one.code}-{101 + k}"
        figure, accent = COMPANIONS[grounds[k]]
        design = Design(
            one.code, brands[k], (grounds[k], figure, accent), pattern, details, crc32(f"{seed} {sku}".encode())
        )
        low, high = one.prices
        price = int(rng.integers(low, high)) + (0.9, 0.95, 0.0, 0.5)[int(rng.integers(4))]
        made.append(_in_words(sku, names[k], f"{price:.2f}", one, design))
    return made


def _deal(rng: np.random.Generator, options: tuple[str, ...]) -> list[str]:
    """PER_CATEGORY draws that use every option about equally often."""
    dealt: list[str] = []
    while len(dealt) < PER_CATEGORY:
        dealt += [options[int(k)] for k in rng.permutation(len(options))]
    return dealt[:PER_CATEGORY]


def _in_words(sku: str, name: str, price: str, one: Range, design: Design) -> SampleProduct:
    words = one.words(design)
    ground, figure, accent = design.colours
    look = ground.capitalize() if design.pattern == "plain" else pattern_name(design.pattern)
    title = f"{name} {look.title()} {words.noun}"
    if design.pattern == "plain":
        colours = f"Made in {ground}, with touches of {accent}."
    else:
        inks = f"{figure} and {accent}" if design.pattern in TWO_INKS else figure
        colours = f"{sentence(with_article(pattern_name(design.pattern)))} pattern in {inks} on {ground}."
    attributes = {"colour": ground, "pattern": design.pattern, "material": words.material}
    attributes |= {detail: design[detail] for detail in one.told if design[detail] != "none"}
    description = f"{words.opening} {colours} {words.closing}"
    return SampleProduct(sku, title, one, design, price, description, attributes)


BRIGHT = (
    "ecru",
    "navy",
    "sage",
    "coral",
    "sky blue",
    "mustard",
    "forest green",
    "blush",
    "black",
    "terracotta",
    "lilac",
    "chalk",
)
DEEP = (
    "navy",
    "camel",
    "forest green",
    "burgundy",
    "charcoal",
    "mustard",
    "teal",
    "rust",
    "oat",
    "olive",
    "cobalt",
    "dove grey",
)
HIDES = (
    "tan",
    "black",
    "chestnut",
    "burgundy",
    "forest green",
    "camel",
    "ecru",
    "navy",
    "blush",
    "olive",
    "tomato red",
    "teal",
)
WALLS = ("chalk", "terracotta", "sage", "navy", "blush", "mustard", "teal", "lilac", "cobalt", "ecru", "coral", "mint")

RANGES: tuple[Range, ...] = (
    Range(
        "T-shirts",
        "Clothing",
        "TEE",
        draw_t_shirt,
        "hung",
        (19, 45),
        CLOTHES,
        BRIGHT,
        ("breton stripe", "plain", "plain", "polka dot", "block stripe", "plain", "floral", "wave"),
        {
            "neckline": ("crew", "V-neck", "scoop", "polo", "boat"),
            "sleeves": ("short", "cap", "three-quarter", "short", "sleeveless"),
            "fit": ("regular", "boxy", "long"),
            "trim": ("none", "contrast", "raglan"),
            "print": ("none", "sunset", "mountain", "pocket", "wave", "leaf", "moon", "wordmark"),
        },
        t_shirt_words,
        ("neckline", "sleeves", "fit", "print"),
        settle_t_shirt,
    ),
    Range(
        "Knitwear",
        "Clothing",
        "KNI",
        draw_knitwear,
        "hung",
        (49, 129),
        CLOTHES,
        (*DEEP, "ecru", "coral"),
        ("fair isle", "breton stripe", "plain", "chevron", "block stripe"),
        {
            "neckline": ("crew", "V-neck", "roll neck", "cardigan"),
            "stitch": ("stocking stitch", "cable", "stocking stitch", "rib"),
            "trim": ("none", "contrast"),
        },
        knitwear_words,
        ("neckline", "stitch"),
        settle_knitwear,
    ),
    Range(
        "Jackets",
        "Clothing",
        "JAC",
        draw_jacket,
        "hung",
        (89, 249),
        CLOTHES,
        (*DEEP, "denim blue", "tomato red"),
        ("windowpane", "houndstooth", "tartan", "plain"),
        {"style": ("denim", "bomber", "puffer", "blazer", "parka", "chore")},
        jacket_words,
        ("style",),
        settle_jacket,
    ),
    Range(
        "Dresses",
        "Clothing",
        "DRE",
        draw_dress,
        "hung",
        (59, 159),
        CLOTHES,
        (*BRIGHT, "teal", "tomato red", "cobalt"),
        ("floral", "polka dot", "gingham", "leopard", "sprig", "plain", "wave", "pinstripe"),
        {
            "shape": ("A-line", "tiered", "wrap", "shift"),
            "length": ("mini", "midi", "maxi"),
            "sleeves": ("strap", "short", "puff", "long"),
            "neckline": ("round", "V-neck", "collar"),
        },
        dress_words,
        ("shape", "length", "sleeves", "neckline"),
        settle_dress,
    ),
    Range(
        "Trousers",
        "Clothing",
        "TRO",
        draw_trousers,
        "hung",
        (45, 119),
        CLOTHES,
        (*DEEP, "denim blue", "ecru"),
        ("windowpane", "pinstripe", "tartan", "houndstooth", "plain", "herringbone"),
        {
            "cut": ("slim", "straight", "wide", "flared", "cropped"),
            "fabric": ("denim", "wool", "linen", "corduroy", "cotton"),
            "waist": ("button", "drawstring", "belt"),
        },
        trousers_words,
        ("cut", "waist"),
        settle_trousers,
    ),
    Range(
        "Skirts",
        "Clothing",
        "SKI",
        draw_skirt,
        "hung",
        (35, 99),
        CLOTHES,
        (*BRIGHT, "burgundy", "teal", "rust"),
        ("tartan", "sprig", "polka dot", "plain", "floral", "gingham", "leopard", "scallop"),
        {
            "shape": ("pleated", "A-line", "wrap", "gathered", "pencil"),
            "length": ("mini", "knee", "midi"),
            "fabric": ("cotton", "wool", "satin", "denim", "cotton", "corduroy"),
        },
        skirt_words,
        ("shape", "length"),
        settle_skirt,
    ),
    Range(
        "Sneakers",
        "Shoes",
        "SNE",
        draw_sneaker,
        "plinth",
        (59, 139),
        ("Talvi", "Lumo", "Harrow", "Norrby"),
        ("chalk", "navy", "sage", "coral", "mustard", "black", "sky blue", "ecru", "lilac", "forest green"),
        ("gingham", "plain", "floral", "leopard", "star", "chevron"),
        {
            "style": ("court", "runner", "high-top", "slip-on", "skate"),
            "upper": ("leather", "suede", "canvas"),
            "sole": ("low", "medium"),
            "toe": ("cap", "mudguard", "none"),
            "side mark": ("two bars", "wave", "zigzag", "ring"),
            "laces": ("white", "accent"),
            "sole colour": ("white", "gum", "colour", "black"),
        },
        sneaker_words,
        ("style", "sole", "laces"),
        settle_sneaker,
    ),
    Range(
        "Boots",
        "Shoes",
        "BOO",
        draw_boot,
        "plinth",
        (89, 219),
        LEATHER,
        HIDES,
        ("floral", "polka dot", "wave"),
        {
            "style": ("chelsea", "hiking", "ankle", "knee", "rain", "western", "desert", "fur-lined"),
            "upper": ("leather", "suede"),
            "heel": ("block", "stacked", "flat"),
            "pull tab": ("yes", "no"),
            "sole colour": ("black", "gum", "wood", "colour"),
        },
        boot_words,
        ("style", "heel"),
        settle_boot,
    ),
    Range(
        "Handbags",
        "Bags",
        "BAG",
        draw_handbag,
        "plinth",
        (69, 289),
        LEATHER,
        HIDES,
        ("block stripe", "sprig", "houndstooth", "terrazzo", "chevron"),
        {
            "style": ("tote", "bucket", "satchel", "crossbody", "hobo", "top-handle", "basket"),
            "material": ("leather", "canvas", "suede", "leather"),
            "hardware": ("gold", "silver", "rose gold", "black"),
            "strap": ("chain", "leather"),
            "trim": ("contrast", "same"),
            "clasp": ("ring", "bar", "twist", "kiss"),
            "logo": ("stamped", "patch"),
        },
        handbag_words,
        ("style", "hardware"),
        settle_handbag,
    ),
    Range(
        "Backpacks",
        "Bags",
        "PAC",
        draw_backpack,
        "plinth",
        (59, 169),
        ("Brae", "Talvi", "Harrow", "Norrby"),
        (*DEEP, "coral", "mint"),
        ("tartan", "wave", "triangle", "plain", "terrazzo", "houndstooth"),
        {
            "style": ("classic", "square", "rolltop", "drawstring", "flap"),
            "material": ("nylon", "canvas", "leather", "canvas", "corduroy"),
            "hardware": ("silver", "gold", "black"),
            "trim": ("contrast", "same"),
            "pocket": ("round", "square", "two"),
        },
        backpack_words,
        ("style", "pocket"),
        settle_backpack,
    ),
    Range(
        "Hats",
        "Accessories",
        "HAT",
        draw_hat,
        "plinth",
        (25, 89),
        CLOTHES,
        (*DEEP, "coral", "sage", "blush"),
        ("gingham", "houndstooth", "plain", "floral", "breton stripe", "leopard"),
        {
            "style": ("cap", "beanie", "beret", "bucket", "fedora", "sun", "boater"),
            "material": ("cotton", "wool", "felt", "corduroy"),
            "trim": ("contrast", "same"),
            "top": ("trimmed", "bare"),
            "badge": ("round", "label", "word"),
        },
        hat_words,
        ("style",),
        settle_hat,
    ),
    Range(
        "Watches",
        "Accessories",
        "WAT",
        draw_watch,
        "flat",
        (79, 289),
        ("Marlowe", "Kivi", "Oru", "Harrow"),
        HIDES,
        ("plain",),
        {
            "shape": ("round", "square", "rectangular", "cushion", "octagonal", "round"),
            "case": ("gold", "silver", "rose gold", "black"),
            "strap": ("leather", "steel links", "nylon", "mesh", "suede", "silicone"),
            "dial": ("white", "black", "colour", "cream"),
            "markers": ("bars", "numerals", "dots", "quarters"),
            "complication": ("none", "date", "chronograph", "moon"),
        },
        watch_words,
        ("shape", "case", "strap", "dial", "complication"),
        settle_watch,
    ),
    Range(
        "Mugs",
        "Kitchen",
        "MUG",
        draw_mug,
        "table",
        (12, 29),
        GOODS,
        WALLS,
        ("plain", "floral", "breton stripe", "terrazzo", "plain", "chevron", "scallop", "polka dot"),
        {
            "shape": ("straight", "rounded", "tapered", "footed", "tall", "enamel"),
            "handle": ("C", "D", "ring", "ear"),
            "handle colour": ("same", "contrast"),
            "glaze": ("gloss", "speckled", "dipped", "matt"),
            "emblem": ("sun", "rings", "heart", "leaf", "fish", "bars"),
        },
        mug_words,
        ("shape", "handle", "glaze"),
    ),
    Range(
        "Bottles",
        "Kitchen",
        "BOT",
        draw_bottle,
        "table",
        (19, 45),
        GOODS,
        (*WALLS, "black", "sky blue"),
        ("plain", "sprig", "wave", "plain", "triangle", "confetti", "plain", "star"),
        {
            "shape": ("classic", "slim", "wide-mouth", "tapered"),
            "cap": ("bamboo", "steel", "loop", "sport"),
            "finish": ("gloss", "powder-coated"),
            "base": ("none", "steel", "contrast"),
            "grip": ("none", "band"),
            "emblem": ("sun", "rings", "heart", "leaf", "fish", "bars"),
        },
        bottle_words,
        ("shape", "cap", "finish"),
    ),
    Range(
        "Vases",
        "Home",
        "VAS",
        draw_vase,
        "table",
        (25, 119),
        GOODS,
        WALLS,
        ("plain", "wave", "breton stripe", "sprig", "scallop", "plain", "terrazzo", "triangle"),
        {
            "shape": ("bottle", "amphora", "cylinder", "sphere", "gourd", "trumpet", "ridged", "facet"),
            "handles": ("none", "two", "none", "one"),
            "finish": ("gloss", "speckled", "matt", "raw"),
            "band": ("none", "base", "neck", "belt"),
        },
        vase_words,
        ("shape", "finish", "handles"),
        settle_vase,
    ),
    Range(
        "Lamps",
        "Home",
        "LAM",
        draw_lamp,
        "table",
        (49, 189),
        GOODS,
        WALLS,
        ("plain", "gingham", "sprig", "plain", "block stripe", "floral", "scallop"),
        {
            "base": ("column", "gourd", "sphere", "cone", "candlestick", "tripod"),
            "base material": ("brass", "ceramic", "oak", "marble", "walnut", "black metal"),
            "shade": ("drum", "empire", "coolie", "dome", "bell", "globe"),
            "shade finish": ("plain", "pleated", "trimmed", "fringed"),
        },
        lamp_words,
        ("base", "shade", "shade finish"),
        settle_lamp,
    ),
    Range(
        "Cushions",
        "Home",
        "CUS",
        draw_cushion,
        "sofa",
        (22, 69),
        GOODS,
        (*WALLS, "rust", "oat"),
        ("floral", "triangle", "breton stripe", "plain", "leopard", "scallop", "tartan", "terrazzo"),
        {
            "shape": ("square", "oblong", "round", "square"),
            "fabric": ("linen", "velvet", "cotton", "linen", "boucle", "knit"),
            "edge": ("piping", "tassels", "fringe", "none"),
            "detail": ("none", "none", "panel", "button"),
        },
        cushion_words,
        ("shape", "edge"),
        settle_cushion,
    ),
    Range(
        "Chairs",
        "Furniture",
        "CHA",
        draw_chair,
        "room",
        (89, 489),
        GOODS,
        (*WALLS, "rust", "oat"),
        ("plain", "herringbone", "houndstooth", "floral", "sprig"),
        {
            "style": ("spindle", "ladder", "shell", "dining", "armchair", "lounge", "stool", "bistro", "slat"),
            "frame": ("oak", "walnut", "black-stained", "ash", "painted", "brass", "black metal"),
            "seat": ("linen", "velvet", "wood", "boucle", "leather", "cane"),
            "legs": ("tapered", "straight", "splayed", "hairpin"),
            "bars": ("3", "4", "5"),
            "back": ("round", "square", "soft"),
            "detail": ("none", "piped", "channels", "tufted"),
            "feet": ("capped", "plain"),
        },
        chair_words,
        ("style", "legs"),
        settle_chair,
    ),
)
