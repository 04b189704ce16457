"""What the catalogue asks of a photo before it takes it: a picture of a known format within the limits, by its header.

Nothing is decoded here. A file whose header is in order and whose pixels are damaged comes in; whoever decodes it
writes the error on it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import BinaryIO

from django.conf import settings
from django.utils.translation import gettext as _

from catalog.errors import RequestError
from catalog.photos.errors import UnreadablePhoto
from catalog.photos.headers import REDUCIBLE, SUFFIXES, read_header


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

    Raises InvalidPhoto: empty, over PHOTO_MAX_BYTES or PHOTO_MAX_PIXELS, tiny, too costly to decode, or no photo.
    """
    if not data:
        raise InvalidPhoto(_("The file is empty."))
    if len(data) > settings.PHOTO_MAX_BYTES:
        raise too_many_bytes()
    try:
        header = read_header(data, settings.PHOTO_MAX_PIXELS)
    except UnreadablePhoto as problem:
        raise InvalidPhoto(_sentence(problem, data)) from None
    return PhotoFacts(SUFFIXES[header.format], *header.upright_size)


def upright_size(file: BinaryIO) -> tuple[int, int] | tuple[None, None]:
    """(width, height) of the upright photo in pixels, (None, None) if `file` is none; it is left at its start."""
    file.seek(0)
    try:
        return read_header(file.read(settings.PHOTO_MAX_BYTES + 1), settings.PHOTO_MAX_PIXELS).upright_size
    except UnreadablePhoto:  # whoever decodes it writes the error on it
        return None, None
    finally:
        file.seek(0)


def too_many_bytes() -> InvalidPhoto:
    return InvalidPhoto(_("The file is larger than %(limit)d MB.") % {"limit": settings.PHOTO_MAX_BYTES // 1_000_000})


def _sentence(problem: UnreadablePhoto, data: bytes) -> str:
    if problem.code == "too_many_pixels":
        most = settings.PHOTO_MAX_PIXELS * (REDUCIBLE if data.startswith(b"\xff\xd8") else 1)
        return _("The photo has more than %(limit)d million pixels.") % {"limit": most // 1_000_000}
    if problem.code == "too_small":
        width, height = problem.details["width"], problem.details["height"]
        return _("The photo is only %(width)d x %(height)d pixels.") % {"width": int(width), "height": int(height)}
    if problem.code == "too_costly":
        return str(problem)
    return _("This is not a photo we can read: JPEG, PNG, WebP, HEIC, AVIF, GIF or BMP is expected.")
