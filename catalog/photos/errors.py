"""Why a photo cannot be used."""

from __future__ import annotations

from catalog.errors import RequestError


def gettext_noop(sentence: str) -> str:
    """Marks a sentence for translation. Django's would bring Django into the decoder processes."""
    return sentence


SENTENCES = {
    "empty": gettext_noop("This file is empty. Please choose a photo."),
    "missing": gettext_noop("This photo's file cannot be found. Please upload it again."),
    "not_an_image": gettext_noop(
        "This file is not a photo we can read. Please choose a JPEG, PNG, WebP, HEIC, AVIF, GIF or BMP file."
    ),
    "truncated": gettext_noop("This photo is cut off or damaged. Please choose it again."),
    "too_small": gettext_noop("This photo is too small to recognise anything in it. Please choose a larger one."),
    "too_many_pixels": gettext_noop("This photo has too many pixels. Please choose one of at most %(limit)s."),
    "too_many_bytes": gettext_noop("This file is too large. Please choose a photo of at most %(limit)s."),
    "too_costly": gettext_noop(
        "This photo takes too much work to open. Please save it as a plain JPEG and choose that one."
    ),
    "bad_crop": gettext_noop("The selected part lies outside the photo or is too small. Please select it again."),
}


class UnreadablePhoto(RequestError):
    """A photo that cannot be used; `code` is one of SENTENCES."""

    def __init__(self, code: str, **details: str) -> None:
        status = 413 if code in ("too_many_bytes", "too_many_pixels", "too_costly") else 400
        super().__init__(code, SENTENCES[code], status)
        self.args = (code,)  # what a copy in another process is made of
        self.details = details

    def __str__(self) -> str:
        from django.utils.translation import gettext  # not at the top: decoder processes do without Django

        return gettext(SENTENCES[self.code]) % self.details
