"""How products are spoken of, and which details go together: every sentence agrees with the drawing.

For each category there is a function from a design to its words and, where not everything goes with everything, one
that settles its details and returns the pattern they allow.
"""

from __future__ import annotations

from dataclasses import dataclass

from catalog.sample_shop.design import Design

Details = dict[str, str]


def any_pattern(details: Details, pattern: str) -> str:
    return pattern


@dataclass(frozen=True)
class Words:
    """noun ends the title; opening and closing are sentences of the description."""

    noun: str
    opening: str
    closing: str
    material: str


def pattern_name(pattern: str) -> str:
    return {"fair isle": "Fair Isle", "polka dot": "polka-dot", "breton stripe": "Breton-stripe"}.get(pattern, pattern)


def sentence(words: str) -> str:
    return words[0].upper() + words[1:]


def with_article(word: str) -> str:
    return f"an {word}" if word[0].lower() in "aeiou" else f"a {word}"


# Clothing


def t_shirt_words(d: Design) -> Words:
    neck = d["neckline"] if d["neckline"] == "V-neck" else f"{d['neckline']}-neck"
    noun = "Polo Shirt" if d["neckline"] == "polo" else f"{neck.title()} Tee"
    sleeves = "without sleeves" if d["sleeves"] == "sleeveless" else f"with {d['sleeves']} sleeves"
    printed = {"none": "", "pocket": " and a chest pocket", "wordmark": " and our name across the chest"}
    extra = printed.get(d["print"], f" and {with_article(d['print'])} print")
    shape = "polo shirt" if d["neckline"] == "polo" else f"{neck} T-shirt"
    return Words(
        noun,
        f"{sentence(with_article(d['fit']))} {shape} {sleeves}{extra}.",
        "Soft combed cotton that keeps its shape; machine wash at 30 °C.",
        "cotton",
    )


def settle_t_shirt(details: Details, pattern: str) -> str:
    if details["print"] not in ("none", "pocket"):
        pattern = "plain"
    if details["sleeves"] == "sleeveless" and details["trim"] == "raglan":
        details["trim"] = "contrast"
    if details["neckline"] == "polo" and details["sleeves"] == "sleeveless":
        details["sleeves"] = "short"
    return pattern


def knitwear_words(d: Design) -> Words:
    kind = "cardigan" if d["neckline"] == "cardigan" else "jumper"
    neck = d["neckline"] if d["neckline"] == "V-neck" else f"{d['neckline']}-neck"
    opening = {"cardigan": "A buttoned cardigan", "roll neck": "A roll-neck jumper"}.get(
        d["neckline"], f"{sentence(with_article(neck))} jumper"
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


def settle_knitwear(details: Details, pattern: str) -> str:
    return "plain" if details["stitch"] != "stocking stitch" else pattern


def jacket_words(d: Design) -> Words:
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


def settle_jacket(details: Details, pattern: str) -> str:
    return pattern if details["style"] in ("blazer", "bomber") else "plain"


def dress_words(d: Design) -> Words:
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
        f"{sentence(with_article(d['length']))} dress in {with_article(d['shape'])} cut with {sleeves}{neck}{waist}.",
        "Light viscose that moves well and hardly creases.",
        "viscose",
    )


def settle_dress(details: Details, pattern: str) -> str:
    if details["sleeves"] == "strap" or (details["neckline"] == "collar" and details["shape"] == "wrap"):
        details["neckline"] = "round"
    return pattern


def trousers_words(d: Design) -> Words:
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
        f"{sentence(with_article(d['cut']))}-leg pair in {d['fabric']}, with {waist}.",
        "Two slanted pockets in front, and room to move.",
        d["fabric"],
    )


def settle_trousers(details: Details, pattern: str) -> str:
    return pattern if details["fabric"] in ("wool", "linen", "cotton") else "plain"


