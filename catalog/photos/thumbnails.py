"""Small versions of product photos. A page never makes one: it links to the view that does, once."""

from __future__ import annotations

from typing import Any, BinaryIO

from django.conf import settings
from easy_thumbnails.alias import aliases
from easy_thumbnails.engine import NoSourceGenerator
from easy_thumbnails.exceptions import EasyThumbnailsError
from easy_thumbnails.files import get_thumbnailer
from PIL import Image

from catalog.models import ProductImage
from catalog.photos.decoders import decode_photo
from catalog.photos.errors import UnreadablePhoto

PATIENCE = 5.0  # seconds that the maker of a thumbnail waits for a free decoder
SIZES: list[str] = list(settings.THUMBNAIL_ALIASES[""])


def existing_thumbnail(image: ProductImage, size: str) -> str | None:
    """The address of the thumbnail if it was made before."""
    thumbnail = get_thumbnailer(image.file).get_existing_thumbnail(_options(size))
    return thumbnail.url if thumbnail else None


def make_thumbnail(image: ProductImage, size: str) -> str | None:
    """The address of the thumbnail, made now if need be; None when the photo cannot be decoded."""
    try:
        return get_thumbnailer(image.file).get_thumbnail(_options(size)).url
    except (EasyThumbnailsError, NoSourceGenerator, UnreadablePhoto, OSError):
        return None


def decoded(source: BinaryIO | None, size: tuple[int, int], **options: Any) -> Image.Image:
    """easy-thumbnails' source generator: the pixels that are embedded as well. Raises UnreadablePhoto."""
    if source is None:
        raise UnreadablePhoto("missing")
    limits = {"max_bytes": settings.PHOTO_MAX_BYTES, "max_pixels": settings.PHOTO_MAX_PIXELS}
    return decode_photo(source, **limits, target=max(size), patience=PATIENCE)


def _options(size: str) -> dict[str, Any]:
    return dict(aliases.get(size) or {})
