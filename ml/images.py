"""From the bytes of any shopper's file to the network's input, safely and always in the same way.

Serving and training both go through `read_photo` and `model_input`, so the network sees in production what it
saw while learning. Nothing here imports TensorFlow, Keras or a Django model.
"""

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import pillow_heif
from django.utils.translation import gettext_lazy as _
from numpy.typing import NDArray
from PIL import (
    AvifImagePlugin,
    BmpImagePlugin,
    ExifTags,
    GifImagePlugin,
    Image,
    ImageCms,
    JpegImagePlugin,
    PngImagePlugin,
    UnidentifiedImageError,
    WebPImagePlugin,
)

from catalog.errors import RequestError

pillow_heif.register_heif_opener()

# The only decoders a stranger's bytes may reach. Pillow knows some forty more (PostScript, TIFF, PDF...).
FORMATS = (
    JpegImagePlugin.JpegImageFile.format,
    PngImagePlugin.PngImageFile.format,
    WebPImagePlugin.WebPImageFile.format,
    AvifImagePlugin.AvifImageFile.format,
    GifImagePlugin.GifImageFile.format,
    BmpImagePlugin.BmpImageFile.format,
    pillow_heif.HeifImageFile.format,
)

MIN_SIDE = 8  # pixels; below it there is nothing to recognise
MAX_JPEG_SCANS = 100  # a progressive photo has about ten; each one costs a pass over the whole picture
WHITE = (255, 255, 255)

SENTENCES = {
    "empty": _("This file is empty. Please choose a photo."),
    "missing": _("This photo's file cannot be found. Please upload it again."),
    "not_an_image": _(
        "This file is not a photo we can read. Please choose a JPEG, PNG, WebP, HEIC, AVIF, GIF or BMP file."
    ),
    "truncated": _("This photo is cut off or damaged. Please choose it again."),
    "too_small": _("This photo is too small to recognise anything in it. Please choose a larger one."),
    "too_many_pixels": _("This photo has too many pixels. Please choose one of at most %(limit)s."),
    "too_many_bytes": _("This file is too large. Please choose a photo of at most %(limit)s."),
    "bad_crop": _("The selected part lies outside the photo or is too small. Please select it again."),
}


class UnreadablePhoto(RequestError):
    """A photo that cannot be used; `code` is one of SENTENCES."""

    def __init__(self, code: str, **details: str) -> None:
        super().__init__(code, SENTENCES[code], 413 if code in ("too_many_bytes", "too_many_pixels") else 400)
        self.args = (code,)  # what a copy in another process is made of
        self.details = details

    def __str__(self) -> str:
        return str(self.sentence) % self.details


@dataclass(frozen=True)
class Crop:
    """A part of the upright photo, in fractions of its width and height: 0 <= x < x + width <= 1."""

    x: float
    y: float
    width: float
    height: float

    def __post_init__(self) -> None:
        """Raises UnreadablePhoto("bad_crop") outside the photo; a thousandth is forgiven, browsers round."""
        for start, length in ((self.x, self.width), (self.y, self.height)):
            if not (start >= -0.001 and length > 0 and start + length <= 1.001):  # false for NaN as well
                raise UnreadablePhoto("bad_crop")

    @classmethod
    def parse(cls, text: str) -> "Crop":
        """The crop written as "x,y,width,height"; raises UnreadablePhoto("bad_crop")."""
        try:
            x, y, width, height = map(float, text.split(","))
        except ValueError:
            raise UnreadablePhoto("bad_crop") from None
        return cls(x, y, width, height)

    def box(self, width: int, height: int) -> tuple[float, float, float, float]:
        """(left, top, right, bottom) in pixels of a photo of that size.

        Raises UnreadablePhoto("bad_crop") when a side is shorter than a pixel.
        """
        left, top = max(self.x, 0.0) * width, max(self.y, 0.0) * height
        right = min((self.x + self.width) * width, float(width))
        bottom = min((self.y + self.height) * height, float(height))
        if min(right - left, bottom - top) < 1:
            raise UnreadablePhoto("bad_crop")
        return left, top, right, bottom


WHOLE = Crop(0.0, 0.0, 1.0, 1.0)


