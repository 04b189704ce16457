"""What templates need to look like the shop they belong to."""

from django.conf import settings
from django.http import HttpRequest


def theme(request: HttpRequest) -> dict[str, str]:
    return {"shop_name": settings.SHOP_NAME, "shop_logo": settings.SHOP_LOGO, "shop_css": settings.SHOP_CSS}
