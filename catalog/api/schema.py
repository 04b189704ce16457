"""Parts of the OpenAPI schema that several endpoints share: errors, headers, filters, pages."""

from __future__ import annotations

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers

from catalog.api.idempotency import MAX_LENGTH as MAX_KEY_LENGTH
from catalog.api.idempotency import PATTERN
from catalog.api.paging import MAX_PAGE, MAX_PAGE_SIZE, PAGE_SIZE
from catalog.colours import COLOURS


class ClientTokenInSchema(OpenApiAuthenticationExtension):
    target_class = "catalog.api.authentication.ClientToken"
    name = "clientToken"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer", "description": "Made in the admin or by `make_api_token`."}


PUBLIC: list[Any] = [{}, {"clientToken": []}]  # no account needed


class ApiErrorSerializer(serializers.Serializer[Any]):
    detail = serializers.CharField(help_text="A sentence for people.")
    code = serializers.CharField(help_text="A stable word for programs.")
    fields = serializers.DictField(  # type: ignore[assignment]
        required=False, help_text="What is wrong by field, where `code` is `invalid`."
    )


def errors(*statuses: int) -> dict[int, Any]:
    """Schemas of the responses with these statuses, each {"detail", "code"}."""
    return dict.fromkeys(statuses, ApiErrorSerializer)


WRITE_ERRORS = errors(400, 401, 403, 413, 415, 507)

PRICE = {"type": "string", "pattern": r"^(\d{1,10}([.,]\d{1,2})?)?$", "example": "19.90"}
TEXT = {"type": "string", "pattern": r"^[^\x00]*$"}
SLUGS, BRANDS, COLOUR_NAMES, ATTRIBUTES = (
    {"type": "array", "items": {"type": "string", "maxLength": 200, "pattern": pattern}, "maxItems": 50}
    for pattern in (r"^[-\w]*$", r"^[^\x00]*$", f"^({'|'.join(COLOURS)})?$", r"^([^\x00:]+:[^\x00]+)?$")
)
FILTERS = [
    OpenApiParameter("category", SLUGS, description="Slug; repeatable. What lies below it is meant as well."),
    OpenApiParameter("brand", BRANDS, description="Repeatable."),
    OpenApiParameter("colour", COLOUR_NAMES, description="As its first picture shows; repeatable, any of them."),
    OpenApiParameter("min_price", PRICE, description="Of what it costs now: its sale price where that is lower."),
    OpenApiParameter("max_price", PRICE),
    OpenApiParameter("attribute", ATTRIBUTES, description="name:value, such as colour:red; repeatable, all hold."),
]


def whole(lowest: int, highest: int, default: int) -> dict[str, Any]:
    """Schema of an integer within bounds."""
    return {"type": "integer", "minimum": lowest, "maximum": highest, "default": default}


CURSOR = OpenApiParameter(
    "cursor", TEXT, description="Read by cursor instead of page by page: empty at first, then as `next` says. No count."
)
PAGE = OpenApiParameter("page", whole(1, MAX_PAGE, 1))
PAGE_SIZES = OpenApiParameter("page_size", whole(1, MAX_PAGE_SIZE, PAGE_SIZE))


def header(name: str, description: str, **schema: Any) -> OpenApiParameter:
    return OpenApiParameter(name, {"type": "string", **schema}, OpenApiParameter.HEADER, description=description)


IDEMPOTENCY_KEY = header(
    "Idempotency-Key",
    "Any text of your own. A call repeated with the same key within a day takes effect once and is answered the same.",
    minLength=1,
    maxLength=MAX_KEY_LENGTH,
    pattern=PATTERN,
)
IF_MATCH = header("If-Match", "The ETag that you read: 412 if another changed it since.")
IF_NONE_MATCH = header("If-None-Match", "The ETag that you have: 304 if it is still the same.")
