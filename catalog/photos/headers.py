"""What the header of a picture file says: its format, size, turn and colours, and what decoding it would cost.

Nothing here decodes a pixel or calls a C library, so it is safe for any bytes in any process: at most a few
thousand segments are looked at, a picture that would cost too much is refused by its header, and the decoder is
given the `essence` of the file only, the first picture without metadata, text, films and further frames.
"""

from __future__ import annotations

import math
import re
import struct
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from catalog.photos.errors import UnreadablePhoto

# Format as Pillow names it -> the suffix of a stored file. The only decoders a stranger's bytes may reach.
SUFFIXES = {
    "JPEG": ".jpg",
    "PNG": ".png",
    "WEBP": ".webp",
    "AVIF": ".avif",
    "GIF": ".gif",
    "BMP": ".bmp",
    "HEIF": ".heic",
}
FORMATS = tuple(SUFFIXES)

MIN_SIDE = 8  # pixels; below it there is nothing to recognise
MAX_SIDE = 65_535  # pixels; more than any camera has in a row
JPEG_SCALES = (8, 4, 2, 1)  # libjpeg decodes to these fractions of a side
REDUCIBLE = 2.2  # a JPEG is decoded at a fraction of its size, so it may have that many times the pixels of others

# What decoding may cost. Memory in bytes at the peak, measured with the libraries of Pillow 13 and pillow-heif 1.8;
# work in samples that a decoder passes over: one core takes about 300 to 1,000 million a second.
MAX_MEMORY = 640_000_000
MAX_WORK = 2_000_000_000
# A file of a few bytes that unfolds to hundreds of megabytes is a bomb: what it may take grows with what it holds.
MEMORY_OF_ANY_FILE = 220_000_000
MEMORY_PER_BYTE = 500

MAX_SCANS = 100  # of a JPEG; a progressive photo has about ten
MAX_SEGMENTS = 3_000  # of a JPEG before its first scan, and items of a HEIF file; honest files have some twenty
MAX_CHUNKS = 100_000  # of a PNG, and blocks of a GIF: an honest one of 20 MB has 80,000
MAX_PROFILE = 8_000_000  # bytes; the profile of a printing press has two million
MAX_FILES_WITHIN = 4_096  # tiles of a HEIF or AVIF picture

UPRIGHT = 1
SIDEWAYS = (5, 6, 7, 8)  # EXIF orientations that swap width and height


@dataclass(frozen=True, slots=True)
class Colours:
    """How the samples are meant, where it is not sRGB."""

    profile: bytes | None = None  # ICC; goes before the rest
    primaries: int | tuple[float, ...] = 2  # ITU-T H.273 code, or chromaticities x, y of white, red, green and blue
    transfer: int = 2  # ITU-T H.273 code
    gamma: float | None = None  # the exponent by which samples become light; goes before the code


def reduced_size(size: tuple[int, int], target: float) -> tuple[int, int]:
    """What a JPEG of `size` must at least be decoded to: twice `target` pixels on its longest side, or as it is."""
    part = min(1.0, 2 * target / max(size))
    return math.ceil(size[0] * part), math.ceil(size[1] * part)


