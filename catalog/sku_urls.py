"""Any SKU in the path of an address: `A/1` is written `A~2F1`, `..` is `~2E~2E`.

Percent-encoding does not do: servers turn `%2F` back into a slash before they look at the path, and browsers resolve
`%2e%2e` as they do `..`. Letters, digits, `.`, `-` and `_` stay as they are.
"""

from __future__ import annotations

import re
from urllib.parse import unquote

from django.urls.converters import StringConverter


def escaped(sku: str) -> str:
    """`sku` as one segment of a path."""
    unsafe = r"[^\w.\-]" if sku.strip(".") else r"[^\w\-]"
    return re.sub(unsafe, lambda match: "".join(f"~{byte:02X}" for byte in match[0].encode()), sku)


def unescaped(segment: str) -> str:
    """The SKU that `escaped` made `segment` of; what holds no `~` and two hexadecimal digits is a SKU already."""
    return unquote(re.sub(r"~([0-9A-Fa-f]{2})", r"%\1", segment.replace("%", "%25")))


class SkuConverter(StringConverter):
    """`<sku:sku>` takes an escaped SKU as well as a percent-encoded one, which may hold slashes."""

    regex = ".+"

    def to_python(self, value: str) -> str:
        return unescaped(value)

    def to_url(self, value: str) -> str:
        return escaped(value)
