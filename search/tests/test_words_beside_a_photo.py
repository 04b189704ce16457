"""Words beside a photo narrow its results and do not leave them."""

from decimal import Decimal

import pytest

from catalog.text_search import Refinement, refine
from conftest import photo_of
from search.tests.awkward_photos import upload

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("this in blue", Refinement("blue")),
        ("like this, under 50", Refinement("", max_price=Decimal(50))),
        ("blue wool under €49,90", Refinement("blue wool", max_price=Decimal("49.90"))),
        ("so etwas in rot ab 20 Euro", Refinement("rot", min_price=Decimal(20))),
        ("international item", Refinement("international item")),
        ("bag-101", Refinement("bag-101")),
        ("", Refinement("")),
    ],
)
def test_words_and_limits_of_prices_are_told_apart(text, expected):
    assert refine(text) == expected


@pytest.fixture
def address(client, embedded):
    embedded("red-shoe", title="Shoe", price=40, attributes={"colour": "red"})
    embedded("blue-shoe", title="Shoe", price=60, attributes={"colour": "blue"})
    embedded("blue-mug", title="Mug", category="Mugs", price=9, attributes={"colour": "blue"})
    return client.post("/search/", {"image": upload(photo_of("red-shoe"))})["Location"]


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("this in blue", {"blue-shoe", "blue-mug"}),
        ("like this, under 50", {"red-shoe", "blue-mug"}),
        ("blue shoes", {"blue-shoe"}),
        ("spaceship", set()),
    ],
)
def test_words_narrow_the_answer_to_the_photo(client, address, words, found):
    page = client.get(address, {"q": words})
    assert {result.product.sku for result in page.context["results"]} == found
    assert f'action="{address}" role="search"' in page.content.decode()


def test_filters_keep_the_words_and_count_under_them(client, address):
    page = client.get(address, {"q": "in blue"})
    assert '<input type="hidden" name="q" value="in blue">' in page.content.decode()
    groups = {group.label: group for group in page.context["facets"].groups}
    assert {choice.label: choice.count for choice in groups["Category"].choices} == {"Shoes": 1, "Mugs": 1}
