"""Small files that would cost a decoder much time or memory. Tests decode them, benchmarks measure what they cost."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator

import numpy as np
from PIL import Image

from catalog.benchmarks.pictures import chunk, encoded, patches


def hostile_photos() -> Iterator[tuple[str, bytes, str | None]]:
    """(name, file, code): the code of the UnreadablePhoto that it must raise, or None if it can be decoded cheaply."""
    yield "webp, lossless, 50 MP in 40 bytes", webp_lossless(16383, 3050), "too_costly"
    yield "webp, a canvas of 49 MP around a small picture", webp_canvas(7000, 7000), "too_costly"
    yield "jpeg, 90 scans of 50 MP", many_scans(7000, 7000, 90), "too_costly"
    yield "jpeg, 2,000 scans of little", many_scans(320, 240, 2000), "too_costly"
    yield "jpeg, a million empty comments", jpeg_comments(), "too_costly"
    yield "jpeg, 10 MB of fill bytes", jpeg_fill(), None
    yield "png, 10,000 x 10,000", png_of(10_000, 10_000), "too_many_pixels"
    yield "png, rgba of 16 bits, 49 MP of nothing", png_of(7000, 7000, 16, 6), "truncated"
    yield "png, a profile of 2 GB", png_with(chunk(b"iCCP", b"x\0\0" + deflated(2_000_000_000))), None
    yield "png, texts of 2 GB", png_with(*[chunk(b"zTXt", b"x\0\0" + deflated(100_000_000))] * 20), None
    yield "png, 300,000 chunks", png_with(chunk(b"tIME", b"") * 300_000), "too_costly"
    yield "gif, 65,535 x 65,535", gif_of(65_535, 65_535), "too_many_pixels"
    yield "gif, a frame larger than its canvas", gif_of(10, 10, 65_535, 65_535), "too_many_pixels"
    yield "gif, a million empty comments", gif_comments(), "too_costly"
    yield "bmp, 2 billion pixels", bmp_of(46_000, 46_000), "too_many_pixels"
    yield "bmp, run lengths of 49 MP", bmp_of(7000, 7000, compression=1), "truncated"
    yield "avif, a grid of 4,000 x 4,000 from few tiles", isobmff(b"avif", b"av01", (4000, 4000), 4096), "too_costly"
    yield "heic, ten thousand tiles", isobmff(b"heic", b"hvc1", (4000, 4000), 10_000), "too_costly"
    yield "heic, tiles made of themselves", isobmff(b"heic", b"hvc1", (4000, 4000), 4, loop=True), "truncated"
    yield "heic, 30,000 x 30,000", isobmff(b"heic", b"hvc1", (30_000, 30_000), 0), "too_many_pixels"
    yield "exif that points to itself", exif_loop(), None
    yield "a broken profile", encoded(patches(), "JPEG", icc_profile=b"\xff" * 128), None
    yield "a page of html that is a jpeg too", encoded(patches(), "JPEG", comment=b"<script>alert(1)</script>"), None


def webp_lossless(width: int, height: int) -> bytes:
    bits = 0x2F | (width - 1) << 8 | (height - 1) << 22
    body = bits.to_bytes(5, "little") + bytes(15)
    return b"RIFF" + struct.pack("<I", 12 + len(body)) + b"WEBPVP8L" + struct.pack("<I", len(body)) + body


def webp_canvas(width: int, height: int) -> bytes:
    frames = [patches(), patches().rotate(180)]
    data = bytearray(encoded(frames[0], "WEBP", save_all=True, append_images=frames[1:]))
    at = data.index(b"VP8X") + 12
    data[at : at + 6] = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    return bytes(data)


def many_scans(width: int, height: int, count: int) -> bytes:
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 96, 3), np.uint8))
    data = encoded(noise, "JPEG", progressive=True)
    at = data.index(b"\xff\xc2") + 5
    data = data[:at] + struct.pack(">HH", height, width) + data[at + 4 :]
    last = data[data.rindex(b"\xff\xda") : -2]
    return data[:-2] + count * last + data[-2:]


def jpeg_comments() -> bytes:
    data = encoded(patches(), "JPEG")
    return data[:2] + 1_000_000 * b"\xff\xfe\0\2" + data[2:]


def jpeg_fill() -> bytes:
    data = encoded(patches(), "JPEG")
    return data[:2] + 10_000_000 * b"\xff" + data[2:]


def png_of(width: int, height: int, depth: int = 8, colour: int = 2) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", deflated(1000)) + chunk(b"IEND", b"")


def png_with(*chunks: bytes) -> bytes:
    data = encoded(patches(), "PNG")
    return data[:33] + b"".join(chunks) + data[33:]


def deflated(size: int) -> bytes:
    packing, packed = zlib.compressobj(9), []
    for start in range(0, size, 10_000_000):
        packed.append(packing.compress(bytes(min(10_000_000, size - start))))
    return b"".join([*packed, packing.flush()])


def gif_of(width: int, height: int, frame_width: int = 16, frame_height: int = 16) -> bytes:
    data = bytearray(encoded(patches((16, 16)).quantize(4), "GIF"))
    data[6:10] = struct.pack("<HH", width, height)
    at = data.index(b",\0\0\0\0") + 5
    data[at : at + 4] = struct.pack("<HH", frame_width, frame_height)
    return bytes(data)


def gif_comments() -> bytes:
    data = encoded(patches((16, 16)).quantize(4), "GIF")
    at = data.index(b",\0\0\0\0")
    return data[:at] + b"!\xfe" + 1_000_000 * b"\1a" + b"\0" + data[at:]


def bmp_of(width: int, height: int, compression: int = 0) -> bytes:
    dib = struct.pack("<IiiHHIIiiII", 40, width, height, 1, 8, compression, 0, 0, 0, 0, 0)
    return b"BM" + struct.pack("<IHHI", 1100, 0, 0, 1078) + dib + bytes(1046)


def exif_loop() -> bytes:
    directory = struct.pack("<H", 1) + struct.pack("<HHII", 0x8769, 4, 1, 8) + struct.pack("<I", 8)
    return encoded(patches(), "JPEG", exif=b"Exif\0\0II*\0\x08\0\0\0" + directory)


def isobmff(brand: bytes, kind: bytes, size: tuple[int, int], tiles: int, loop: bool = False) -> bytes:
    """A HEIF file without pixels whose picture (item 1) is a grid of item 2, `tiles` times, as large as itself."""

    def box(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I4s", 8 + len(body), name) + body

    def full(name: bytes, body: bytes, version: int = 0) -> bytes:
        return box(name, bytes([version, 0, 0, 0]) + body)

    def entry(number: int, name: bytes) -> bytes:
        return full(b"infe", struct.pack(">HH4sB", number, 0, name, 0), 2)

    items = full(b"iinf", struct.pack(">H", 2) + entry(1, b"grid" if tiles else kind) + entry(2, kind))
    shapes = box(b"ipco", full(b"ispe", struct.pack(">II", *size)))
    owners = full(b"ipma", struct.pack(">I", 2) + struct.pack(">HBB", 1, 1, 1) + struct.pack(">HBB", 2, 1, 1))
    parts = struct.pack(f">HH{tiles}H", 1, tiles, *[1 if loop else 2] * tiles)
    references = full(b"iref", box(b"dimg", parts)) if tiles else b""
    handler = full(b"hdlr", bytes(4) + b"pict" + bytes(13))
    meta = full(
        b"meta", handler + full(b"pitm", struct.pack(">H", 1)) + items + references + box(b"iprp", shapes + owners)
    )
    return box(b"ftyp", brand + bytes(4) + b"mif1" + brand) + meta + box(b"mdat", bytes(4000))
