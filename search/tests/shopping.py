"""What a shopper does in a browser, and what she then sees."""

import re
from pathlib import Path

from playwright.sync_api import Page

from search.models import Query

RESULTS = re.compile(r"/search/[0-9a-f-]{36}/")


def search(page: Page, photo: Path) -> None:
    page.get_by_label("Choose a photo").set_input_files(photo)
    page.wait_for_url(RESULTS)


def query_of(page: Page) -> Query:
    return Query.objects.get(pk=page.url.split("/")[4])


def titles(page: Page) -> list[str]:
    return page.locator(".card .name").all_inner_texts()
