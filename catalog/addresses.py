"""URL paths of products and their pictures, for pages that show many of them: `reverse` is called once for each URL
name, not once for each link.
"""

from __future__ import annotations

from functools import cache
from urllib.parse import quote

from django.urls import get_script_prefix, get_urlconf, reverse

from catalog.sku_urls import escaped

IN_A_PATH = "!$&'()*+,;=/~:@"  # what reverse() leaves unquoted: RFC 3986, pchar


def product_path(sku: str) -> str:
    """The same as reverse("product", args=[sku])."""
    before, after = _around("product", "0", (), get_urlconf(), get_script_prefix())
    return f"{before}{quote(escaped(sku), safe=IN_A_PATH)}{after}"


def picture_path(pk: int, size: str) -> str:
    """The same as reverse("thumbnail", args=[pk, size])."""
    before, after = _around("thumbnail", "0", (size,), get_urlconf(), get_script_prefix())
    return f"{before}{pk}{after}"


@cache
def _around(name: str, sample: str, others: tuple[str, ...], urlconf: str | None, prefix: str) -> tuple[str, str]:
    """The text before and after the first argument in the path of the URL `name`; `sample` is a
    value of that argument.
    """
    before, _sample, after = reverse(name, args=[sample, *others], urlconf=urlconf).rpartition(f"/{sample}/")
    return f"{before}/", f"/{after}"