def skirt_words(d: Design) -> Words:
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
        f"{sentence(with_article(shape))} skirt of {d['length']} length with {extra}.",
        f"Cut from {d['fabric']}, with a fitted waistband.",
        d["fabric"],
    )


def settle_skirt(details: Details, pattern: str) -> str:
    if details["fabric"] in ("denim", "corduroy"):
        details["shape"] = "A-line" if details["shape"] not in ("A-line", "pencil") else details["shape"]
    return pattern if details["fabric"] in ("cotton", "wool", "satin") else "plain"


# Shoes


def sneaker_words(d: Design) -> Words:
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
        else f", {'two bars' if d['side mark'] == 'two bars' else with_article(d['side mark'])} on the side"
    )
    height = {"low": "flat", "medium": "cushioned", "chunky": "chunky"}[d["sole"]]
    return Words(
        kind,
        f"{sentence(with_article(d['upper']))} upper on {sole}, {height} sole, with {fastening}{mark}.",
        "The insole comes out, so it can be aired or swapped.",
        d["upper"],
    )


def settle_sneaker(details: Details, pattern: str) -> str:
    details["sole"] = {"runner": "chunky", "court": "low", "slip-on": "low"}.get(details["style"], details["sole"])
    if details["style"] == "slip-on":
        details["upper"], details["toe"], details["side mark"] = "canvas", "none", "none"
        return pattern if pattern != "plain" else "gingham"
    if details["style"] == "runner":
        details["upper"], details["toe"] = "mesh", "mudguard"
    return pattern if details["upper"] == "canvas" and details["style"] != "court" else "plain"


def boot_words(d: Design) -> Words:
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


def settle_boot(details: Details, pattern: str) -> str:
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


def handbag_words(d: Design) -> Words:
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
        "crossbody": f"a {'chain' if d['strap'] == 'chain' else 'long'} strap and {with_article(d['clasp'])} clasp",
        "hobo": "a zip along the top and a tassel",
        "top-handle": f"a short handle and {with_article(d['clasp'])} clasp",
        "basket": "two handles and an open top",
    }[d["style"]]
    return Words(
        kind,
        f"{sentence(with_article(d['material']))} {kind.lower()} with {closing}; the hardware is {d['hardware']}.",
        "It holds a book, a bottle and the day's small things.",
        d["material"],
    )


def settle_handbag(details: Details, pattern: str) -> str:
    if details["style"] == "basket":
        details["material"] = "raffia"
    elif details["material"] == "raffia":
        details["material"] = "canvas"
    if details["style"] != "crossbody":
        details["strap"] = "leather"
    return pattern if details["material"] == "canvas" else "plain"


def backpack_words(d: Design) -> Words:
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
        f"{sentence(with_article(d['material']))} backpack with {top} and {pocket}.",
        "A padded sleeve inside takes a 14-inch laptop.",
        d["material"],
    )


def settle_backpack(details: Details, pattern: str) -> str:
    return pattern if details["material"] in ("nylon", "canvas") else "plain"


def hat_words(d: Design) -> Words:
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
        f"{sentence(with_article(d['material']))} {kind.lower()} with {feature}.",
        "One size, with a soft band inside.",
        d["material"],
    )


def settle_hat(details: Details, pattern: str) -> str:
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


def settle_watch(details: Details, pattern: str) -> str:
    if details["strap"] in ("steel links", "mesh"):
        details["dial"] = "colour"  # the one part left to carry the watch's colour
    return "plain"


def watch_words(d: Design) -> Words:
    extra = {
        "none": "",
        "date": " and a date window",
        "chronograph": " and three small dials",
        "moon": " and a moon phase",
    }[d["complication"]]
    kind = {"none": "Watch", "date": "Date Watch", "chronograph": "Chronograph", "moon": "Moon-Phase Watch"}[
        d["complication"]
    ]
    dial = "a coloured" if d["dial"] == "colour" else with_article(d["dial"])
    strap = {"steel links": "a steel link bracelet", "mesh": "a mesh bracelet"}.get(
        d["strap"], f"{with_article(d['strap'])} strap"
    )
    case = f"{sentence(with_article(d['shape']))} case in {d['case']}"
    return Words(
        f"{d['shape'].title()} {kind}",
        f"{case} with {dial} dial, {d['markers']} for the hours{extra}, on {strap}.",
        "Quartz movement, mineral glass, water-resistant to 3 bar.",
        f"steel, {d['strap']}",
    )


