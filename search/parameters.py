"""Parameters of a search request: photos, crops and filters. Used by pages and API."""

from __future__ import annotations

from typing import BinaryIO, cast

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, QueryDict
from django.utils.datastructures import MultiValueDict
from django.utils.translation import gettext_lazy as _

from catalog.errors import InvalidRequest
from ml.images import Crop, UnreadablePhoto

MAX_PHOTOS = 5  # of one item


def check_content_length(request: HttpRequest) -> None:
    """Raises UnreadablePhoto if Content-Length is too large, before the body is read."""
    length = str(request.META.get("CONTENT_LENGTH", ""))
    if length.isdigit() and int(length) > MAX_PHOTOS * settings.PHOTO_MAX_BYTES:
        raise UnreadablePhoto("too_many_bytes", limit=f"{settings.PHOTO_MAX_BYTES / 1e6:g} MB")


def read_photos_of_request(files: MultiValueDict[str, UploadedFile]) -> list[BinaryIO]:
    """The uploaded photos of one item, from the field `image`. Raises InvalidRequest if there is none, or too many."""
    photos = files.getlist("image")
    if not photos:
        raise InvalidRequest("no_photo", _("There is no photo in your request. Please choose one and send it again."))
    if len(photos) > MAX_PHOTOS:
        sentence = _("Please choose at most %(most)d photos of one item.")
        raise InvalidRequest("too_many_photos", sentence % {"most": MAX_PHOTOS})
    return [cast(BinaryIO, photo) for photo in photos]


def read_crops(parameters: QueryDict) -> list[Crop | None]:
    """The crop of each photo, in their order; None, or a missing entry at the end, means the whole photo."""
    return [Crop.parse(written) if written else None for written in parameters.getlist("crop")[:MAX_PHOTOS]]
