"""The same four patches in every format, profile and depth that a shop may have, and what they look like in sRGB.

Written by Pillow and pillow-heif, or byte by byte where these cannot write what others do.
"""

from __future__ import annotations

import itertools
import struct
import zlib
from collections.abc import Iterator, Sequence
from io import BytesIO
from typing import Any

import numpy as np
import pillow_heif
from numpy.typing import NDArray
from PIL import Image

from catalog.benchmarks.pictures import PATCHES, SIZE, chunk, encoded, patches

SRGB = (0.3127, 0.3290, 0.64, 0.33, 0.30, 0.60, 0.15, 0.06)  # white, red, green and blue as x, y
ADOBE = (0.3127, 0.3290, 0.64, 0.33, 0.21, 0.71, 0.15, 0.06)
P3 = (0.3127, 0.3290, 0.68, 0.32, 0.265, 0.69, 0.15, 0.06)
BT2020 = (0.3127, 0.3290, 0.708, 0.292, 0.17, 0.797, 0.131, 0.046)
WHITE = (255, 255, 255)

Samples = NDArray[np.floating]


def seen(picture: Image.Image) -> list[tuple[int, ...]]:
    """The colours in the middle of the four quarters."""
    width, height = picture.size
    places = [(width // 4 + x * width // 2, height // 4 + y * height // 2) for y in (0, 1) for x in (0, 1)]
    return [tuple(np.asarray(picture.convert("RGB"))[y, x].tolist()) for x, y in places]


def light(picture: Image.Image) -> Samples:
    """sRGB samples as light, 0 to 1 (IEC 61966-2-1)."""
    signal = np.asarray(picture, np.float64) / 255
    return np.where(signal <= 0.04045, signal / 12.92, ((signal + 0.055) / 1.055) ** 2.4)


def xyz(chromaticities: tuple[float, ...]) -> Samples:
    """[3, 3]: RGB light to XYZ."""
    x, y = np.array(chromaticities[2::2]), np.array(chromaticities[3::2])
    columns = np.stack([x / y, np.ones(3), (1 - x - y) / y])
    white_x, white_y = chromaticities[:2]
    white = np.array([white_x / white_y, 1, (1 - white_x - white_y) / white_y])
    return columns * np.linalg.solve(columns, white)


def in_primaries(picture: Image.Image, primaries: tuple[float, ...]) -> Samples:
    """The picture's light in RGB of other primaries (of the same white)."""
    return light(picture) @ (np.linalg.inv(xyz(primaries)) @ xyz(SRGB)).T


def eight_bits(signal: Samples) -> Image.Image:
    return Image.fromarray((signal.clip(0, 1) * 255).round().astype(np.uint8))


def srgb_signal(values: Samples) -> Samples:
    values = values.clip(0, 1)
    return np.where(values <= 0.0031308, 12.92 * values, 1.055 * values ** (1 / 2.4) - 0.055)


def pq(values: Samples) -> Samples:
    """SMPTE ST 2084, white at 203 cd/m2 (ITU-R BT.2408)."""
    power = (values.clip(0) * 203 / 10_000) ** (2610 / 16384)
    return ((3424 / 4096 + 2413 / 128 * power) / (1 + 2392 / 128 * power)) ** (2523 / 32)


def hlg(values: Samples) -> Samples:
    """ITU-R BT.2100 for a display of 1,000 cd/m2, white at 203."""
    shown = values.clip(0) * 203 / 1000
    luminance = shown @ np.array([0.2627, 0.6780, 0.0593])
    scene = shown * np.maximum(luminance, 1e-9)[..., None] ** (1 / 1.2 - 1)
    return np.where(
        scene <= 1 / 12, np.sqrt(3 * scene), 0.17883277 * np.log(np.maximum(12 * scene - 0.28466892, 1e-9)) + 0.55991073
    )


def profile(primaries: tuple[float, ...] | None, gamma: float, name: str = "A profile") -> bytes:
    """An ICC profile (version 2) of RGB with these primaries, or of grey, both with a gamma."""

    def s15(*values: float) -> bytes:
        return b"".join(struct.pack(">i", round(value * 65536)) for value in values)

    def xyz_tag(column: Samples) -> bytes:
        return b"XYZ \0\0\0\0" + s15(*column)

    curve = b"curv\0\0\0\0" + struct.pack(">IH", 1, round(gamma * 256)) + b"\0\0"
    words = name.encode() + b"\0"
    described = b"desc\0\0\0\0" + struct.pack(">I", len(words)) + words + bytes(78)
    tags = {b"desc": described, b"cprt": b"text\0\0\0\0none\0\0\0\0", b"wtpt": xyz_tag(np.array([0.9642, 1, 0.8249]))}
    if primaries is None:
        tags[b"kTRC"] = curve
    else:
        bradford = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])
        matrix = xyz(primaries)
        cones = np.diag((bradford @ [0.9642, 1, 0.8249]) / (bradford @ matrix.sum(axis=1)))
        adapted = np.linalg.inv(bradford) @ cones @ bradford @ matrix
        for letter, column in zip((b"r", b"g", b"b"), adapted.T, strict=True):
            tags[letter + b"XYZ"], tags[letter + b"TRC"] = xyz_tag(column), curve
    table, body, offset = b"", b"", 132 + 12 * len(tags)
    for tag, data in tags.items():
        data += bytes(-len(data) % 4)
        table += tag + struct.pack(">II", offset + len(body), len(data))
        body += data
    kind = b"GRAY" if primaries is None else b"RGB "
    header = struct.pack(">I4sI4s4s4s", offset + len(body), bytes(4), 0x02100000, b"mntr", kind, b"XYZ ")
    header += bytes(12) + b"acsp" + bytes(28) + s15(0.9642, 1, 0.8249) + bytes(48)
    return header + struct.pack(">I", len(tags)) + table + body


