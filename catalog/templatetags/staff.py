"""Template tags for photos on staff pages."""

from __future__ import annotations

from django import template
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from catalog.models import ProductImage

register = template.Library()


@register.simple_tag
def thumbnail(image: ProductImage | None, size: str = "icon", alt: str = "") -> SafeString:
    """An <img> of the photo for staff; an empty box without a photo."""
    if image is None:
        return format_html('<span class="staff-thumb" role="img" aria-label="{}"></span>', _("No photo"))
    return format_html(
        '<img class="staff-thumb staff-thumb--{}" src="{}" alt="{}" loading="lazy" decoding="async">',
        size,
        thumbnail_address(image, size),
        alt,
    )


def thumbnail_address(image: ProductImage, size: str) -> str:
    """URL of the thumbnail for staff, generated when it is requested."""
    return reverse("admin:photo_thumbnail", args=[image.pk, size])