def read_photo(
    source: bytes | Path | BinaryIO, *, max_bytes: int, max_pixels: int, target: int | None = None
) -> Image.Image:
    """The photo as upright sRGB pixels (mode RGB, transparency on white, first frame, no metadata).

    `max_bytes` and `max_pixels` (width x height) are checked before anything is decoded. With `target`, a
    much larger photo comes back smaller, its longest side still at least twice `target` pixels: a JPEG is
    then decoded at a fraction of its size, which makes a 12-megapixel photo several times cheaper. Pass
    what you need of the whole photo: for a crop of half its width, twice as much.

    Raises UnreadablePhoto, and for hostile bytes nothing else; errors of reading an open `source` pass
    through.
    """
    data = _read(source, max_bytes)
    try:
        with Image.open(BytesIO(data), formats=FORMATS) as photo:
            if min(photo.size) < MIN_SIDE:
                raise UnreadablePhoto("too_small")
            _check_pixels(photo, max_pixels)
            if photo.format in ("JPEG", "MPO") and _jpeg_scans(data) > MAX_JPEG_SCANS:
                raise UnreadablePhoto("truncated")
            if target:
                scale = min(1.0, 2 * target / max(photo.size))
                photo.draft(None, (math.ceil(photo.width * scale), math.ceil(photo.height * scale)))
            photo.load()
            _check_pixels(photo, max_pixels)  # HEIF learns its true size while decoding
            return _upright_srgb(photo, target)
    except UnreadablePhoto:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise _too_many_pixels(max_pixels) from None
    except UnidentifiedImageError:
        raise UnreadablePhoto("truncated" if _looks_like_a_photo(data) else "not_an_image") from None
    except Exception as error:  # decoders raise nearly everything on hostile bytes; all of it means the same to us
        raise UnreadablePhoto("truncated") from error


def model_input(photo: Image.Image, size: int, crop: Crop | None = None) -> NDArray[np.uint8]:
    """The network's view of `photo` (mode RGB) or of its `crop`: uint8 [size, size, 3].

    This is the one resize of training and serving. The whole photo is shown, its proportions kept, centred
    on a white square: cutting to a square loses shoes and trousers, squashing changes the shapes that tell
    products apart, and white is the ground of shop pictures. `photo_region` says where in the square the
    photo lies. Bicubic with Pillow's anti-aliasing; before a strong reduction, a box filter to three times
    the size does the bulk, as close to the plain filter as makes no difference and faster.
    """
    box = (crop or WHOLE).box(*photo.size)
    x, y, width, height = _fit(box[2] - box[0], box[3] - box[1], size)
    small = photo.resize((width, height), Image.Resampling.BICUBIC, box=box, reducing_gap=3.0)
    square = np.full((size, size, 3), 255, np.uint8)
    square[y : y + height, x : x + width] = np.asarray(small)
    return square


def photo_region(photo_size: tuple[int, int], size: int, crop: Crop | None = None) -> Crop:
    """Where in `model_input`'s square the photo (or its crop) lies, in fractions of the square."""
    left, top, right, bottom = (crop or WHOLE).box(*photo_size)
    x, y, width, height = _fit(right - left, bottom - top, size)
    return Crop(x / size, y / size, width / size, height / size)


def shrink_photo(photo: Image.Image, longest_side: int, quality: int = 80) -> bytes:
    """`photo` (mode RGB) as a JPEG without metadata, no side above `longest_side` pixels; never enlarged."""
    scale = min(1.0, longest_side / max(photo.size))
    size = (max(1, round(photo.width * scale)), max(1, round(photo.height * scale)))
    small = photo.resize(size, Image.Resampling.BILINEAR, reducing_gap=3.0)  # as good to look at, in half the time
    small.info.clear()
    file = BytesIO()
    small.save(file, "JPEG", quality=quality)
    return file.getvalue()


def _read(source: bytes | Path | BinaryIO, max_bytes: int) -> bytes:
    """All of `source`, never more than `max_bytes` + 1 bytes of it in memory."""
    if isinstance(source, Path):
        try:
            with source.open("rb") as file:
                return _read(file, max_bytes)
        except (FileNotFoundError, IsADirectoryError):
            raise UnreadablePhoto("missing") from None
    data = source if isinstance(source, bytes) else source.read(max_bytes + 1)
    if not data:
        raise UnreadablePhoto("empty")
    if len(data) > max_bytes:
        raise UnreadablePhoto("too_many_bytes", limit=f"{max_bytes / 1e6:g} MB")
    return data


def _check_pixels(photo: Image.Image, max_pixels: int) -> None:
    if photo.width * photo.height > max_pixels:
        raise _too_many_pixels(max_pixels)


def _too_many_pixels(max_pixels: int) -> UnreadablePhoto:
    return UnreadablePhoto("too_many_pixels", limit=f"{max_pixels / 1e6:g} MP")


