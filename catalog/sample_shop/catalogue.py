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

PER_CATEGORY = 8
CURRENCY = "EUR"
TWO_INKS = frozenset(  # the patterns that show the accent too
    {"block stripe", "tartan", "confetti", "floral", "sprig", "chevron"}
    | {"triangle", "terrazzo", "scallop", "wave", "fair isle", "star"}
)

Details = dict[str, str]


def _any_pattern(details: Details, pattern: str) -> str:
    return pattern


@dataclass(frozen=True)
class Words:
    """noun ends the title; opening and closing are sentences of the description."""

    noun: str
    opening: str
    closing: str
    material: str


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
    settle: Callable[[Details, str], str] = _any_pattern

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
    look = ground.capitalize() if design.pattern == "plain" else _pattern_name(design.pattern)
    title = f"{name} {look.title()} {words.noun}"
    if design.pattern == "plain":
        colours = f"Made in {ground}, with touches of {accent}."
    else:
        inks = f"{figure} and {accent}" if design.pattern in TWO_INKS else figure
        colours = f"{_sentence(_article(_pattern_name(design.pattern)))} pattern in {inks} on {ground}."
    attributes = {"colour": ground, "pattern": design.pattern, "material": words.material}
    attributes |= {detail: design[detail] for detail in one.told if design[detail] != "none"}
    description = f"{words.opening} {colours} {words.closing}"
    return SampleProduct(sku, title, one, design, price, description, attributes)


def _pattern_name(pattern: str) -> str:
    return {"fair isle": "Fair Isle", "polka dot": "polka-dot", "breton stripe": "Breton-stripe"}.get(pattern, pattern)


def _sentence(words: str) -> str:
    return words[0].upper() + words[1:]


def _article(word: str) -> str:
    return f"an {word}" if word[0].lower() in "aeiou" else f"a {word}"


# Clothing


def _t_shirt(d: Design) -> Words:
    neck = d["neckline"] if d["neckline"] == "V-neck" else f"{d['neckline']}-neck"
    noun = "Polo Shirt" if d["neckline"] == "polo" else f"{neck.title()} Tee"
    sleeves = "without sleeves" if d["sleeves"] == "sleeveless" else f"with {d['sleeves']} sleeves"
    printed = {"none": "", "pocket": " and a chest pocket", "wordmark": " and our name across the chest"}
    extra = printed.get(d["print"], f" and {_article(d['print'])} print")
    shape = "polo shirt" if d["neckline"] == "polo" else f"{neck} T-shirt"
    return Words(
        noun,
        f"{_sentence(_article(d['fit']))} {shape} {sleeves}{extra}.",
        "Soft combed cotton that keeps its shape; machine wash at 30 °C.",
        "cotton",
    )


def _settle_t_shirt(details: Details, pattern: str) -> str:
    if details["print"] not in ("none", "pocket"):
        pattern = "plain"
    if details["sleeves"] == "sleeveless" and details["trim"] == "raglan":
        details["trim"] = "contrast"
    if details["neckline"] == "polo" and details["sleeves"] == "sleeveless":
        details["sleeves"] = "short"
    return pattern


def _knitwear(d: Design) -> Words:
    kind = "cardigan" if d["neckline"] == "cardigan" else "jumper"
    neck = d["neckline"] if d["neckline"] == "V-neck" else f"{d['neckline']}-neck"
    opening = {"cardigan": "A buttoned cardigan", "roll neck": "A roll-neck jumper"}.get(
        d["neckline"], f"{_sentence(_article(neck))} jumper"
    )
    noun = {"cardigan": "Cardigan", "roll neck": "Roll-Neck Jumper"}.get(d["neckline"], "Jumper")
    stitch = {"cable": "Cable-Knit ", "rib": "Ribbed "}.get(d["stitch"], "")
    trim = ", cuffs and hem in a second colour" if d["trim"] == "contrast" else ""
    return Words(
        stitch + noun,
        f"{opening} in {d['stitch']}{trim}.",
        f"Warm lambswool; wash the {kind} by hand and dry it flat.",
        "lambswool",
    )


def _settle_knitwear(details: Details, pattern: str) -> str:
    return "plain" if details["stitch"] != "stocking stitch" else pattern


