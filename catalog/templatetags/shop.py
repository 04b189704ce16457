"""Template tags for money, pictures and products."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

from django import template
from django.conf import settings
from django.http import HttpRequest
from django.utils.formats import number_format
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language, gettext

from catalog.departments import Department, departments
from catalog.models import Product, ProductImage
from catalog.photos.fitting import square_around

register = template.Library()

SIGNS = {"EUR": "€", "USD": "$", "GBP": "£", "JPY": "¥"}
NO_BREAK = "\N{NO-BREAK SPACE}"


@register.filter
def money(amount: Decimal | None, currency: str = "") -> str:
    """€12.90 in English, 12,90 € in German, CHF 12.90 for a currency without a sign; whole amounts stay whole."""
    if amount is None:
        return ""
    number = number_format(amount, 0 if amount == int(amount) else 2, use_l10n=True, force_grouping=True)
    sign = SIGNS.get(currency)
    if get_language() == "de":
        return f"{number}{NO_BREAK}{sign or currency}".strip()
    return f"{sign}{number}" if sign else f"{currency}{NO_BREAK}{number}".strip()


@register.filter
def at(values: dict[Any, Any], key: Any) -> Any:
    """values[key], or "" if there is none."""
    return values.get(key, "")


@register.simple_tag
def price_range(low: Decimal | None, high: Decimal | None, currency: str = "") -> str:
    """“€20 – €49.99”, “up to €19.99” or “from €50”, in the shopper's language; without a currency bare numbers."""
    if low is None and high is None:
        return ""
    if low is None:
        return gettext("up to %(price)s") % {"price": money(high, currency)}
    if high is None:
        return gettext("from %(price)s") % {"price": money(low, currency)}
    return f"{money(low, currency)} – {money(high, currency)}"


@register.simple_tag(name="departments")
def departments_on_sale() -> list[Department]:
    return departments()


@register.simple_tag
def photo_max_bytes() -> int:
    """PHOTO_MAX_BYTES."""
    return settings.PHOTO_MAX_BYTES


@register.simple_tag
def lead_photo(product: Product) -> ProductImage | None:
    """The first readable photo of the product; uses prefetched photos."""
    return next((image for image in product.images.all() if not image.error), None)


@register.simple_tag
def picture(image: ProductImage, size: str, alt: str = "", sizes: str = "", eager: bool = False) -> SafeString:
    """An <img> of the photo in one of the THUMBNAIL_ALIASES, with its double-size version in srcset, and width and
    height, so that the layout does not shift.

    A card shows the square around the item, on whatever part of the photo it lies.
    """
    double = {"icon": "card", "card": "card2x", "large": "large"}[size]
    width, height = image.width or 1, image.height or 1
    return format_html(
        '<img src="{}" srcset="{} {}, {} {}" sizes="{}" alt="{}" width="{}" height="{}" decoding="async"{}{}>',
        thumbnail_url(image, size),
        thumbnail_url(image, size),
        WIDTHS[size],
        thumbnail_url(image, double),
        WIDTHS[double],
        sizes or "(min-width: 60rem) 17rem, 46vw",
        alt,
        width,
        height,
        mark_safe(' fetchpriority="high"' if eager else ' loading="lazy"'),
        _framed(image) if size == "card" else "",
    )


def _framed(image: ProductImage) -> SafeString | str:
    if image.focus is None or not image.width or not image.height:
        return ""
    left, top, side = square_around(image.width, image.height, image.focus, plain_ground=bool(image.ground))
    place = {"w": image.width, "h": image.height, "x": -left, "y": -top}
    style = "".join(f"--{name}:{100 * pixels / side:.1f}%;" for name, pixels in place.items())
    return format_html(' class="framed" style="{}{}"', style, f"--ground:{image.ground}" if image.ground else "")


@register.simple_tag
def thumbnail_address(image: ProductImage, size: str) -> str:
    return thumbnail_url(image, size)


WIDTHS = {"icon": "96w", "card": "320w", "card2x": "640w", "large": "960w"}


def thumbnail_url(image: ProductImage, size: str) -> str:
    """URL of the thumbnail. It is generated when it is requested, so rendering a page never waits for it."""
    return image.picture_url(size)


@register.simple_tag(takes_context=True)
def with_parameters(context: template.Context, **changes: Any) -> str:
    """The query string of this page with some parameters changed, or removed if None; `page` is always removed."""
    parameters = context["request"].GET.copy()
    for name, value in {"page": None, **changes}.items():
        if value is None or value == "":
            parameters.pop(name, None)
        else:
            parameters[name] = str(value)
    return f"?{parameters.urlencode()}"


@register.simple_tag(takes_context=True)
def added_parameter(context: template.Context, name: str, value: str) -> str:
    """The query string of this page with one more value of a repeatable parameter."""
    parameters = context["request"].GET.copy()
    parameters.appendlist(name, value)
    parameters.pop("page", None)
    return f"?{parameters.urlencode()}"


@register.simple_tag(takes_context=True)
def without_parameter(context: template.Context, name: str, value: str) -> str:
    """The query string of this page without one value of a repeatable parameter."""
    parameters = context["request"].GET.copy()
    parameters.setlist(name, [kept for kept in parameters.getlist(name) if kept != value])
    parameters.pop("page", None)
    return f"?{parameters.urlencode()}"


@register.simple_tag(takes_context=True)
def absolute(context: template.Context, url: str) -> str:
    request: HttpRequest = context["request"]
    return request.build_absolute_uri(url)


@register.filter
def json_ld(facts: dict[str, Any]) -> SafeString:
    """A script element with schema.org data; `<` is escaped, so that no value can end the element."""
    text = json.dumps(facts, ensure_ascii=False).translate({60: "\\u003C", 62: "\\u003E", 38: "\\u0026"})
    return format_html('<script type="application/ld+json">{}</script>', mark_safe(text))