def _looks_like_a_photo(data: bytes) -> bool:
    """Whether the first bytes are those of a known format, so that what follows must be damaged."""
    accepts: list[Callable[[bytes], Any] | None] = [Image.OPEN[format][1] for format in FORMATS]
    return any(accept(data[:16]) for accept in accepts if accept)


_JPEG_MARKER = re.compile(rb"\xff[\x01-\xcf\xd8-\xfe]")  # not a stuffed zero, a restart marker or a fill byte
_START_OF_IMAGE, _END_OF_IMAGE, _START_OF_SCAN = 0xD8, 0xD9, 0xDA


def _jpeg_scans(data: bytes) -> int:
    """Scans of the first picture in a JPEG file.

    A file of a few megabytes can hold a hundred thousand progressive scans, each a pass over the whole
    picture: hours of decoding that no limit on bytes or pixels prevents (libjpeg-turbo, "Two Issues with
    the JPEG Standard", 2015).
    """
    if data.count(b"\xff\xda") <= MAX_JPEG_SCANS:  # fast, and true of every honest photo but some with a film attached
        return 1
    scans, position = 0, 0
    while found := _JPEG_MARKER.search(data, position):
        marker, position = found[0][1], found.end()
        if marker == _END_OF_IMAGE:
            break
        if marker == _START_OF_IMAGE:
            continue
        scans += marker == _START_OF_SCAN
        position += max(2, int.from_bytes(data[position : position + 2]))
    return scans


def _upright_srgb(photo: Image.Image, target: int | None) -> Image.Image:
    """Reduced first where `target` allows: colours and rotation then cost little time and memory."""
    orientation, profile = _orientation(photo), photo.info.get("icc_profile")
    photo = _opaque(photo)
    factor = max(photo.size) // (2 * target) if target else 1
    if factor > 1:
        size = (max(1, round(photo.width / factor)), max(1, round(photo.height / factor)))
        photo = photo.resize(size, Image.Resampling.BOX)
    photo = _srgb(photo, profile)
    if orientation in _TURNS:
        photo = photo.transpose(_TURNS[orientation])
    photo.info.clear()
    return photo


_TURNS = {  # EXIF 2.32, tag 0x0112
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def _orientation(photo: Image.Image) -> int | None:
    try:
        return photo.getexif().get(ExifTags.Base.Orientation)
    except Exception:  # broken EXIF is common and says nothing about the picture
        return None


def _opaque(photo: Image.Image) -> Image.Image:
    """The photo in mode L, RGB or CMYK, its transparent parts white."""
    if photo.mode.startswith("I"):  # 16-bit grey
        photo = _eight_bits(photo)
    if photo.has_transparency_data:
        rgba = photo.convert("RGBA")
        photo = Image.new("RGB", photo.size, WHITE)
        photo.paste(rgba, mask=rgba)
    if photo.mode == "1":
        return photo.convert("L")
    return photo if photo.mode in ("L", "RGB", "CMYK") else photo.convert("RGB")


def _eight_bits(photo: Image.Image) -> Image.Image:
    return Image.fromarray((np.asarray(photo).astype(np.uint32) >> 8).clip(0, 255).astype(np.uint8))


def _srgb(photo: Image.Image, profile: bytes | None) -> Image.Image:
    """A new RGB image: the colours of the embedded `profile` in sRGB. An unusable profile is ignored."""
    if not profile:
        return photo.convert("RGB")
    try:
        source = ImageCms.ImageCmsProfile(BytesIO(profile))
        if "sRGB" in (source.profile.profile_description or ""):
            return photo.convert("RGB")
        mode = {"GRAY": "L", "RGB": "RGB", "CMYK": "CMYK"}[source.profile.xcolor_space.strip()]
        if (mode == "CMYK") != (photo.mode == "CMYK"):
            return photo.convert("RGB")
        converted = ImageCms.profileToProfile(
            photo.convert(mode),
            source,
            ImageCms.createProfile("sRGB"),
            renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
            outputMode="RGB",
            flags=ImageCms.Flags.BLACKPOINTCOMPENSATION,
        )
    except (ImageCms.PyCMSError, KeyError, OSError, TypeError, ValueError):
        return photo.convert("RGB")
    assert converted is not None
    return converted


def _fit(width: float, height: float, size: int) -> tuple[int, int, int, int]:
    """(x, y, width, height) in whole pixels: the largest box of these proportions, centred in a square."""
    scale = size / max(width, height)
    fitted_width, fitted_height = max(1, round(width * scale)), max(1, round(height * scale))
    return (size - fitted_width) // 2, (size - fitted_height) // 2, fitted_width, fitted_height