def png(samples: NDArray[Any], depth: int, colour: int, *extra: bytes, interlaced: bool = False) -> bytes:
    """A PNG of samples [height, width] or [height, width, channels], written row by row without filters."""

    def rows(part: NDArray[Any]) -> bytes:
        if depth == 16:
            lines = [row.astype(">u2").tobytes() for row in part]
        elif depth == 8:
            lines = [row.astype(np.uint8).tobytes() for row in part]
        else:
            bits = [np.unpackbits(row.astype(np.uint8)[:, None], axis=1)[:, -depth:].reshape(-1) for row in part]
            lines = [np.packbits(row).tobytes() for row in bits]
        return b"".join(b"\0" + line for line in lines)

    if interlaced:  # Adam7
        passes = [(0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1)]
        pixels = b"".join(rows(samples[y::down, x::across]) for y, x, down, across in passes)
    else:
        pixels = rows(samples)
    height, width = samples.shape[:2]
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, int(interlaced))
    body = b"".join([chunk(b"IHDR", header), *extra, chunk(b"IDAT", zlib.compress(pixels)), chunk(b"IEND", b"")])
    return b"\x89PNG\r\n\x1a\n" + body


def with_codes(heif: bytes, primaries: int, transfer: int) -> bytes:
    """An AVIF or HEIF file whose nclx box says these codes of ITU-T H.273."""
    at = heif.index(b"colrnclx") + 8
    return heif[:at] + struct.pack(">HH", primaries, transfer) + heif[at + 4 :]


def exif_adobe_rgb() -> bytes:
    """As a camera set to Adobe RGB writes it (DCF 2.0): colour space uncalibrated, interoperability R03."""
    entry = struct.Struct("<HHI4s")
    first = struct.pack("<H", 1) + entry.pack(0x8769, 4, 1, struct.pack("<I", 26)) + bytes(4)
    photo = (
        struct.pack("<H", 2)
        + entry.pack(0xA001, 3, 1, b"\xff\xff\0\0")
        + entry.pack(0xA005, 4, 1, struct.pack("<I", 56))
        + bytes(4)
    )
    rules = struct.pack("<H", 1) + entry.pack(1, 2, 4, b"R03\0") + bytes(4)
    return b"Exif\0\0II*\0\x08\0\0\0" + first + photo + rules


