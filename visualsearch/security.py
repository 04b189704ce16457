"""The Content-Security-Policy: no inline script anywhere, nothing from elsewhere but pictures from the media bucket."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase

NAME = "Content-Security-Policy"


def policy(script: str) -> str:
    pictures = " ".join(filter(None, ["'self'", "data:", "blob:", *settings.CSP_PICTURES, settings.SHOP_LOGO]))
    styles = f"'self' 'unsafe-inline' {settings.SHOP_CSS}".strip()  # style attributes: widths of bars, places of boxes
    return "; ".join(
        [
            "default-src 'self'",
            f"script-src {script}",
            f"style-src {styles}",
            f"img-src {pictures}",
            "connect-src 'self' data:",  # data: the photo that this tab keeps, and one that is dropped as data
            "object-src 'none'",
            "base-uri 'none'",
            "form-action 'self'",
            "frame-ancestors 'self'",
        ]
    )


class ContentSecurityPolicy:
    """A view that sets a policy of its own keeps it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response
        self.strict = policy("'self'")
        self.admin = policy("'self' 'unsafe-eval'")  # django-unfold's pages are Alpine's, which evaluates attributes

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        if NAME not in response:
            response[NAME] = self.admin if request.path.startswith("/admin/") else self.strict
        return response
