"""Multipart bodies as a client sends them."""

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test.client import encode_multipart

FORM = {"Content-Type": "multipart/form-data; boundary=b"}


def photo_form(photo: bytes) -> bytes:
    """The body of a form whose field "image" is a JPEG; its headers are FORM."""
    return encode_multipart("b", {"image": SimpleUploadedFile("p.jpg", photo, "image/jpeg")})