def bmp32(picture: Image.Image, opacity: int) -> bytes:
    """A BMP of four bytes a pixel with masks (BITMAPV4HEADER), the fourth byte being `opacity` everywhere."""
    pixels = np.dstack([np.asarray(picture)[::-1, :, ::-1], np.full(picture.size[::-1], opacity, np.uint8)]).tobytes()
    masks = struct.pack("<IIII", 0xFF0000, 0xFF00, 0xFF, 0xFF000000)
    dib = struct.pack("<IiiHHIIiiII", 108, *picture.size, 1, 32, 3, len(pixels), 2835, 2835, 0, 0) + masks + bytes(52)
    return b"BM" + struct.pack("<IHHI", 122 + len(pixels), 0, 0, 122) + dib + pixels


def run_lengths(picture: Image.Image) -> bytes:
    """A BMP of 8 bits a pixel, packed by run lengths."""
    indexed = picture.quantize(4)
    palette = np.array((indexed.getpalette() or [])[:12]).reshape(4, 3)[:, ::-1]
    colours = b"".join(bytes([*row.tolist(), 0]) for row in palette)
    packed = b""
    for row in np.asarray(indexed)[::-1]:
        starts = [0, *(np.flatnonzero(np.diff(row)) + 1).tolist(), len(row)]
        packed += b"".join(bytes([b - a, row[a]]) for a, b in itertools.pairwise(starts)) + b"\0\0"
    packed += b"\0\1"
    dib = struct.pack("<IiiHHIIiiII", 40, *picture.size, 1, 8, 1, len(packed), 2835, 2835, 4, 0)
    return b"BM" + struct.pack("<IHHI", 14 + 40 + 16 + len(packed), 0, 0, 70) + dib + colours + packed


TRANSPARENT_FIRST = [WHITE, *PATCHES[1:]]


