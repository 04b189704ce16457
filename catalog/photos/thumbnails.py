"""The pictures that are shown: small versions of product photos, made once, with nothing of the file but its pixels.

A photo's own file is never shown to shoppers: it may hold where it was taken, and may be a page of HTML as well.
"""

from __future__ import annotations

from typing import Any, BinaryIO

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.utils.cache import get_conditional_response
from easy_thumbnails.alias import aliases
from easy_thumbnails.engine import NoSourceGenerator
from easy_thumbnails.exceptions import EasyThumbnailsError
from easy_thumbnails.files import ThumbnailFile, get_thumbnailer
from PIL import Image

from catalog.models import ProductImage
from catalog.photos.decoders import decode_photo
from catalog.photos.errors import UnreadablePhoto

PATIENCE = 5.0  # seconds that the maker of a thumbnail waits for a free decoder
SIZES: list[str] = list(settings.THUMBNAIL_ALIASES[""])


def picture_response(request: HttpRequest, image: ProductImage, size: str) -> HttpResponseBase:
    """The picture, made now if need be. Raises Http404 for an unknown size and a photo that cannot be decoded."""
    if size not in SIZES or (picture := make_thumbnail(image, size)) is None:
        raise Http404
    if settings.MEDIA_BUCKET:
        return redirect(picture.url)
    with picture.storage.open(picture.name) as file:
        response = HttpResponse(file.read(), content_type="image/jpeg")
    etag = f'"{image.sha256[:16]}-{size}"'
    response["ETag"] = etag
    return get_conditional_response(request, etag, response=response) or response


def make_thumbnail(image: ProductImage, size: str) -> ThumbnailFile | None:
    """The small version, made now if there is none yet; None when the photo cannot be decoded."""
    thumbnailer, options = get_thumbnailer(image.file), dict(aliases.get(size) or {})
    try:
        thumbnail = thumbnailer.get_existing_thumbnail(options)
        if thumbnail is not None and not thumbnail.size:  # from a disk that was full, before files were written whole
            thumbnail.storage.delete(thumbnail.name)
        return thumbnailer.get_thumbnail(options)
    except (EasyThumbnailsError, NoSourceGenerator, UnreadablePhoto, OSError):
        return None


def decoded(source: BinaryIO | None, size: tuple[int, int], **options: Any) -> Image.Image:
    """easy-thumbnails' source generator: the pixels that are embedded as well. Raises UnreadablePhoto."""
    if source is None:
        raise UnreadablePhoto("missing")
    limits = {"max_bytes": settings.PHOTO_MAX_BYTES, "max_pixels": settings.PHOTO_MAX_PIXELS}
    return decode_photo(source, **limits, target=max(size), patience=PATIENCE)
