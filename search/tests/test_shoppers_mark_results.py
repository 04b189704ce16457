"""Shoppers say which results are right: counted, apart from staff's marks, learned from only where staff say so."""

import pytest
from django.test import Client

from catalog.models import Product
from conftest import photo_of
from search.admin.dashboard import marks_by_day
from search.feedback import judged_pictures
from search.models import Judgement, Query, ShopperMark
from search.query import create_query
from search.tasks import delete_expired_queries

pytestmark = pytest.mark.django_db


@pytest.fixture
def mug(embedded) -> Product:
    return embedded("mug")


@pytest.fixture
def query(mug: Product) -> Query:
    return create_query([photo_of("mug")])


def mark(client: Client, query: Query, product: Product, verdict: str, **headers: str) -> str:
    address = f"/search/{query.pk}/mark/{product.pk}/"
    response = client.post(address, {"verdict": verdict, "category": "shoes", "min_price": ""}, headers=headers)
    assert response.status_code in (200, 302) and not response.cookies
    return response.get("Location", "") or response.content.decode()


def test_a_thumb_needs_no_cookie_and_leads_back_to_the_result(mug: Product, query: Query) -> None:
    client = Client(enforce_csrf_checks=True)
    assert mark(client, query, mug, "right") == f"/search/{query.pk}/?category=shoes#result-{mug.pk}"
    assert ShopperMark.objects.get().verdict == "right"
    page = client.get(f"/search/{query.pk}/").content.decode()
    assert f'id="mark-{mug.pk}-right"' in page and page.count('aria-pressed="true" title="Right"') == 1


def test_another_thumb_replaces_the_first_and_the_same_again_takes_it_back(client, mug: Product, query: Query) -> None:
    mark(client, query, mug, "right")
    assert "Thank you" in mark(client, query, mug, "wrong", **{"HX-Request": "true"})
    assert ShopperMark.objects.get().verdict == "wrong"
    assert "taken back" in mark(client, query, mug, "wrong", **{"HX-Request": "true"})
    assert not ShopperMark.objects.exists()


def test_staffs_marks_and_training_do_not_know_of_it_until_staff_say_so(client, mug, query, admin_user) -> None:
    mark(client, query, mug, "right")
    assert not Judgement.objects.exists() and judged_pictures() == []
    client.force_login(admin_user)
    assert "Shoppers say:" in client.get(f"/admin/search/query/{query.pk}/change/").content.decode()
    client.post(f"/admin/search/query/{query.pk}/accept-marks/")
    assert [(picture.product, picture.wrong) for picture in judged_pictures()] == [("mug", ())]
    assert ShopperMark.objects.count() == 1


def test_what_staff_judged_stands(client, mug: Product, query: Query, admin_user) -> None:
    Judgement.objects.create(query=query, product=mug, verdict="wrong")
    mark(client, query, mug, "right")
    assert query.accept_shopper_marks(admin_user) == 0
    assert Judgement.objects.get().verdict == "wrong"


def test_searches_with_open_marks_are_listed_and_taken_over_together(client, mug, query, admin_user) -> None:
    mark(client, query, mug, "wrong")
    other = create_query([photo_of("mug")])
    client.force_login(admin_user)
    listed = client.get("/admin/search/query/", {"marked": "open"}).content.decode()
    assert str(query.pk) in listed and str(other.pk) not in listed
    client.post("/admin/search/query/", {"action": "accept_marks", "_selected_action": [str(query.pk)]})
    assert Judgement.objects.get().user == admin_user
    assert str(query.pk) not in client.get("/admin/search/query/", {"marked": "open"}).content.decode()


def test_the_dashboard_counts_marks_after_their_search_is_forgotten(client, mug, query, settings) -> None:
    mark(client, query, mug, "right")
    settings.QUERY_RETENTION_HOURS = 0
    delete_expired_queries()
    assert not Query.objects.exists()
    today = marks_by_day().bars[-1]
    assert (today.value, today.second) == (1, 1)


def test_marks_are_throttled(client, mug: Product, query: Query, monkeypatch) -> None:
    monkeypatch.setattr("search.rate_limits.MarkRate.THROTTLE_RATES", {"mark": "1/min"})
    mark(client, query, mug, "right")
    refused = client.post(f"/search/{query.pk}/mark/{mug.pk}/", {"verdict": "wrong"})
    assert refused.status_code == 429 and "many marks" in refused.content.decode()


def test_a_hidden_product_and_a_forgotten_search_take_no_mark(client, mug: Product, query: Query) -> None:
    Product.objects.update(is_active=False)
    assert client.post(f"/search/{query.pk}/mark/{mug.pk}/", {"verdict": "right"}).status_code == 404
    query.delete()
    assert client.post(f"/search/{query.pk}/mark/{mug.pk}/", {"verdict": "right"}).status_code == 404