def _jacket(d: Design) -> Words:
    style = d["style"]
    kind = {
        "denim": "Denim Jacket",
        "bomber": "Bomber Jacket",
        "puffer": "Puffer Jacket",
        "blazer": "Blazer",
        "parka": "Parka",
        "chore": "Chore Jacket",
    }[style]
    opening = {
        "denim": "A trucker jacket with two flap pockets, metal buttons and contrast stitching.",
        "bomber": "A zipped bomber with ribbed collar, cuffs and hem.",
        "puffer": "A quilted jacket with a stand-up collar and a metal zip.",
        "blazer": "A two-button blazer with notched lapels and piped pockets.",
        "parka": "A long zipped parka with a fleece-edged hood and two flap pockets.",
        "chore": "A workwear jacket with three patch pockets and a buttoned front.",
    }[style]
    material = {
        "denim": "cotton denim",
        "bomber": "nylon",
        "puffer": "recycled polyester",
        "blazer": "wool blend",
        "parka": "waxed cotton",
        "chore": "cotton twill",
    }[style]
    return Words(kind, opening, f"The shell is {material}, lined for layering.", material)


def _settle_jacket(details: Details, pattern: str) -> str:
    return pattern if details["style"] in ("blazer", "bomber") else "plain"


def _dress(d: Design) -> Words:
    sleeves = {"strap": "thin straps", "short": "short sleeves", "puff": "puff sleeves", "long": "long sleeves"}[
        d["sleeves"]
    ]
    neck = (
        ""
        if d["sleeves"] == "strap"
        else {"round": ", a round neck", "V-neck": ", a V-neck", "collar": ", a contrast collar"}[d["neckline"]]
    )
    shape = {"A-line": "A-Line", "wrap": "Wrap", "tiered": "Tiered", "shift": "Shift"}[d["shape"]]
    waist = "" if d["shape"] == "shift" else " and a belt at the waist"
    return Words(
        f"{shape} {d['length'].title()} Dress",
        f"{_sentence(_article(d['length']))} dress in {_article(d['shape'])} cut with {sleeves}{neck}{waist}.",
        "Light viscose that moves well and hardly creases.",
        "viscose",
    )


def _settle_dress(details: Details, pattern: str) -> str:
    if details["sleeves"] == "strap" or (details["neckline"] == "collar" and details["shape"] == "wrap"):
        details["neckline"] = "round"
    return pattern


def _trousers(d: Design) -> Words:
    kind = {
        "denim": "Jeans",
        "corduroy": "Corduroys",
        "wool": "Trousers",
        "linen": "Linen Trousers",
        "cotton": "Chinos",
    }[d["fabric"]]
    waist = {
        "button": "a buttoned waistband with belt loops",
        "drawstring": "an elastic waist with a drawstring",
        "belt": "a waistband worn with a brown leather belt",
    }[d["waist"]]
    return Words(
        f"{d['cut'].title()} {kind}",
        f"{_sentence(_article(d['cut']))}-leg pair in {d['fabric']}, with {waist}.",
        "Two slanted pockets in front, and room to move.",
        d["fabric"],
    )


def _settle_trousers(details: Details, pattern: str) -> str:
    return pattern if details["fabric"] in ("wool", "linen", "cotton") else "plain"


def _skirt(d: Design) -> Words:
    shape = d["shape"]
    extra = {
        "pleated": "sharp knife pleats",
        "A-line": "an easy flare",
        "pencil": "a narrow line",
        "wrap": "a tie at the waist",
        "gathered": "soft gathers and a contrast waistband",
    }[shape]
    return Words(
        f"{shape.title()} {d['length'].title()} Skirt",
        f"{_sentence(_article(shape))} skirt of {d['length']} length with {extra}.",
        f"Cut from {d['fabric']}, with a fitted waistband.",
        d["fabric"],
    )


def _settle_skirt(details: Details, pattern: str) -> str:
    if details["fabric"] in ("denim", "corduroy"):
        details["shape"] = "A-line" if details["shape"] not in ("A-line", "pencil") else details["shape"]
    return pattern if details["fabric"] in ("cotton", "wool", "satin") else "plain"


# Shoes


