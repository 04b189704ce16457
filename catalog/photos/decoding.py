"""From the bytes of anybody's picture file to upright sRGB pixels, always in the same way.

What is embedded, what is shown and what is compared all come from `read_photo`: a shopper and the network see the
same picture. Costs are bounded before decoding (catalog/photos/headers.py). Needs no Django settings and no
database: decoder processes import this (catalog/photos/decoders.py).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import pillow_heif
from PIL import (
    AvifImagePlugin,
    BmpImagePlugin,
    GifImagePlugin,
    Image,
    ImageChops,
    JpegImagePlugin,
    PngImagePlugin,
    WebPImagePlugin,
)

from catalog.photos.colours import HLG, PQ, conversion
from catalog.photos.crop import WHOLE, Crop
from catalog.photos.errors import UnreadablePhoto
from catalog.photos.fitting import WHITE, fitted_square
from catalog.photos.headers import UPRIGHT, Colours, PhotoHeader, exif_orientation, read_header, reduced_size

# Opened by name, never by Image.open: it would try all formats that any import has registered with Pillow.
DECODERS: dict[str, Callable[[BytesIO], Image.Image]] = {
    "JPEG": JpegImagePlugin.JpegImageFile,
    "PNG": PngImagePlugin.PngImageFile,
    "WEBP": WebPImagePlugin.WebPImageFile,
    "AVIF": AvifImagePlugin.AvifImageFile,
    "GIF": GifImagePlugin.GifImageFile,
    "BMP": BmpImagePlugin.BmpImageFile,
    "HEIF": pillow_heif.HeifImageFile,
}
pillow_heif.options.THUMBNAILS = pillow_heif.options.DEPTH_IMAGES = pillow_heif.options.AUX_IMAGES = False

STRIP = 1_000_000  # pixels that are converted at once: no copy of a large photo at full size is made

_TURNS = {  # EXIF 2.32, tag 0x0112
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def read_photo(
    source: bytes | Path | BinaryIO, *, max_bytes: int, max_pixels: int, target: int | None = None
) -> Image.Image:
    """The photo as upright sRGB pixels (mode RGB, transparency on white, first picture, no metadata).

    `max_bytes` and `max_pixels` (width x height; a JPEG, which can be decoded at a fraction of its size, may have
    REDUCIBLE times as many) are checked before anything is decoded, and so is what decoding would cost. With
    `target`, a much larger photo comes back smaller, its longest side still at least twice `target` pixels. Pass what
    you need of the whole photo: for a crop of half its width, twice as much. Without it a JPEG of more than
    `max_pixels` comes back at a half or a quarter of its sides.

    Raises UnreadablePhoto, and for hostile bytes nothing else; errors of reading an open `source` pass through.
    """
    data = read_bytes(source, max_bytes)
    header = read_header(data, max_pixels)
    return decode(header, header.essence(data), max_pixels, target)


def decode(header: PhotoHeader, data: bytes, max_pixels: int, target: int | None) -> Image.Image:
    """The photo whose `header` and essence (`data`) these are: see read_photo."""
    try:
        return _decode(header, data, max_pixels, target)
    except UnreadablePhoto:
        raise
    except MemoryError:
        raise UnreadablePhoto("too_costly") from None
    except Exception as error:  # decoders raise nearly everything on hostile bytes; all of it means the same to us
        raise UnreadablePhoto("truncated") from error


@dataclass(frozen=True)
class View:
    """What is needed of a photo: `part` of it, at least twice `target` pixels long where the photo has as many; or
    fitted into a square of `target` pixels (catalog/photos/fitting.py)."""

    part: Crop
    target: int
    fitted: bool = False


@dataclass(frozen=True)
class Thumbnail:
    """A small JPEG of the whole photo."""

    side: int  # pixels of the longest side
    quality: int

    @property
    def view(self) -> View:
        """What it is made of."""
        return View(WHOLE, self.side // 2)


SMALLEST_PART = 0.05  # of a side; a smaller one is not decoded any finer


def decode_views(
    header: PhotoHeader, data: bytes, max_pixels: int, views: Sequence[View]
) -> list[tuple[Image.Image, Crop]]:
    """Each view of the photo whose `header` and essence (`data`) these are, from one decoding.

    (A picture, mode RGB, little larger than the view needs; where in that picture the view's part lies.) Of a fitted
    view the picture is the square.
    Raises UnreadablePhoto as read_photo does.
    """
    photo = decode(header, data, max_pixels, target_of(views))
    return [_seen(photo, view) for view in views]


def target_of(views: Sequence[View]) -> int:
    """What decoding the whole photo must reach, so that each view has its pixels."""
    return round(max(view.target / max(min(view.part.width, view.part.height), SMALLEST_PART) for view in views))


def _seen(photo: Image.Image, view: View) -> tuple[Image.Image, Crop]:
    left, top, right, bottom = view.part.box(*photo.size)
    x, y, far_x, far_y = math.floor(left), math.floor(top), math.ceil(right), math.ceil(bottom)
    part = photo if view.part == WHOLE else photo.crop((x, y, far_x, far_y))
    within = Crop(
        (left - x) / part.width, (top - y) / part.height, (right - left) / part.width, (bottom - top) / part.height
    )
    factor = max(1, max(part.size) // (2 * view.target))
    small = _reduced(part, (max(1, round(part.width / factor)), max(1, round(part.height / factor))))
    return (fitted_square(small, view.target, within), WHOLE) if view.fitted else (small, within)


def read_bytes(source: bytes | Path | BinaryIO, max_bytes: int) -> bytes:
    """All of `source`, never more than `max_bytes` + 1 bytes of it in memory.

    Raises UnreadablePhoto: missing, empty, too_many_bytes.
    """
    if isinstance(source, Path):
        try:
            with source.open("rb") as file:
                return read_bytes(file, max_bytes)
        except (FileNotFoundError, IsADirectoryError):
            raise UnreadablePhoto("missing") from None
    data = source if isinstance(source, bytes) else source.read(max_bytes + 1)
    if not data:
        raise UnreadablePhoto("empty")
    if len(data) > max_bytes:
        raise UnreadablePhoto("too_many_bytes", limit=f"{max_bytes / 1e6:g} MB")
    return data


def _decode(header: PhotoHeader, data: bytes, max_pixels: int, target: int | None) -> Image.Image:
    if header.format == "HEIF" and _is_hdr(header.colours):
        photo, colours = _hdr_heif(header, data), Colours()
    else:
        photo, colours = _loaded(header, data, max_pixels, target), header.colours
    orientation = header.orientation
    if header.format == "AVIF":  # irot and imir, as Pillow tells them
        orientation = exif_orientation(photo.info.get("exif", b""))
    elif header.format == "HEIF":  # libheif has turned it
        orientation = UPRIGHT
    factor = max(1, max(photo.size) // (2 * target)) if target else 1
    upright = _in_strips(photo, header, colours, factor)
    upright.info.clear()
    return upright.transpose(_TURNS[orientation]) if orientation in _TURNS else upright


def _loaded(header: PhotoHeader, data: bytes, max_pixels: int, target: int | None) -> Image.Image:
    """The decoded picture, in any mode; of a JPEG perhaps reduced."""
    photo: Image.Image = DECODERS[header.format](BytesIO(data))
    _check_size(photo.size, header)
    if header.format == "WEBP":
        return _first_frame(photo)
    if header.format != "JPEG":
        photo.load()
        _check_size(photo.size, header)  # HEIF learns its true size while decoding
        return photo.crop(header.clean_box) if header.clean_box and header.format == "AVIF" else photo
    _reduce_jpeg(photo, max_pixels, target)
    try:
        photo.load()
    except OSError:
        if not _lacks_only_its_end(data):
            raise
        photo = JpegImagePlugin.JpegImageFile(BytesIO(data.rstrip(b"\xff") + b"\xff\xd9"))
        _reduce_jpeg(photo, max_pixels, target)
        photo.load()
    return photo


def _first_frame(film: Any) -> Image.Image:
    """Of a WebP: its pixels where libwebp left them. Pillow would copy them beside the canvases of the next frames."""
    pixels, _time = film._decoder.get_next() or (None, 0)
    if pixels is None:
        raise UnreadablePhoto("truncated")
    size, mode = film.size, film.rawmode
    del film._decoder
    return Image.frombuffer(mode, size, pixels, "raw", mode, 0, 1)


def _check_size(size: tuple[int, int], header: PhotoHeader) -> None:
    """The costs were reckoned for the size in the header, and are not paid for another."""
    if size[0] * size[1] > header.width * header.height:
        raise UnreadablePhoto("truncated")


def _reduce_jpeg(photo: Image.Image, max_pixels: int, target: int | None) -> None:
    size = reduced_size(photo.size, target) if target else photo.size
    while size[0] * size[1] > max_pixels:
        size = (size[0] // 2, size[1] // 2)
    photo.draft(None, size)


def _lacks_only_its_end(data: bytes) -> bool:
    """Whether a JPEG without an end marker is otherwise whole: then what follows its last byte changes no pixel."""
    data = data.rstrip(b"\xff")
    shown = []
    for padding in (b"", bytes(range(1, 255)) * 4):
        photo = JpegImagePlugin.JpegImageFile(BytesIO(data + padding + b"\xff\xd9"))
        if photo.width * photo.height > 24_000_000:
            photo.draft(None, (photo.width // 4, photo.height // 4))
        photo.load()
        shown.append(photo)
    return ImageChops.difference(*shown).getbbox() is None


def _is_hdr(colours: Colours) -> bool:
    return colours.profile is None and colours.transfer in (PQ, HLG)


def _hdr_heif(header: PhotoHeader, data: bytes) -> Image.Image:
    """PQ and HLG need more than 8 bits until they are sRGB: mode RGB or RGBA, turned by libheif."""
    picture = pillow_heif.open_heif(data, convert_hdr_to_8bit=False, hdr_to_16bit=True)
    _check_size(picture.size, header)
    samples = np.asarray(picture)[:, : picture.size[0]]
    convert = conversion(header.colours, "RGB")
    assert convert is not None
    photo = Image.new("RGBA" if samples.shape[2] == 4 else "RGB", picture.size)
    rows = max(1, STRIP // photo.width)
    for top in range(0, photo.height, rows):
        part = samples[top : top + rows]
        strip = convert(part[..., :3])
        if part.shape[2] == 4:
            strip.putalpha(Image.fromarray((part[..., 3] >> (8 if part.dtype == np.uint16 else 0)).astype(np.uint8)))
        photo.paste(strip, (0, top))
    return photo


def _in_strips(photo: Image.Image, header: PhotoHeader, colours: Colours, factor: int) -> Image.Image:
    """The whole picture `factor` times smaller, as opaque sRGB (mode RGB)."""
    if header.format == "BMP" and photo.mode == "RGBA" and not photo.getchannel("A").getextrema()[1]:
        photo = photo.convert("RGB")  # a fourth byte that nobody filled in
    width, height = max(1, round(photo.width / factor)), max(1, round(photo.height / factor))
    rows = max(1, STRIP // (photo.width * factor))
    if rows >= height:
        return _opaque_srgb(photo, header, colours, (width, height), (0, 0, *photo.size), 0)
    whole = Image.new("RGB", (width, height))
    for top in range(0, height, rows):
        bottom = min(top + rows, height)
        upper, lower = top * photo.height / height, bottom * photo.height / height
        first = math.floor(upper)
        strip = photo.crop((0, first, photo.width, min(math.ceil(lower), photo.height)))
        box = (0, upper - first, photo.width, lower - first)
        whole.paste(_opaque_srgb(strip, header, colours, (width, bottom - top), box, first), (0, top))
    return whole


def _opaque_srgb(
    strip: Image.Image,
    header: PhotoHeader,
    colours: Colours,
    size: tuple[int, int],
    box: tuple[float, float, float, float],
    top: int,
) -> Image.Image:
    """`box` of the rows from `top` on, at `size`. An opaque picture is reduced first: colours then cost little."""
    strip, opacity = _without_transparency(strip, header, top)
    convert = conversion(colours, strip.mode)
    if opacity is None:
        small = _reduced(strip, size, box)
        return convert(small) if convert else small.convert("RGB")
    ground = Image.new("RGB", strip.size, WHITE)
    ground.paste(convert(strip) if convert else strip.convert("RGB"), mask=opacity)
    return _reduced(ground, size, box)


def _reduced(
    picture: Image.Image, size: tuple[int, int], box: tuple[float, float, float, float] | None = None
) -> Image.Image:
    return picture if picture.size == size else picture.resize(size, Image.Resampling.BOX, box=box)


def _without_transparency(strip: Image.Image, header: PhotoHeader, top: int) -> tuple[Image.Image, Image.Image | None]:
    """(the strip in mode L, RGB or CMYK, its opacity in mode L if not opaque all over)."""
    opacity = None
    transparent = header.transparent if header.format == "PNG" else strip.info.get("transparency")
    if strip.mode.startswith("I"):  # 16-bit grey
        samples = np.asarray(strip).astype(np.uint32)
        if transparent is not None:
            opacity = Image.fromarray(np.where(samples == transparent, 0, 255).astype(np.uint8))
        strip = Image.fromarray(((samples.clip(0, 65_535) * 255 + 32_767) // 65_535).astype(np.uint8))
    elif strip.mode in ("1", "L", "RGB"):
        strip = strip.convert("L") if strip.mode == "1" else strip
        if transparent is not None:
            samples = np.asarray(strip).reshape(strip.height, strip.width, -1)
            opacity = Image.fromarray(np.where((samples == transparent).all(axis=-1), 0, 255).astype(np.uint8))
    elif strip.mode != "CMYK":  # palettes, and whatever has an opacity of its own
        if strip.has_transparency_data:
            strip = strip.convert("RGBA")
            opacity = strip.getchannel("A")
        strip = strip.convert("RGB")
    if header.opaque_box:
        left, upper, right, lower = header.opaque_box
        inside = Image.new("L", strip.size, 0)
        inside.paste(255, (left, upper - top, right, lower - top))
        opacity = ImageChops.multiply(opacity, inside) if opacity else inside
    if opacity and opacity.getextrema() == (255, 255):
        opacity = None
    strip.info.pop("transparency", None)
    return strip, opacity
