"""Addresses of products and their pictures, many to a page: the URL configuration is asked once for each kind."""

from __future__ import annotations

from functools import cache
from urllib.parse import quote

from django.urls import get_script_prefix, get_urlconf, reverse

from catalog.sku_urls import escaped

IN_A_PATH = "!$&'()*+,;=/~:@"  # what reverse() leaves unquoted: RFC 3986, pchar


def product_path(sku: str) -> str:
    """As reverse("product", args=[sku])."""
    before, after = _around("product", "0", (), get_urlconf(), get_script_prefix())
    return f"{before}{quote(escaped(sku), safe=IN_A_PATH)}{after}"


def picture_path(pk: int, size: str) -> str:
    """As reverse("thumbnail", args=[pk, size])."""
    before, after = _around("thumbnail", "0", (size,), get_urlconf(), get_script_prefix())
    return f"{before}{pk}{after}"


@cache
def _around(name: str, sample: str, others: tuple[str, ...], urlconf: str | None, prefix: str) -> tuple[str, str]:
    """What stands before and after the first argument of the address called `name`, here `sample`."""
    before, _sample, after = reverse(name, args=[sample, *others], urlconf=urlconf).rpartition(f"/{sample}/")
    return f"{before}/", f"/{after}"
