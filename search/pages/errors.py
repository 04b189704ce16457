"""Shows a RequestError to the shopper: the handler of all pages."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render

from catalog.errors import RequestError
from search.pages.views import home_page


class ErrorPages:
    """Middleware that answers RequestErrors of pages. Those of the API are handled by DRF's
    exception_handler before.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if not isinstance(error, RequestError):
            return None
        if request.headers.get("Accept") == "application/json":
            response: HttpResponse = JsonResponse({"detail": str(error), "code": error.code}, status=error.status)
        elif request.method == "POST":  # the photo form is the shop's only form; show it again with the message
            response = home_page(request, str(error), error.status)
        else:
            response = render(request, "400.html", {"sentence": str(error)}, status=error.status)
        for name, value in error.headers.items():
            response[name] = value
        return response
