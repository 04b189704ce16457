"""Any SKU in the path of a URL: `A/1` is written `A~2F1`, `..` is `~2E~2E`.

Percent-encoding is not enough: servers decode `%2F` to a slash before they route, and browsers resolve `%2e%2e` like
`..`. Letters, digits, `.`, `-` and `_` are not escaped.
"""

from __future__ import annotations

import re
from urllib.parse import unquote

from django.urls.converters import StringConverter


def escaped(sku: str) -> str:
    """`sku` as one path segment."""
    unsafe = r"[^\w.\-]" if sku.strip(".") else r"[^\w\-]"
    return re.sub(unsafe, lambda match: "".join(f"~{byte:02X}" for byte in match[0].encode()), sku)


def unescaped(segment: str) -> str:
    """The inverse of `escaped`. A segment without `~` and two hexadecimal digits is returned unchanged."""
    return unquote(re.sub(r"~([0-9A-Fa-f]{2})", r"%\1", segment.replace("%", "%25")))


class SkuConverter(StringConverter):
    """`<sku:sku>` accepts escaped SKUs, and percent-encoded ones, which may contain slashes."""

    regex = ".+"

    def to_python(self, value: str) -> str:
        return unescaped(value)

    def to_url(self, value: str) -> str:
        return escaped(value)
