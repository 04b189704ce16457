"""What the catalogue asks of a photo before it takes it: a picture of a known format within the limits, by its header.

Nothing is decoded here. A file whose header is in order and whose pixels are damaged comes in; whoever decodes it
writes the error on it.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from io import BytesIO
from typing import BinaryIO

import pillow_heif
from django.conf import settings
from django.utils.translation import gettext as _
from PIL import ExifTags, Image

from catalog.errors import RequestError

pillow_heif.register_heif_opener()

# Format as Pillow names it -> the suffix of the stored file, whatever the uploaded one was called.
SUFFIXES = {
    "JPEG": ".jpg",
    "MPO": ".jpg",
    "PNG": ".png",
    "WEBP": ".webp",
    "AVIF": ".avif",
    "GIF": ".gif",
    "BMP": ".bmp",
    "HEIF": ".heic",
}
FORMATS = tuple(format for format in SUFFIXES if format != "MPO")  # Pillow opens MPO as JPEG
MIN_SIDE = 8  # pixels; below it there is nothing to recognise
SIDEWAYS = (5, 6, 7, 8)  # EXIF orientations that swap width and height


class InvalidPhoto(RequestError):
    """The catalogue does not take this file as a photo; str() says why and what to do."""

    def __init__(self, sentence: str) -> None:
        super().__init__("invalid_photo", sentence)
        self.args = (sentence,)  # what a copy in another process is made of


@dataclass(frozen=True, slots=True)
class PhotoFacts:
    suffix: str  # such as ".jpg", true to the content
    width: int  # pixels, upright
    height: int


def check_photo(data: bytes) -> PhotoFacts:
    """The facts in the header of the photo `data`.

    Raises InvalidPhoto: empty, over PHOTO_MAX_BYTES or PHOTO_MAX_PIXELS, tiny, or no photo.
    """
    if not data:
        raise InvalidPhoto(_("The file is empty."))
    if len(data) > settings.PHOTO_MAX_BYTES:
        raise too_many_bytes()
    try:
        facts = read_header(BytesIO(data))
    except Image.DecompressionBombError:
        raise _too_many_pixels() from None
    except Exception:  # parsers raise nearly everything on hostile bytes; all of it means the same to us
        raise InvalidPhoto(
            _("This is not a photo we can read: JPEG, PNG, WebP, HEIC, AVIF, GIF or BMP is expected.")
        ) from None
    if min(facts.width, facts.height) < MIN_SIDE:
        raise InvalidPhoto(
            _("The photo is only %(width)d x %(height)d pixels.") % {"width": facts.width, "height": facts.height}
        )
    if facts.width * facts.height > settings.PHOTO_MAX_PIXELS:
        raise _too_many_pixels()
    return facts


def upright_size(file: BinaryIO) -> tuple[int, int] | tuple[None, None]:
    """(width, height) of the upright photo in pixels, (None, None) if `file` is none; it is left at its start."""
    try:
        facts = read_header(file)
    except Exception:  # what the file is worth is for others to say
        return None, None
    finally:
        file.seek(0)
    return facts.width, facts.height


def read_header(file: BinaryIO) -> PhotoFacts:
    """The facts in the header of a photo. Raises nearly anything on hostile bytes, as Pillow's parsers do."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # PHOTO_MAX_PIXELS is the limit
        with Image.open(file, formats=FORMATS) as photo:
            format, (width, height) = photo.format, photo.size
            if _orientation(photo) in SIDEWAYS:
                width, height = height, width
    return PhotoFacts(SUFFIXES[format or ""], width, height)


def too_many_bytes() -> InvalidPhoto:
    return InvalidPhoto(_("The file is larger than %(limit)d MB.") % {"limit": settings.PHOTO_MAX_BYTES // 1_000_000})


def _too_many_pixels() -> InvalidPhoto:
    return InvalidPhoto(
        _("The photo has more than %(limit)d million pixels.") % {"limit": settings.PHOTO_MAX_PIXELS // 1_000_000}
    )


def _orientation(photo: Image.Image) -> int | None:
    try:
        return photo.getexif().get(ExifTags.Base.Orientation)
    except Exception:  # broken EXIF is common and says nothing about the picture
        return None