def _sneaker(d: Design) -> Words:
    kind = {
        "court": "Court Sneakers",
        "runner": "Runners",
        "high-top": "High-Tops",
        "slip-on": "Slip-Ons",
        "skate": "Skate Shoes",
    }[d["style"]]
    sole = {"white": "a white", "gum": "a gum", "black": "a black", "colour": "a coloured"}[d["sole colour"]]
    fastening = (
        "elastic at the side and no laces"
        if d["style"] == "slip-on"
        else "white laces"
        if d["laces"] == "white"
        else "coloured laces"
    )
    mark = (
        ""
        if d["side mark"] == "none"
        else f", {'two bars' if d['side mark'] == 'two bars' else _article(d['side mark'])} on the side"
    )
    height = {"low": "flat", "medium": "cushioned", "chunky": "chunky"}[d["sole"]]
    return Words(
        kind,
        f"{_sentence(_article(d['upper']))} upper on {sole}, {height} sole, with {fastening}{mark}.",
        "The insole comes out, so it can be aired or swapped.",
        d["upper"],
    )


def _settle_sneaker(details: Details, pattern: str) -> str:
    details["sole"] = {"runner": "chunky", "court": "low", "slip-on": "low"}.get(details["style"], details["sole"])
    if details["style"] == "slip-on":
        details["upper"], details["toe"], details["side mark"] = "canvas", "none", "none"
        return pattern if pattern != "plain" else "gingham"
    if details["style"] == "runner":
        details["upper"], details["toe"] = "mesh", "mudguard"
    return pattern if details["upper"] == "canvas" and details["style"] != "court" else "plain"


def _boot(d: Design) -> Words:
    kind = {
        "chelsea": "Chelsea Boots",
        "hiking": "Hiking Boots",
        "ankle": "Ankle Boots",
        "knee": "Knee-High Boots",
        "rain": "Rain Boots",
        "western": "Western Boots",
        "desert": "Desert Boots",
        "fur-lined": "Fleece-Lined Boots",
    }[d["style"]]
    feature = {
        "chelsea": "elastic panels at the sides",
        "hiking": "laces through metal eyelets and a padded collar",
        "ankle": "a side zip and a buckled strap",
        "knee": "a tall shaft and a buckled strap at the top",
        "rain": "a contrast top band and a strap",
        "western": "stitched scrolls on the shaft",
        "desert": "three pairs of eyelets and a contrast lace panel",
        "fur-lined": "a thick fleece cuff",
    }[d["style"]]
    heel = {"flat": "a flat heel", "block": "a block heel", "stacked": "a stacked heel", "lug": "a deep lug sole"}[
        d["heel"]
    ]
    return Words(
        kind,
        f"Boots in {d['upper']} with {feature} and {heel}.",
        "Waterproof and easy to wipe clean."
        if d["upper"] == "rubber"
        else "Welted, so that a cobbler can put on a new sole.",
        d["upper"],
    )


def _settle_boot(details: Details, pattern: str) -> str:
    style = details["style"]
    if style == "rain":
        details["upper"], details["heel"] = "rubber", "flat"
        return pattern
    if style in ("hiking", "fur-lined"):
        details["heel"] = "lug"
    if style in ("western", "chelsea"):
        details["heel"] = "stacked"
    if style == "western":
        details["upper"], details["pull tab"] = "leather", "no"
    if style == "hiking":
        details["pull tab"] = "no"
    return "plain"


# Bags and accessories


def _handbag(d: Design) -> Words:
    kind = {
        "tote": "Tote",
        "bucket": "Bucket Bag",
        "satchel": "Satchel",
        "crossbody": "Crossbody Bag",
        "hobo": "Hobo Bag",
        "top-handle": "Top-Handle Bag",
        "basket": "Basket Bag",
    }[d["style"]]
    closing = {
        "tote": "two handles and an open top",
        "bucket": "a drawstring through metal eyelets",
        "satchel": "two buckled straps over its flap",
        "crossbody": f"{'a chain strap' if d['strap'] == 'chain' else 'a long strap'} and {_article(d['clasp'])} clasp",
        "hobo": "a zip along the top and a tassel",
        "top-handle": f"a short handle and {_article(d['clasp'])} clasp",
        "basket": "two handles and an open top",
    }[d["style"]]
    return Words(
        kind,
        f"{_sentence(_article(d['material']))} {kind.lower()} with {closing}; the hardware is {d['hardware']}.",
        "It holds a book, a bottle and the day's small things.",
        d["material"],
    )