# Kitchen and home


def mug_words(d: Design) -> Words:
    shape = d["shape"]
    glaze = {
        "gloss": "a glossy glaze",
        "speckled": "a speckled glaze",
        "dipped": "a base dipped in a second colour",
        "matt": "a matt glaze",
    }[d["glaze"]]
    handle = f"{with_article(d['handle'])}-shaped handle" + (
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
        f"{sentence(with_article(shape))} mug with {glaze}, {handle}{emblem}.",
        "Holds 320 ml; safe in the dishwasher.",
        material,
    )


def vase_words(d: Design) -> Words:
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
        f"{sentence(with_article(shape.lower()))} vase with {finish}{handles}{band}.",
        "Thrown and painted by hand; watertight for fresh flowers.",
        "earthenware" if d["finish"] == "raw" else "stoneware",
    )


def settle_vase(details: Details, pattern: str) -> str:
    if details["shape"] in ("cylinder", "facet", "trumpet"):
        details["handles"] = "none"
    return "plain" if details["shape"] in ("ridged", "facet") else pattern


def lamp_words(d: Design) -> Words:
    shade = d["shade"]
    finish = {"plain": "", "pleated": "pleated ", "trimmed": "trimmed ", "fringed": "fringed "}[d["shade finish"]]
    base = "three-legged" if d["base"] == "tripod" else d["base"]
    return Words(
        f"{shade.title()}-Shade Table Lamp",
        f"A table lamp with {with_article(finish + shade)} shade on {with_article(base)} base of {d['base material']}.",
        "Takes an E14 bulb; the switch is on the cord.",
        d["base material"],
    )


def settle_lamp(details: Details, pattern: str) -> str:
    if details["base"] == "tripod" and details["base material"] not in ("oak", "walnut", "ash", "black metal", "brass"):
        details["base material"] = "oak"
    if details["shade"] == "globe":
        details["shade finish"] = "plain"
    return pattern


def cushion_words(d: Design) -> Words:
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
        f"{sentence(with_article(d['shape']))} cushion in {d['fabric']} with {edge}{detail}.",
        f"{size[0].upper() + size[1:]}; the cover comes off for washing.",
        d["fabric"],
    )


def settle_cushion(details: Details, pattern: str) -> str:
    if details["shape"] == "round":
        details["detail"] = "button"
        details["edge"] = details["edge"] if details["edge"] != "tassels" else "fringe"
    if details["fabric"] in ("knit", "boucle"):
        return "plain"
    return pattern


def bottle_words(d: Design) -> Words:
    cap = {"bamboo": "a bamboo cap", "steel": "a steel cap", "loop": "a carrying loop", "sport": "a sport spout"}[
        d["cap"]
    ]
    grip = " and a ribbed grip" if d["grip"] == "band" else ""
    base = {"none": "", "steel": " on a steel base", "contrast": " on a coloured base"}[d["base"]]
    return Words(
        f"{d['shape'].title()} Bottle",
        f"{sentence(with_article(d['shape']))} steel bottle with a {d['finish']} finish{base}, {cap}{grip}.",
        "Double-walled: 24 hours cold, 12 hours hot.",
        "stainless steel",
    )


def chair_words(d: Design) -> Words:
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
        f"{sentence(with_article(kind.lower()))} with {d['legs']} {frame} legs and {seat}{detail}.",
        "Arrives in one box; the legs screw on by hand.",
        f"{frame}, {d['seat']}" if d["seat"] != "wood" else frame,
    )


def settle_chair(details: Details, pattern: str) -> str:
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