def cut_out() -> Image.Image:
    """The patches with the first one see-through (and black where nobody should look)."""
    picture = patches().convert("RGBA")
    picture.paste((0, 0, 0, 0), (0, 0, SIZE[0] // 2, SIZE[1] // 2))
    return picture


def adobe_rgb() -> Image.Image:
    return eight_bits(in_primaries(patches(), ADOBE) ** (256 / 563))


def display_p3() -> Image.Image:
    return eight_bits(srgb_signal(in_primaries(patches(), P3)))


def hdr_heif(signal: Samples, primaries: int, transfer: int) -> bytes:
    """A HEIF file of 10 bits."""
    samples = (signal.clip(0, 1) * 65535).round().astype("<u2")
    picture = pillow_heif.from_bytes("RGB;16", SIZE, samples.tobytes())
    file = BytesIO()
    picture.save(
        file,
        quality=95,
        color_primaries=primaries,
        transfer_characteristics=transfer,
        matrix_coefficients=9,
        full_range_flag=1,
        chroma=444,
    )
    return with_codes(file.getvalue(), primaries, transfer)


def first_of(*frames: Image.Image, format: str, **options: Any) -> bytes:
    return encoded(frames[0], format, save_all=True, append_images=list(frames[1:]), **options)


Expected = Sequence[tuple[int, ...]]
File = tuple[str, bytes, Expected, int]  # its name, the file, the four colours, how far they may be off

EXACT, NEAR, FAR = 1, 5, 9  # grey levels: no loss to speak of; a good coder; chroma at half size, or 8 bits for light
ADOBE_ICC, GREY_ICC = profile(ADOBE, 563 / 256), profile(None, 2.2)
ADOBE_CHRM = chunk(b"cHRM", struct.pack(">8I", *[round(value * 100_000) for value in ADOBE]))
GOOD_JPEG = {"quality": 95, "subsampling": 0}
GOOD_AVIF = {"quality": 95, "subsampling": "4:4:4", "speed": 9}
GOOD_HEIF = {"quality": 95, "chroma": 444}


def files() -> Iterator[File]:
    yield from jpegs()
    yield from pngs()
    yield from transparent_pngs()
    yield from coloured_pngs()
    yield from webps()
    yield from gifs()
    yield from bmps()
    yield from avifs()
    yield from heifs()


def jpegs() -> Iterator[File]:
    picture, adobe, four = patches(), adobe_rgb(), list(PATCHES)
    yield "jpeg", encoded(picture, "JPEG", **GOOD_JPEG), four, NEAR
    yield "jpeg, progressive", encoded(picture, "JPEG", quality=95, progressive=True), four, NEAR
    yield "jpeg, grey", encoded(picture.convert("L"), "JPEG", quality=95), seen(picture.convert("L")), NEAR
    yield "jpeg, rgb without ycc", encoded(picture, "JPEG", quality=95, keep_rgb=True), four, NEAR
    yield "jpeg, cmyk as adobe writes it", encoded(picture.convert("CMYK"), "JPEG", quality=95), four, NEAR
    yield "jpeg without its end", encoded(picture, "JPEG", **GOOD_JPEG)[:-2], four, NEAR
    unended = encoded(picture, "JPEG", quality=95, progressive=True)[:-2]
    yield "jpeg, progressive, without its end", unended, four, NEAR
    yield "jpeg, adobe rgb by profile", encoded(adobe, "JPEG", **GOOD_JPEG, icc_profile=ADOBE_ICC), four, NEAR
    yield "jpeg, adobe rgb by exif", encoded(adobe, "JPEG", **GOOD_JPEG, exif=exif_adobe_rgb()), four, NEAR
    yield "jpeg, grey profile on rgb", encoded(picture, "JPEG", **GOOD_JPEG, icc_profile=GREY_ICC), four, NEAR
    p3 = encoded(display_p3(), "JPEG", **GOOD_JPEG, icc_profile=profile(P3, 2.2))
    yield "jpeg, p3 by profile", p3, four, FAR  # the curve of sRGB is not quite a gamma of 2.2
    two = first_of(picture, patches(colours=PATCHES[::-1]), format="MPO", **GOOD_JPEG)
    yield "two pictures of a phone (mpo)", two, four, NEAR
    yield "mpo, cut after its first picture", two[: two.index(b"\xff\xd9", 10) + 22], four, NEAR


def pngs() -> Iterator[File]:
    picture = patches()
    rgb, four = np.asarray(picture).astype(np.uint16), list(PATCHES)
    samples, grey = np.asarray(picture.convert("L")).astype(np.uint16), seen(picture.convert("L"))
    opaque = np.dstack([rgb * 257, np.full_like(samples, 65535)])
    yield "png", encoded(picture, "PNG"), four, EXACT
    yield "png, interlaced", png(rgb, 8, 2, interlaced=True), four, EXACT
    yield "png, 16 bits", png(rgb * 257, 16, 2), four, EXACT
    yield "png, 16 bits and opacity", png(opaque, 16, 6), four, EXACT
    yield "png, grey", encoded(picture.convert("L"), "PNG"), grey, EXACT
    yield "png, grey of 16 bits", png(samples * 257, 16, 0), grey, EXACT
    yield "png, grey of 16 bits, interlaced", png(samples * 257, 16, 0, interlaced=True), grey, EXACT
    yield "png, grey of 2 bits", png(two_bits(samples), 2, 0), as_grey(85 * two_bits(samples)), EXACT
    yield "png, grey and opacity", encoded(picture.convert("LA"), "PNG"), grey, EXACT
    white = samples > 100
    yield "png, black and white", encoded(Image.fromarray(white), "PNG"), as_grey(255 * white), EXACT
    yield "png, palette", encoded(picture.quantize(4), "PNG"), four, EXACT
    yield "png, palette of 2 bits", encoded(picture.quantize(4), "PNG", bits=2), four, EXACT
    yield "png, animated", first_of(picture, patches(colours=PATCHES[::-1]), format="PNG"), four, EXACT


def transparent_pngs() -> Iterator[File]:
    """The first patch is see-through: by a channel, or by a sample that is used for nothing else."""
    picture = patches()
    rgb, samples = np.asarray(picture).astype(np.uint16), np.asarray(picture.convert("L")).astype(np.uint16)
    first = (slice(0, SIZE[1] // 2), slice(0, SIZE[0] // 2))
    rgb[first] = samples[first] = 7
    yield "png, transparent", encoded(cut_out(), "PNG"), TRANSPARENT_FIRST, EXACT
    yield "png, a colour transparent", png(rgb, 8, 2, trns(7, 7, 7)), TRANSPARENT_FIRST, EXACT
    deep = [7 * 257] * 3
    yield "png, a colour of 16 bits transparent", png(rgb * 257, 16, 2, trns(*deep)), TRANSPARENT_FIRST, EXACT
    grey = [WHITE, *as_grey(samples)[1:]]
    yield "png, a grey transparent", png(samples, 8, 0, trns(7)), grey, EXACT
    yield "png, a grey of 16 bits transparent", png(samples * 257, 16, 0, trns(7 * 257)), grey, EXACT
    few = np.maximum(two_bits(samples), 1)
    few[first] = 0
    yield "png, a grey of 2 bits transparent", png(few, 2, 0, trns(0)), [WHITE, *as_grey(85 * few)[1:]], EXACT
    indexed = picture.quantize(4)
    transparent = encoded(indexed, "PNG", transparency=int(np.asarray(indexed)[0, 0]))
    yield "png, palette with a transparent colour", transparent, TRANSPARENT_FIRST, EXACT


def coloured_pngs() -> Iterator[File]:
    picture, adobe, four = patches(), adobe_rgb(), list(PATCHES)
    grey, light_grey = seen(picture.convert("L")), light(picture.convert("L"))
    rgb, adobe_rgb_samples, linear = np.asarray(picture), np.asarray(adobe), eight_bits(light(picture))
    by_codes = chunk(b"cICP", bytes([9, 16, 0, 1]))
    yield "png, adobe rgb by profile", encoded(adobe, "PNG", icc_profile=ADOBE_ICC), four, NEAR
    named = profile(SRGB, 1.0, "sRGB IEC61966-2.1")
    yield "png, linear, named srgb", encoded(linear, "PNG", icc_profile=named), four, NEAR
    yield "png, linear by gAMA", png(np.asarray(linear), 8, 2, gama(1)), four, NEAR
    yield "png, adobe rgb by gAMA and cHRM", png(adobe_rgb_samples, 8, 2, gama(256 / 563), ADOBE_CHRM), four, NEAR
    yield "png, p3 by cICP", png(np.asarray(display_p3()), 8, 2, chunk(b"cICP", bytes([12, 13, 0, 1]))), four, EXACT
    pq_samples = (pq(in_primaries(picture, BT2020)) * 65535).round()
    yield "png, pq by cICP", png(pq_samples, 16, 2, by_codes), four, FAR
    grey_18 = encoded(eight_bits(light_grey ** (1 / 1.8)), "PNG", icc_profile=profile(None, 1.8))
    yield "png, grey profile on grey", grey_18, grey, EXACT
    yield "png, grey profile on rgb", png(rgb, 8, 2, chunk(b"iCCP", b"x\0\0" + zlib.compress(GREY_ICC))), four, EXACT
    yield (
        "png, rgb profile on grey",
        encoded(eight_bits(light_grey ** (256 / 563)), "PNG", icc_profile=ADOBE_ICC),
        grey,
        2,
    )
    opacity = Image.merge("RGBA", [*adobe.split(), cut_out().getchannel("A")])
    yield "png, profile and opacity", encoded(opacity, "PNG", icc_profile=ADOBE_ICC), TRANSPARENT_FIRST, NEAR
    yield "png, palette with a profile", encoded(adobe.quantize(4), "PNG", icc_profile=ADOBE_ICC), four, NEAR


def webps() -> Iterator[File]:
    picture, four = patches(), list(PATCHES)
    yield "webp", encoded(picture, "WEBP", quality=95), four, FAR
    yield "webp, lossless", encoded(picture, "WEBP", lossless=True), four, EXACT
    yield "webp, transparent", encoded(cut_out(), "WEBP", lossless=True), TRANSPARENT_FIRST, EXACT
    yield "webp, lossy and transparent", encoded(cut_out(), "WEBP", quality=95), TRANSPARENT_FIRST, FAR
    yield "webp, adobe rgb", encoded(adobe_rgb(), "WEBP", lossless=True, icc_profile=ADOBE_ICC), four, NEAR
    moving = first_of(picture, patches(colours=PATCHES[::-1]), format="WEBP", lossless=True)
    yield "webp, animated", moving, four, EXACT


def gifs() -> Iterator[File]:
    picture, four = patches(), list(PATCHES)
    indexed = picture.quantize(4)
    yield "gif", encoded(indexed, "GIF"), four, EXACT
    yield "gif, grey", encoded(picture.convert("L"), "GIF"), seen(picture.convert("L")), EXACT
    transparent = encoded(indexed, "GIF", transparency=int(np.asarray(indexed)[0, 0]))
    yield "gif, transparent", transparent, TRANSPARENT_FIRST, EXACT
    moving = first_of(indexed, patches(colours=PATCHES[::-1]).quantize(4), format="GIF")
    yield "gif, animated", moving, four, EXACT
    yield "gif, cut after its first picture", moving[:-30], four, EXACT
    yield "gif, first picture in a corner", partial_gif(picture), [PATCHES[0], WHITE, WHITE, WHITE], EXACT


def bmps() -> Iterator[File]:
    picture, four = patches(), list(PATCHES)
    yield "bmp", encoded(picture, "BMP"), four, EXACT
    yield "bmp, palette", encoded(picture.quantize(4), "BMP"), four, EXACT
    yield "bmp, run lengths", run_lengths(picture), four, EXACT
    yield "bmp, opaque", bmp32(picture, 255), four, EXACT
    yield "bmp, a fourth byte that nobody filled in", bmp32(picture, 0), four, EXACT


def avifs() -> Iterator[File]:
    picture, four = patches(), list(PATCHES)
    yield "avif", encoded(picture, "AVIF", **GOOD_AVIF), four, NEAR
    yield "avif, limited range", encoded(picture, "AVIF", **GOOD_AVIF, range="limited"), four, NEAR
    yield "avif, transparent", encoded(cut_out(), "AVIF", **GOOD_AVIF), TRANSPARENT_FIRST, FAR
    yield "avif, adobe rgb", encoded(adobe_rgb(), "AVIF", **GOOD_AVIF, icc_profile=ADOBE_ICC), four, NEAR
    yield "avif, p3 by nclx", with_codes(encoded(display_p3(), "AVIF", **GOOD_AVIF), 12, 13), four, NEAR
    for name, curve, code in (("pq", pq, 16), ("hlg", hlg, 18)):
        soft = patches(colours=SOFT)  # Pillow decodes these to 8 bits, too few for the dark channel of a vivid colour
        data = encoded(eight_bits(curve(in_primaries(soft, BT2020))), "AVIF", **GOOD_AVIF | {"quality": 100})
        yield f"avif, {name} by nclx", with_codes(data, 9, code), list(SOFT), FAR
    moving = first_of(picture, patches(colours=PATCHES[::-1]), format="AVIF", **GOOD_AVIF)
    yield "avif, animated", moving, four, NEAR


def heifs() -> Iterator[File]:
    picture, four = patches(), list(PATCHES)
    yield "heif", encoded(picture, "HEIF", **GOOD_HEIF), four, NEAR
    yield "heif, grey", encoded(picture.convert("L"), "HEIF", **GOOD_HEIF), seen(picture.convert("L")), NEAR
    yield "heif, transparent", encoded(cut_out(), "HEIF", **GOOD_HEIF), TRANSPARENT_FIRST, FAR
    yield "heif, adobe rgb", encoded(adobe_rgb(), "HEIF", **GOOD_HEIF, icc_profile=ADOBE_ICC), four, NEAR
    yield "heif, p3 by nclx", with_codes(encoded(display_p3(), "HEIF", **GOOD_HEIF), 12, 13), four, NEAR
    yield "heif, pq by nclx", hdr_heif(pq(in_primaries(picture, BT2020)), 9, 16), four, FAR
    yield "heif, hlg by nclx", hdr_heif(hlg(in_primaries(picture, BT2020)), 9, 18), four, FAR


SOFT = ((200, 120, 120), (110, 160, 120), (110, 120, 200), (220, 200, 120))


def two_bits(samples: NDArray[Any]) -> NDArray[np.uint8]:
    return (samples / 85).round().astype(np.uint8)


def as_grey(samples: NDArray[Any]) -> Expected:
    return seen(Image.fromarray(samples.astype(np.uint8)))


def trns(*samples: int) -> bytes:
    return chunk(b"tRNS", struct.pack(f">{len(samples)}H", *samples))


def gama(gamma: float) -> bytes:
    return chunk(b"gAMA", struct.pack(">I", round(gamma * 100_000)))


def partial_gif(picture: Image.Image) -> bytes:
    """A GIF whose first picture covers the upper left quarter of it only."""
    corner = picture.crop((0, 0, SIZE[0] // 2, SIZE[1] // 2)).quantize(4)
    data = bytearray(encoded(corner, "GIF"))
    data[6:10] = struct.pack("<HH", *SIZE)
    return bytes(data)
