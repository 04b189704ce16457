"""Pages of a list: numbered, or by cursor for programs that read all of it while others write."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import pagination
from rest_framework.request import Request

from catalog.errors import InvalidRequest
from catalog.filters import whole_number

PAGE_SIZE = 50
MAX_PAGE_SIZE = 200
MAX_PAGE = 10_000_000


def page_size_of(request: Request) -> int:
    return whole_number(request.query_params, "page_size", PAGE_SIZE, 1, MAX_PAGE_SIZE)


class NumberedPages(pagination.PageNumberPagination):
    def get_page_size(self, request: Request) -> int:
        return page_size_of(request)

    def get_page_number(self, request: Request, paginator: Any) -> int:
        return whole_number(request.query_params, "page", 1, 1, MAX_PAGE)

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        """ "count" is optional: a list read by cursor does not contain it."""
        page = super().get_paginated_response_schema(schema)
        return {**page, "required": ["results"]}


class CursorPages(pagination.CursorPagination):
    """Ordered by id: insertions and deletions between two requests neither repeat nor skip a row."""

    ordering = "id"

    def get_page_size(self, request: Request) -> int:
        return page_size_of(request)

    def decode_cursor(self, request: Request) -> Any:
        cursor = super().decode_cursor(request)
        position = str(cursor.position) if cursor and cursor.position is not None else "0"
        if not (position.isdecimal() and len(position) < 19):
            raise InvalidRequest("bad_cursor", _("This cursor is not one of ours. Begin again without it."))
        return cursor