def _settle_handbag(details: Details, pattern: str) -> str:
    if details["style"] == "basket":
        details["material"] = "raffia"
    elif details["material"] == "raffia":
        details["material"] = "canvas"
    if details["style"] != "crossbody":
        details["strap"] = "leather"
    return pattern if details["material"] == "canvas" else "plain"


def _backpack(d: Design) -> Words:
    kind = {
        "classic": "Backpack",
        "square": "Square Backpack",
        "rolltop": "Roll-Top Backpack",
        "drawstring": "Drawstring Backpack",
        "flap": "Flap Backpack",
    }[d["style"]]
    top = {
        "classic": "a zip around the top",
        "square": "a zip around its straight top",
        "rolltop": "a roll top held by a buckle",
        "drawstring": "a drawstring under a buckled flap",
        "flap": "a flap with two buckles",
    }[d["style"]]
    pocket = {"round": "a rounded front pocket", "square": "a square front pocket", "two": "two front pockets"}[
        d["pocket"]
    ]
    return Words(
        kind,
        f"{_sentence(_article(d['material']))} backpack with {top} and {pocket}.",
        "A padded sleeve inside takes a 14-inch laptop.",
        d["material"],
    )


def _settle_backpack(details: Details, pattern: str) -> str:
    return pattern if details["material"] in ("nylon", "canvas") else "plain"


def _hat(d: Design) -> Words:
    kind = {
        "cap": "Baseball Cap",
        "beanie": "Beanie",
        "beret": "Beret",
        "bucket": "Bucket Hat",
        "fedora": "Fedora",
        "sun": "Sun Hat",
        "boater": "Boater",
    }[d["style"]]
    bow = d["top"] == "trimmed"
    feature = {
        "cap": "six panels and a stitched peak",
        "beanie": "a turned-up cuff and a pompom" if bow else "a turned-up cuff",
        "beret": "a ribbed band",
        "bucket": "a stitched brim",
        "fedora": "a pinched crown and a ribbon with a bow" if bow else "a pinched crown and a ribbon",
        "sun": "a wide brim and a ribbon with a bow" if bow else "a wide brim and a ribbon",
        "boater": "a flat crown and a ribbon with a bow" if bow else "a flat crown and a ribbon",
    }[d["style"]]
    return Words(
        kind,
        f"{_sentence(_article(d['material']))} {kind.lower()} with {feature}.",
        "One size, with a soft band inside.",
        d["material"],
    )


def _settle_hat(details: Details, pattern: str) -> str:
    allowed = {
        "cap": ("cotton", "corduroy"),
        "beanie": ("knit",),
        "beret": ("wool", "felt"),
        "bucket": ("cotton", "corduroy"),
        "fedora": ("felt", "wool"),
        "sun": ("straw",),
        "boater": ("straw",),
    }[details["style"]]
    if details["material"] not in allowed:
        details["material"] = allowed[0]
    return pattern if details["material"] in ("cotton", "knit") else "plain"


def _settle_watch(details: Details, pattern: str) -> str:
    if details["strap"] in ("steel links", "mesh"):
        details["dial"] = "colour"  # the one part left to carry the watch's colour
    return "plain"


def _watch(d: Design) -> Words:
    extra = {
        "none": "",
        "date": " and a date window",
        "chronograph": " and three small dials",
        "moon": " and a moon phase",
    }[d["complication"]]
    kind = {"none": "Watch", "date": "Date Watch", "chronograph": "Chronograph", "moon": "Moon-Phase Watch"}[
        d["complication"]
    ]
    dial = "a coloured" if d["dial"] == "colour" else _article(d["dial"])
    strap = {"steel links": "a steel link bracelet", "mesh": "a mesh bracelet"}.get(
        d["strap"], f"{_article(d['strap'])} strap"
    )
    return Words(
        f"{d['shape'].title()} {kind}",
        f"{_sentence(_article(d['shape']))} case in {d['case']} with {dial} dial, {d['markers']} for the hours{extra}, "
        f"on {strap}.",
        "Quartz movement, mineral glass, water-resistant to 3 bar.",
        f"steel, {d['strap']}",
    )


# Kitchen and home


