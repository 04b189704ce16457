"""What the results page lists, counts and sorts where a photo resembles hundreds of products."""

import re
from decimal import Decimal
from urllib.parse import parse_qs

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from conftest import photo_of
from search import query as queries
from search.models import Embedding, Query

ALIKE = 300  # products: more than the page would list of those that are not alike

pytestmark = pytest.mark.django_db


@pytest.fixture
def address(catalogue, query, model):
    """The results of a photo that resembles ALIKE of the 6,000 products, and these matches."""
    matches = Embedding.objects.knn(query, model, ALIKE, exact=True)
    model.config = model.config | {"min_score": matches[-1].score - 1e-6}
    model.save()
    asked = Query.objects.create(model=model, vector=query.tolist(), thumbnail=photo_of("asked"))
    return f"/search/{asked.pk}/"


def walk(client, address, parameters):
    """Each page in turn, as the plain link at the end of the one before leads to it."""
    pages = [client.get(address, parameters)]
    while following := re.search(r'class="button quiet" href="\?([^"]+)"', pages[-1].content.decode()):
        query = {name: values[0] for name, values in parse_qs(following[1].replace("&amp;", "&")).items()}
        pages.append(client.get(address, query))
    assert all(page.status_code == 200 for page in pages)
    return pages


def listed(pages):
    return [result for page in pages for result in page.context["results"]]


@pytest.mark.parametrize("parameters", [{}, {"sort": "price"}, {"max_price": "500"}], ids=str)
def test_the_pages_list_every_product_alike_once(client, address, model, parameters):
    pages = walk(client, address, parameters)
    products = [result.product.pk for result in listed(pages)]
    assert len(set(products)) == len(products)
    assert len(products) == pages[0].context["alike"]
    assert pages[0].context["alike"] == pytest.approx(ALIKE / (2 if "max_price" in parameters else 1), rel=0.15)


def test_a_list_without_end_stops_where_it_says(client, address, model, monkeypatch):
    monkeypatch.setattr(queries, "MOST", 264)
    monkeypatch.setattr("search.pages.views.MOST", 264)
    pages = walk(client, address, {})
    assert len(listed(pages)) == 264
    assert "More than 264 products look like it" in pages[0].content.decode()
    assert "The list ends here" in pages[-1].content.decode()
    assert client.get(address, {"page": len(pages) + 1}).status_code in (400, 404)


def test_the_number_beside_a_choice_is_how_many_look_alike_once_it_is_chosen(client, address):
    page = client.get(address, {"max_price": "500"})
    choices = {facet.label: facet.choices for facet in page.context["facets"].groups}
    for parameter, label in (("category", "Category"), ("attribute", "Colour")):
        for choice in choices[label]:
            chosen = client.get(address, {"max_price": "500", parameter: choice.value})
            assert abs(chosen.context["alike"] - choice.count) <= 1, choice  # the index may miss one of three hundred
    assert sum(choice.count for choice in choices["Category"]) == page.context["alike"] > 5


def test_cheap_products_that_are_not_alike_do_not_come_before_those_that_are(client, address, model):
    results = listed(walk(client, address, {"sort": "price", "max_price": "500"}))
    prices = [result.product.price for result in results]
    assert prices == sorted(prices) and len(prices) > 20
    assert all(result.score >= model.min_score for result in results)
    assert all(result.product.price <= Decimal(500) for result in results)


def test_the_least_different_ones_follow_the_last_page_few_and_by_kind(client, address, model):
    pages = walk(client, address, {"max_price": "500"})
    tails = [page.context["tail"] for page in pages]
    assert all(not tail for tail in tails[:-1])
    others = [result for _, results in tails[-1] for result in results]
    assert len(others) == 12 and all(result.score < model.min_score for result in others)
    assert all(len({result.product.category_id for result in results}) == 1 for _, results in tails[-1])
    shown = {result.product.pk for result in listed(pages)}
    assert not shown & {result.product.pk for result in others}
    tail = pages[-1].content.decode().split('class="tail"')[1].split("</form>")[0]
    assert "Why it matched" not in tail and "closeness" not in tail


def test_a_page_costs_one_ann_query_and_each_group_that_is_narrowed_one_for_its_counts(client, address, model):
    model.config = model.config | {"min_score": 0.9}  # few are alike, as usual: nothing asks for more than the closest
    model.save()
    client.get(address)  # notes the first answer's time on the query

    def ann_queries(parameters, target=""):
        headers = {"HX-Request": "true", "HX-Target": target} if target else {}
        with CaptureQueriesContext(connection) as queries:
            assert client.get(address, parameters, headers=headers).status_code == 200
        return sum("<=>" in query["sql"] for query in queries)

    assert ann_queries({}) == ann_queries({"sort": "price"}) == 1
    assert ann_queries({"brand": "Brand 3", "max_price": "500"}, target="more") == 1
    assert ann_queries({"max_price": "500"}) == 2
    assert ann_queries({"brand": "Brand 3", "max_price": "500"}) == 3