@dataclass(frozen=True, slots=True)
class PhotoHeader:
    """`width` and `height` are those stored; `upright_size` is the size of the picture as it is looked at."""

    format: str
    width: int
    height: int
    memory: float  # bytes at the peak of decoding at full size
    work: float = 0.0  # samples passed over
    orientation: int = UPRIGHT  # EXIF 2.32, tag 0x0112
    colours: Colours = Colours()
    spans: tuple[tuple[int, int], ...] = ()  # (start, end) of what the decoder needs; nothing: all of it
    joined: Callable[[bytes], bytes] | None = field(default=None, compare=False)  # how `spans` become a file again
    transparent: int | tuple[int, ...] | None = None  # PNG: the sample, or samples, that mean “nothing here”, 8 bits
    opaque_box: tuple[int, int, int, int] | None = None  # GIF: the first frame's place; nothing lies outside it
    clean_box: tuple[int, int, int, int] | None = None  # AVIF, HEIF: the part that is meant to be seen (clap)
    coefficients: float = 0.0  # JPEG of several scans: bytes that are kept at whatever size it is decoded

    @property
    def upright_size(self) -> tuple[int, int]:
        width, height = self.width, self.height
        if self.clean_box:
            left, top, right, bottom = self.clean_box
            width, height = right - left, bottom - top
        return (height, width) if self.orientation in SIDEWAYS else (width, height)

    def memory_for(self, target: float) -> float:
        """Bytes at the peak of decoding for a picture of twice `target` pixels on its longest side."""
        if self.format != "JPEG":
            return self.memory
        width, height = reduced_size((self.width, self.height), target)
        times = min(self.width // width, self.height // height)
        scale = next(scale for scale in JPEG_SCALES if times >= scale)
        return min(self.memory, self.coefficients + 4 * self.width * self.height / scale**2)

    def essence(self, data: bytes) -> bytes:
        """The smallest file that shows the first picture of `data`, whose header this is."""
        if not self.spans:
            return data
        kept = b"".join([data[start:end] for start, end in self.spans])
        return self.joined(kept) if self.joined else kept


def read_header(data: bytes, max_pixels: int) -> PhotoHeader:
    """The header of the picture file `data`, which may have `max_pixels` pixels, a JPEG REDUCIBLE times as many.

    Raises UnreadablePhoto: empty, not_an_image, truncated, too_small, too_many_pixels, too_costly.
    """
    if not data:
        raise UnreadablePhoto("empty")
    parse = _parser(data)
    if parse is None:
        raise UnreadablePhoto("not_an_image")
    try:
        header = parse(data)
    except (IndexError, struct.error, ValueError, OverflowError) as error:
        if isinstance(error, UnreadablePhoto):
            raise
        raise UnreadablePhoto("truncated") from error
    _check(header, len(data), max_pixels)
    return header


def _check(header: PhotoHeader, size: int, max_pixels: int) -> None:
    if min(header.width, header.height) < 1:
        raise UnreadablePhoto("truncated")
    if min(header.width, header.height) < MIN_SIDE:
        raise UnreadablePhoto("too_small", width=str(header.width), height=str(header.height))
    most = max_pixels * REDUCIBLE if header.format == "JPEG" else max_pixels
    if header.width * header.height > most or max(header.width, header.height) > MAX_SIDE:
        raise UnreadablePhoto("too_many_pixels", limit=f"{most / 1e6:g} MP")
    if header.memory > min(MAX_MEMORY, MEMORY_OF_ANY_FILE + MEMORY_PER_BYTE * size) or header.work > MAX_WORK:
        raise UnreadablePhoto("too_costly")


def _parser(data: bytes) -> Callable[[bytes], PhotoHeader] | None:
    if data.startswith(b"\xff\xd8\xff"):
        return _jpeg
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return _png
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return _webp
    if data.startswith((b"GIF87a", b"GIF89a")):
        return _gif
    if data.startswith(b"BM"):
        return _bmp
    if data[4:8] == b"ftyp":
        return _isobmff
    return None


# --- JPEG (ITU-T T.81) -------------------------------------------------------------------------------------------

_MARKER = re.compile(rb"\xff[\x01-\xcf\xd8-\xfe]")  # not a stuffed zero, a restart marker or a fill byte
_SOI, _EOI, _SOS, _DHT, _DAC, _JPG, _TEM = 0xD8, 0xD9, 0xDA, 0xC4, 0xCC, 0xC8, 0x01
_FRAMES = frozenset(range(0xC0, 0xD0)) - {_DHT, _DAC, _JPG}
_NEEDED = _FRAMES | {_DHT, _DAC, 0xDB, 0xDD, 0xE0, 0xEE}  # tables, restart interval, JFIF, Adobe


def _jpeg(data: bytes) -> PhotoHeader:
    spans, exif, position = [(0, 2)], b"", 2
    profile_parts: dict[int, bytes] = {}
    frame = None
    for _ in range(MAX_SEGMENTS):
        found = _MARKER.search(data, position)
        if found is None:
            raise UnreadablePhoto("truncated")
        marker, position = data[found.end() - 1], found.end()
        if marker in (_SOI, _TEM):
            continue
        if marker == _EOI:
            raise UnreadablePhoto("truncated")
        if marker == _SOS:
            break
        end = position + max(2, _u16(data, position))
        if marker in _NEEDED:
            spans.append((found.start(), end))
        if marker in _FRAMES:
            frame = (marker, data[position + 2 : end])
        elif marker == 0xE1 and not exif and data[position + 2 : position + 8] == b"Exif\0\0":
            exif = data[position + 8 : end]
        elif marker == 0xE2 and data[position + 2 : position + 14] == b"ICC_PROFILE\0":
            profile_parts.setdefault(data[position + 14], data[position + 16 : end])
        position = end
    else:
        raise UnreadablePhoto("too_costly")
    if frame is None:
        raise UnreadablePhoto("truncated")
    marker, (_bits, height, width, count) = frame[0], struct.unpack_from(">BHHB", frame[1])
    components = {frame[1][6 + 3 * index]: frame[1][7 + 3 * index] for index in range(count)}
    samples = _samples(components, width, height)
    passes, many = _scans(data, found.start(), samples)
    spans.append((found.start(), len(data)))
    # Pillow keeps 4 bytes a pixel of what is decoded at once; libjpeg keeps all coefficients of several scans.
    coefficients = 2 * sum(samples.values()) if many else 0.0
    memory = 4 * min(width * height, 50_000_000) + coefficients
    profile = b"".join(profile_parts[part] for part in sorted(profile_parts))
    tags = _exif_tags(exif)
    colours = Colours(profile or None)
    if not profile and tags.get("interoperability") == b"R03":  # DCF 2.0: Adobe RGB without a profile
        colours = Colours(primaries=ADOBE_RGB, gamma=563 / 256)
    orientation = tags.get("orientation", UPRIGHT)
    header = PhotoHeader("JPEG", width, height, memory, passes, orientation, colours, tuple(spans))
    return replace(header, coefficients=coefficients)


ADOBE_RGB = (0.3127, 0.3290, 0.64, 0.33, 0.21, 0.71, 0.15, 0.06)  # white, red, green, blue


def _samples(components: dict[int, int], width: int, height: int) -> dict[int, float]:
    """Component id -> its samples, by the sampling factors in a frame header."""
    widest = max(((factors >> 4) or 1 for factors in components.values()), default=1)
    highest = max(((factors & 15) or 1 for factors in components.values()), default=1)
    return {
        number: width * height * ((factors >> 4) or 1) * ((factors & 15) or 1) / (widest * highest)
        for number, factors in components.items()
    }


def _scans(data: bytes, position: int, samples: dict[int, float]) -> tuple[float, bool]:
    """(samples that all scans of the first picture pass over, whether there are several), from its first SOS on.

    A file of a few megabytes can hold a hundred thousand progressive scans, each a pass over the whole picture: hours
    of decoding that no limit on bytes or pixels prevents (libjpeg-turbo, "Two Issues with the JPEG Standard", 2015).
    """
    work, scans = 0.0, 0
    if data.count(b"\xff\xda", position) == 1:  # fast, and true of most
        return sum(samples.values()), False
    while work <= MAX_WORK and scans <= MAX_SCANS and (found := _MARKER.search(data, position)):
        marker, position = data[found.end() - 1], found.end()
        if marker == _EOI:
            break
        if marker in (_SOI, _TEM):
            continue
        if marker == _SOS and position + 3 <= len(data):
            count = data[position + 2]
            numbers = data[position + 3 : position + 3 + 2 * count : 2]
            work += sum(samples.get(number, 0.0) for number in numbers) + 1000
            scans += 1
        position += max(2, int.from_bytes(data[position : position + 2]))
    return (math.inf if scans > MAX_SCANS else work), scans > 1


# --- PNG (third edition) -----------------------------------------------------------------------------------------


def _png(data: bytes) -> PhotoHeader:
    facts: dict[bytes, bytes] = {}
    spans, position, started = [(0, 8)], 8, False
    for _ in range(MAX_CHUNKS):
        if position + 8 > len(data):
            break
        length, kind = struct.unpack_from(">I4s", data, position)
        end = position + 12 + length
        if kind == b"IDAT":
            started = True
        elif kind in (b"iCCP", b"gAMA", b"cHRM", b"sRGB", b"cICP", b"eXIf", b"tRNS", b"IHDR"):
            facts.setdefault(kind, data[position + 8 : end - 4])
        if kind in (b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND"):
            if spans[-1][1] == position:
                spans[-1] = (spans[-1][0], min(end, len(data)))
            else:
                spans.append((position, min(end, len(data))))
        position = end
        if kind == b"IEND":
            break
    else:
        raise UnreadablePhoto("too_costly")
    if not started or b"IHDR" not in facts:
        raise UnreadablePhoto("truncated")
    width, height, depth, kind_of_colour, _, _, interlaced = struct.unpack_from(">IIBBBBB", facts[b"IHDR"])
    pixels = width * height
    bytes_of_a_pixel = {0: 2 if depth == 16 else 1, 3: 1, 4: 4}.get(kind_of_colour, 4)
    work = pixels * bytes_of_a_pixel * (2 if depth == 16 else 1) * (1.5 if interlaced else 1)
    transparent = _transparent_sample(facts.get(b"tRNS", b""), kind_of_colour, depth)
    header = PhotoHeader("PNG", width, height, pixels * bytes_of_a_pixel, work, transparent=transparent)
    return replace(
        header,
        orientation=exif_orientation(facts.get(b"eXIf", b"")),
        colours=_png_colours(facts),
        spans=tuple(spans),
    )


def _transparent_sample(chunk: bytes, kind_of_colour: int, depth: int) -> int | tuple[int, ...] | None:
    """tRNS of grey and RGB as 8-bit samples (16-bit grey as it is); a palette's is left to the decoder."""
    if kind_of_colour == 0 and len(chunk) >= 2:
        value = _u16(chunk, 0)
        return value if depth == 16 else value * 255 // ((1 << depth) - 1)
    if kind_of_colour == 2 and len(chunk) >= 6:
        red, green, blue = struct.unpack_from(">HHH", chunk)
        return tuple(value >> 8 if depth == 16 else value & 255 for value in (red, green, blue))
    return None


def _png_colours(facts: dict[bytes, bytes]) -> Colours:
    """By what goes first: cICP, iCCP, sRGB, then gAMA and cHRM."""
    if len(cicp := facts.get(b"cICP", b"")) >= 2:
        return Colours(None, cicp[0], cicp[1])
    if profile := _png_profile(facts.get(b"iCCP", b"")):
        return Colours(profile)
    if b"sRGB" in facts:
        return Colours()
    primaries = SRGB_CHROMATICITIES
    if len(chunk := facts.get(b"cHRM", b"")) >= 32:
        primaries = tuple(value / 100_000 for value in struct.unpack_from(">8I", chunk))
    gamma = int.from_bytes(facts.get(b"gAMA", b"")[:4])
    like_srgb = all(abs(one - other) < 0.005 for one, other in zip(primaries, SRGB_CHROMATICITIES, strict=True))
    if like_srgb and (not gamma or 43_000 < gamma < 48_000):  # 45,455 stands for the curve of sRGB
        return Colours()
    return Colours(primaries=primaries, gamma=100_000 / gamma if 10_000 <= gamma <= 1_000_000 else None)


SRGB_CHROMATICITIES: tuple[float, ...] = (0.3127, 0.3290, 0.64, 0.33, 0.30, 0.60, 0.15, 0.06)  # white, red, green, blue


def _png_profile(chunk: bytes) -> bytes | None:
    """The profile in an iCCP chunk: name, zero, method, zlib. A bomb and a broken one are no profile."""
    name, _, packed = chunk[:81].partition(b"\0")
    if not chunk or not packed:
        return None
    unpacking = zlib.decompressobj()
    try:
        profile = unpacking.decompress(chunk[len(name) + 2 :], MAX_PROFILE)
    except zlib.error:
        return None
    return None if unpacking.unconsumed_tail else profile


# --- WebP (RFC 9649) ---------------------------------------------------------------------------------------------


def _webp(data: bytes) -> PhotoHeader:
    first, exif, profile, size, position = [], b"", None, None, 12
    plain, seen = True, False  # plain: lossy and opaque
    for _ in range(MAX_SEGMENTS):
        if position + 8 > len(data):
            break
        kind, length = struct.unpack_from("<4sI", data, position)
        start, end = position + 8, position + 8 + length + (length & 1)
        if kind == b"VP8X":
            size = (1 + _u24(data, start + 4), 1 + _u24(data, start + 7))
            first.append((position, end))
        elif kind in (b"VP8 ", b"VP8L", b"ANMF") and not seen:
            if start + length > len(data):
                raise UnreadablePhoto("truncated")
            seen, plain = True, plain and kind == b"VP8 "
            if kind == b"ANMF":
                frame = (
                    _u24(data, start) * 2 + _u24(data, start + 6),
                    _u24(data, start + 3) * 2 + _u24(data, start + 9),
                )
                if size is None or frame[0] + 1 > size[0] or frame[1] + 1 > size[1]:
                    raise UnreadablePhoto("truncated")
            size = size or _webp_size(kind, data, start)
            first.append((position, min(end, len(data))))
        elif kind in (b"ALPH", b"ANIM"):
            plain = False
            first.append((position, end))
        elif kind == b"ICCP":
            profile = data[start : start + length]
        elif kind == b"EXIF":
            exif = data[start : start + length]
        position = end
    else:
        if not seen:
            raise UnreadablePhoto("too_costly")
    if size is None or not seen:
        raise UnreadablePhoto("truncated")
    pixels = size[0] * size[1]
    orientation = exif_orientation(exif)
    return PhotoHeader(
        "WEBP", *size, (13 if plain else 16) * pixels, 4 * pixels, orientation, Colours(profile), tuple(first), _riff
    )


def _webp_size(kind: bytes, data: bytes, start: int) -> tuple[int, int]:
    if kind == b"VP8L":
        bits = int.from_bytes(data[start + 1 : start + 5], "little")
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    width, height = struct.unpack_from("<HH", data, start + 6)
    return width & 0x3FFF, height & 0x3FFF


def _riff(chunks: bytes) -> bytes:
    """The chunks as a WebP file, whose flags announce no more than alpha and animation."""
    if chunks.startswith(b"VP8X"):
        chunks = chunks[:8] + bytes([chunks[8] & 0b0001_0010]) + chunks[9:]
    return b"RIFF" + struct.pack("<I", len(chunks) + 4) + b"WEBP" + chunks


# --- GIF (89a) ---------------------------------------------------------------------------------------------------


def _gif(data: bytes) -> PhotoHeader:
    width, height, flags = struct.unpack_from("<HHB", data, 6)
    position = 13 + (3 << (flags & 7) + 1 if flags & 0x80 else 0)
    spans = [(0, position)]
    blocks = 0
    while data[position] == 0x21:  # extensions: only the first frame's control block is needed
        start, label = position, data[position + 1]
        position += 2
        while data[position]:
            position += 1 + data[position]
            if (blocks := blocks + 1) > MAX_CHUNKS:
                raise UnreadablePhoto("too_costly")
        position += 1
        if label == 0xF9:
            spans = [spans[0], (start, position)]
    if data[position] != 0x2C:
        raise UnreadablePhoto("truncated")
    left, top, frame_width, frame_height, frame_flags = struct.unpack_from("<HHHHB", data, position + 1)
    start = position
    position += 10 + (3 << (frame_flags & 7) + 1 if frame_flags & 0x80 else 0) + 1
    for _ in range(MAX_CHUNKS):
        if position >= len(data):  # cut off within the frame: whether it is whole is for the decoder to find
            break
        length = data[position]
        position += 1 + length
        if not length:
            break
    else:
        raise UnreadablePhoto("too_costly")
    spans.append((start, min(position, len(data))))
    width, height = max(width, left + frame_width), max(height, top + frame_height)
    box = (left, top, left + frame_width, top + frame_height)
    return PhotoHeader(
        "GIF",
        width,
        height,
        2 * width * height,
        2 * width * height,
        spans=tuple(spans),
        joined=lambda kept: kept + b";",
        opaque_box=None if box == (0, 0, width, height) else box,
    )


# --- BMP ---------------------------------------------------------------------------------------------------------


def _bmp(data: bytes) -> PhotoHeader:
    length = int.from_bytes(data[14:18], "little")
    if length not in (12, 16, 40, 52, 56, 64, 108, 124):
        raise UnreadablePhoto("not_an_image")
    if length == 12:
        width, height, _planes, bits = struct.unpack_from("<HHHH", data, 18)
        compression = 0
    else:
        width, height, _planes, bits, compression = struct.unpack_from("<iiHHI", data, 18)
    width, height = abs(width), abs(height)
    pixels = width * height
    run_lengths = compression in (1, 2)  # Pillow unfolds these in Python: about a microsecond for each pair of bytes
    work = pixels + (200 * len(data) + 10 * pixels if run_lengths else 0)
    return PhotoHeader("BMP", width, height, pixels * (1 if bits <= 8 else 4) * (3 if run_lengths else 1), work)


# --- HEIF and AVIF (ISO/IEC 14496-12, 23008-12) ------------------------------------------------------------------


@dataclass(slots=True)
class _Item:
    kind: bytes = b""
    properties: list[tuple[bytes, bytes]] = field(default_factory=list)
    made_of: list[int] = field(default_factory=list)  # tiles of a grid, layers of an overlay

    def size(self) -> tuple[int, int]:
        for kind, body in self.properties:
            if kind == b"ispe":
                return struct.unpack_from(">II", body, 4)
        return 0, 0


_AVIF_BRANDS = (b"avif", b"avis")
_HEIF_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1", b"mif2", b"miaf")


def _isobmff(data: bytes) -> PhotoHeader:
    length = int.from_bytes(data[:4])
    brands = [data[8:12], *(data[at : at + 4] for at in range(16, min(length, len(data), 400), 4))]
    if any(brand in _AVIF_BRANDS for brand in brands):
        format = "AVIF"
    elif any(brand in _HEIF_BRANDS for brand in brands):
        format = "HEIF"
    else:
        raise UnreadablePhoto("not_an_image")
    top = {kind: (start, end) for kind, start, end in _boxes(data, 0, len(data))}
    if b"meta" not in top:
        if b"moov" not in top:
            raise UnreadablePhoto("truncated")
        return _film(data, format, top[b"moov"])
    items, primary, exif_items = _items(data, *top[b"meta"])
    item = items.get(primary)
    if item is None:
        raise UnreadablePhoto("truncated")
    width, height = item.size()
    if not width or not height:
        raise UnreadablePhoto("truncated")
    leaf = items.get(item.made_of[0], item) if item.made_of else item
    format = {b"av01": "AVIF", b"hvc1": "HEIF", b"hev1": "HEIF"}.get(leaf.kind, format)
    coded = _coded_pixels(items, primary, 0)
    deep = any(kind == b"pixi" and max(body[5:], default=8) > 8 for kind, body in item.properties)
    memory = (10 if format == "AVIF" else 9) * width * height + (4 if deep else 2) * coded
    swapped = sum(body[0] & 1 for kind, body in item.properties if kind == b"irot" and body) % 2
    return PhotoHeader(
        format,
        width,
        height,
        memory,
        3 * coded,
        orientation=6 if swapped else UPRIGHT,  # for the upright size only: the decoder turns and mirrors
        colours=_item_colours(item),
        clean_box=_clean_box(item, width, height),
        spans=((0, len(data)),),
        joined=partial(_without_items, places=exif_items),
    )


def _without_items(data: bytes, places: list[int]) -> bytes:
    """`data` with the items whose types lie at `places` hidden from the decoder: irot tells the turn, not EXIF."""
    changed = bytearray(data)
    for place in places:
        changed[place : place + 4] = b"skip"
    return bytes(changed)


def _clean_box(item: _Item, width: int, height: int) -> tuple[int, int, int, int] | None:
    """(left, top, right, bottom) of the clean aperture (ISO/IEC 14496-12, 12.1.4), None where there is no sane one."""
    for kind, body in item.properties:
        if kind != b"clap":
            continue
        wide, wide_by, high, high_by, x, x_by, y, y_by = struct.unpack_from(">IIIIiIiI", body)
        if not (wide_by and high_by and x_by and y_by):
            return None
        clean_width, clean_height = wide // wide_by, high // high_by
        left = round(x / x_by + (width - clean_width) / 2)
        top = round(y / y_by + (height - clean_height) / 2)
        box = (left, top, left + clean_width, top + clean_height)
        inside = min(left, top) >= 0 and box[2] <= width and box[3] <= height
        return box if inside and min(clean_width, clean_height) >= 1 and box != (0, 0, width, height) else None
    return None


def _item_colours(item: _Item) -> Colours:
    profile, primaries, transfer = None, 2, 2
    for kind, body in item.properties:
        if kind == b"colr" and body[:4] in (b"prof", b"rICC"):
            profile = body[4:]
        elif kind == b"colr" and body[:4] == b"nclx":
            primaries, transfer = struct.unpack_from(">HH", body, 4)
    return Colours(profile, primaries, transfer)


def _film(data: bytes, format: str, moov: tuple[int, int]) -> PhotoHeader:
    """A sequence without a still: the size of its first track that has one."""
    for kind, start, end in _boxes(data, *moov):
        if kind != b"trak":
            continue
        for inner, at, inner_end in _boxes(data, start, end):
            if inner == b"tkhd" and inner_end - at >= 84:
                width, height = (value >> 16 for value in struct.unpack_from(">II", data, inner_end - 8))
                if width and height:
                    return PhotoHeader(format, width, height, 18 * width * height, 3 * width * height)
    raise UnreadablePhoto("truncated")


def _boxes(data: bytes, position: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """(type, start and end of the body) of each box; a size that cannot be ends the list."""
    for _ in range(MAX_SEGMENTS):
        if position + 8 > end:
            return
        length, kind = struct.unpack_from(">I4s", data, position)
        start = position + 8
        if length == 1 and position + 16 <= end:
            length, start = int.from_bytes(data[position + 8 : position + 16]), position + 16
        elif length == 0:
            length = end - position
        if length < start - position:
            return
        yield kind, start, min(position + length, end)
        position += length
    raise UnreadablePhoto("too_costly")


def _items(data: bytes, start: int, end: int) -> tuple[dict[int, _Item], int, list[int]]:
    """(items by id, id of the primary one, positions of the types of Exif items) of a meta box."""
    parts = {kind: (at, stop) for kind, at, stop in _boxes(data, start + 4, end)}
    items: dict[int, _Item] = {}
    exif: list[int] = []
    at, _stop = parts.get(b"pitm", (0, 0))
    if not at:
        raise UnreadablePhoto("truncated")
    primary = int.from_bytes(data[at + 4 : at + (6 if data[at] == 0 else 8)])
    if b"iinf" in parts:
        at, stop = parts[b"iinf"]
        for kind, entry, _entry_end in _boxes(data, at + (6 if data[at] == 0 else 8), stop):
            if kind == b"infe" and data[entry] >= 2:
                wide = 2 if data[entry] == 2 else 4
                number = int.from_bytes(data[entry + 4 : entry + 4 + wide])
                type_at = entry + 4 + wide + 2
                items[number] = _Item(data[type_at : type_at + 4])
                if items[number].kind == b"Exif":
                    exif.append(type_at)
    if b"iprp" in parts:
        _attach_properties(data, *parts[b"iprp"], items)
    if b"iref" in parts:
        at, stop = parts[b"iref"]
        wide = 2 if data[at] == 0 else 4
        for kind, entry, _entry_end in _boxes(data, at + 4, stop):
            if kind == b"dimg":
                number = int.from_bytes(data[entry : entry + wide])
                count = _u16(data, entry + wide)
                if count > MAX_FILES_WITHIN:
                    raise UnreadablePhoto("too_costly")
                first = entry + wide + 2
                item = items.setdefault(number, _Item())
                item.made_of = [int.from_bytes(data[at : at + wide]) for at in range(first, first + count * wide, wide)]
    return items, primary, exif


def _attach_properties(data: bytes, start: int, end: int, items: dict[int, _Item]) -> None:
    known: list[tuple[bytes, bytes]] = []
    for kind, at, stop in _boxes(data, start, end):
        if kind == b"ipco":
            known = [(name, data[a:b]) for name, a, b in _boxes(data, at, stop)]
    for kind, at, stop in _boxes(data, start, end):
        if kind != b"ipma":
            continue
        version, flags, count = data[at], data[at + 3], int.from_bytes(data[at + 4 : at + 8])
        position = at + 8
        for _ in range(min(count, MAX_SEGMENTS)):
            wide = 2 if version == 0 else 4
            item = items.setdefault(int.from_bytes(data[position : position + wide]), _Item())
            position += wide
            if position >= stop:
                return
            associations, position = data[position], position + 1
            for _ in range(associations):
                if flags & 1:
                    index, position = _u16(data, position) & 0x7FFF, position + 2
                else:
                    index, position = data[position] & 0x7F, position + 1
                if 0 < index <= len(known):
                    item.properties.append(known[index - 1])


def _coded_pixels(items: dict[int, _Item], number: int, depth: int) -> int:
    """Pixels that are decoded for an item: its tiles', or its own."""
    item = items.get(number)
    if item is None or depth > 3:
        raise UnreadablePhoto("truncated")
    width, height = item.size()
    if not item.made_of:
        return width * height
    per_kind = {part: item.made_of.count(part) for part in set(item.made_of)}
    return sum(count * _coded_pixels(items, part, depth + 1) for part, count in per_kind.items())


# --- EXIF (2.32) and numbers -------------------------------------------------------------------------------------


def exif_orientation(exif: bytes) -> int:
    """1 to 8; 1 where the bytes of an EXIF block do not say."""
    return _exif_tags(exif.removeprefix(b"Exif\0\0")).get("orientation", UPRIGHT)


def _exif_tags(exif: bytes) -> dict[str, Any]:
    """`orientation` (1..8) and `interoperability` (b"R03": Adobe RGB), where they can be read. Follows no loops."""
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(exif[:4])
    if order is None:
        return {}
    tags = {}
    try:
        first = _directory(exif, struct.unpack_from(order + "I", exif, 4)[0], order)
        kind, value = first.get(0x0112, (0, b""))
        if kind in (3, 4):
            turned = struct.unpack_from(order + ("H" if kind == 3 else "I"), value)[0]
            if 1 <= turned <= 8:
                tags["orientation"] = turned
        if 0x8769 in first:
            photo = _directory(exif, struct.unpack(order + "I", first[0x8769][1])[0], order)
            if 0xA005 in photo:
                rules = _directory(exif, struct.unpack(order + "I", photo[0xA005][1])[0], order)
                tags["interoperability"] = rules.get(1, (0, b""))[1][:3]
    except struct.error:  # broken EXIF is common and says nothing about the picture
        pass
    return tags


def _directory(exif: bytes, offset: int, order: str) -> dict[int, tuple[int, bytes]]:
    """Tag -> (type, the four bytes of its value or of its place)."""
    (count,) = struct.unpack_from(order + "H", exif, offset)
    entries: dict[int, tuple[int, bytes]] = {}
    for at in range(offset + 2, offset + 2 + 12 * min(count, 500), 12):
        if at + 12 > len(exif):
            break
        tag, kind = struct.unpack_from(order + "HH", exif, at)
        entries.setdefault(tag, (kind, exif[at + 8 : at + 12]))
    return entries


def _u16(data: bytes, at: int) -> int:
    return struct.unpack_from(">H", data, at)[0]


def _u24(data: bytes, at: int) -> int:
    if at + 3 > len(data):
        raise IndexError("beyond the end")
    return int.from_bytes(data[at : at + 3], "little")