def _mug(d: Design) -> Words:
    shape = d["shape"]
    glaze = {
        "gloss": "a glossy glaze",
        "speckled": "a speckled glaze",
        "dipped": "a base dipped in a second colour",
        "matt": "a matt glaze",
    }[d["glaze"]]
    handle = f"{_article(d['handle'])}-shaped handle" + (
        " in a second colour" if d["handle colour"] == "contrast" else ""
    )
    emblem = (
        f" and {'' if d['emblem'] in ('bars', 'rings') else 'a '}{d['emblem']} on its side"
        if d.pattern == "plain" and d["glaze"] != "dipped"
        else ""
    )
    material = "enamelled steel" if shape == "enamel" else "stoneware"
    return Words(
        f"{shape.title()} Mug",
        f"{_sentence(_article(shape))} mug with {glaze}, {handle}{emblem}.",
        "Holds 320 ml; safe in the dishwasher.",
        material,
    )


def _vase(d: Design) -> Words:
    shape = {
        "bottle": "Bottle",
        "amphora": "Amphora",
        "cylinder": "Cylinder",
        "sphere": "Round",
        "gourd": "Gourd",
        "trumpet": "Trumpet",
        "ridged": "Ridged",
        "facet": "Faceted",
    }[d["shape"]]
    finish = {
        "gloss": "a glossy glaze",
        "speckled": "a speckled glaze",
        "matt": "a matt finish",
        "raw": "a raw, unglazed finish",
    }[d["finish"]]
    handles = {"none": "", "one": ", one handle", "two": ", two handles"}[d["handles"]]
    band = {"none": "", "base": " and a contrast base", "neck": " and a contrast neck", "belt": " and a contrast band"}[
        d["band"]
    ]
    return Words(
        f"{shape} Vase",
        f"{_sentence(_article(shape.lower()))} vase with {finish}{handles}{band}.",
        "Thrown and painted by hand; watertight for fresh flowers.",
        "earthenware" if d["finish"] == "raw" else "stoneware",
    )


def _settle_vase(details: Details, pattern: str) -> str:
    if details["shape"] in ("cylinder", "facet", "trumpet"):
        details["handles"] = "none"
    return "plain" if details["shape"] in ("ridged", "facet") else pattern


def _lamp(d: Design) -> Words:
    shade = d["shade"]
    finish = {"plain": "", "pleated": "pleated ", "trimmed": "trimmed ", "fringed": "fringed "}[d["shade finish"]]
    base = "three-legged" if d["base"] == "tripod" else d["base"]
    return Words(
        f"{shade.title()}-Shade Table Lamp",
        f"A table lamp with {_article(finish + shade)} shade on {_article(base)} base of {d['base material']}.",
        "Takes an E14 bulb; the switch is on the cord.",
        d["base material"],
    )


def _settle_lamp(details: Details, pattern: str) -> str:
    if details["base"] == "tripod" and details["base material"] not in ("oak", "walnut", "ash", "black metal", "brass"):
        details["base material"] = "oak"
    if details["shade"] == "globe":
        details["shade finish"] = "plain"
    return pattern


def _cushion(d: Design) -> Words:
    edge = {
        "piping": "piped edges",
        "tassels": "a tassel at each corner",
        "fringe": "fringed sides",
        "none": "plain edges",
    }[d["edge"]]
    detail = {"none": "", "button": " and a button in the middle", "panel": " and a contrast panel at each side"}[
        d["detail"]
    ]
    size = {"square": "50 x 50 cm", "oblong": "60 x 37 cm", "round": "45 cm across"}[d["shape"]]
    return Words(
        f"{d['shape'].title()} {d['fabric'].title()} Cushion",
        f"{_sentence(_article(d['shape']))} cushion in {d['fabric']} with {edge}{detail}.",
        f"{size[0].upper() + size[1:]}; the cover comes off for washing.",
        d["fabric"],
    )


def _settle_cushion(details: Details, pattern: str) -> str:
    if details["shape"] == "round":
        details["detail"] = "button"
        details["edge"] = details["edge"] if details["edge"] != "tassels" else "fringe"
    if details["fabric"] in ("knit", "boucle"):
        return "plain"
    return pattern


def _bottle(d: Design) -> Words:
    cap = {"bamboo": "a bamboo cap", "steel": "a steel cap", "loop": "a carrying loop", "sport": "a sport spout"}[
        d["cap"]
    ]
    grip = " and a ribbed grip" if d["grip"] == "band" else ""
    base = {"none": "", "steel": " on a steel base", "contrast": " on a coloured base"}[d["base"]]
    return Words(
        f"{d['shape'].title()} Bottle",
        f"{_sentence(_article(d['shape']))} steel bottle with a {d['finish']} finish{base}, {cap}{grip}.",
        "Double-walled: 24 hours cold, 12 hours hot.",
        "stainless steel",
    )


def _chair(d: Design) -> Words:
    kind = {
        "spindle": "Spindle-Back Chair",
        "ladder": "Ladder-Back Chair",
        "slat": "Slat-Back Chair",
        "bistro": "Bistro Chair",
        "shell": "Shell Chair",
        "dining": "Dining Chair",
        "armchair": "Armchair",
        "lounge": "Lounge Chair",
        "stool": "Stool",
    }[d["style"]]
    frame = "painted wood" if d["frame"] == "painted" else d["frame"]
    detail = (
        {
            "piped": " with contrast piping",
            "channels": " with channel stitching",
            "tufted": " with buttons",
            "cut-out": " with a cut-out",
        }.get(d["detail"], "")
        if d["style"] in ("dining", "armchair", "lounge", "shell")
        else ""
    )
    seat = {"wood": "a wooden seat", "cane": "a woven cane seat", "plastic": "a moulded seat"}.get(
        d["seat"], f"a seat in {d['seat']}"
    )
    return Words(
        kind,
        f"{_sentence(_article(kind.lower()))} with {d['legs']} {frame} legs and {seat}{detail}.",
        "Arrives in one box; the legs screw on by hand.",
        f"{frame}, {d['seat']}" if d["seat"] != "wood" else frame,
    )


def _settle_chair(details: Details, pattern: str) -> str:
    style = details["style"]
    soft = details["seat"] in ("linen", "velvet", "boucle", "leather")
    if style == "shell":
        details["seat"], details["detail"], details["back"] = "plastic", "cut-out", "soft"
        return "plain"
    if style in ("armchair", "lounge", "dining"):
        if not soft:
            details["seat"] = "velvet"
        if details["legs"] == "hairpin" and style == "lounge":
            details["legs"] = "tapered"
        return pattern if details["seat"] in ("velvet", "linen") else "plain"
    if style in ("spindle", "ladder", "slat"):
        details["frame"] = details["frame"] if details["frame"] not in ("black metal", "brass") else "walnut"
        details["legs"] = "tapered" if details["legs"] == "hairpin" else details["legs"]
    if style in ("bistro", "stool") and soft:
        details["seat"] = "cane" if style == "bistro" else "wood"
    if details["seat"] == "wood":
        details["frame"] = "painted"
    return "plain"


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
        _t_shirt,
        ("neckline", "sleeves", "fit", "print"),
        _settle_t_shirt,
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
        _knitwear,
        ("neckline", "stitch"),
        _settle_knitwear,
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
        _jacket,
        ("style",),
        _settle_jacket,
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
        _dress,
        ("shape", "length", "sleeves", "neckline"),
        _settle_dress,
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
        _trousers,
        ("cut", "waist"),
        _settle_trousers,
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
        _skirt,
        ("shape", "length"),
        _settle_skirt,
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
        _sneaker,
        ("style", "sole", "laces"),
        _settle_sneaker,
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
        _boot,
        ("style", "heel"),
        _settle_boot,
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
        _handbag,
        ("style", "hardware"),
        _settle_handbag,
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
        _backpack,
        ("style", "pocket"),
        _settle_backpack,
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
        _hat,
        ("style",),
        _settle_hat,
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
        _watch,
        ("shape", "case", "strap", "dial", "complication"),
        _settle_watch,
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
        _mug,
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
        _bottle,
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
        _vase,
        ("shape", "finish", "handles"),
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
        _lamp,
        ("base", "shade", "shade finish"),
        _settle_lamp,
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
        _cushion,
        ("shape", "edge"),
        _settle_cushion,
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
        _chair,
        ("style", "legs"),
        _settle_chair,
    ),
)
