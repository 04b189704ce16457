"""A clerk searches by photo in the admin and judges the answers; the first page sums the searches up."""

from datetime import timedelta

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone

from catalog.models import Product
from conftest import photo_of
from search.admin.dashboard import embedded_by_hour, latency_by_day, most_found, searches_by_day
from search.indexing.embed import embed_awaiting
from search.models import Judgement, Query
from search.query import answer, create_query

ASK = reverse("admin:search_query_add")


@pytest.fixture
def shop(model, make_product) -> list[Product]:
    products = [make_product("shoe"), make_product("hidden-mug", is_active=False)]
    embed_awaiting(model)
    return products


@pytest.fixture
def query(shop) -> Query:
    query = create_query([photo_of("shoe")])
    answer(query)
    return query


def judge(client, query: Query, product: Product, verdict: str):
    return client.post(reverse("admin:judge", args=[query.pk, product.pk]), {"verdict": verdict})


def test_a_photo_finds_its_product_even_a_hidden_one(admin_client, shop):
    photo = SimpleUploadedFile("a.jpg", photo_of("hidden-mug"))
    page = admin_client.post(ASK, {"photos": photo}, follow=True).content.decode()
    assert page.index("Title of hidden-mug") < page.index("Title of shoe")
    assert Query.objects.get().source == "admin"


@pytest.mark.parametrize(
    ("files", "reason"), [([], "Choose between 1 and 5"), ([b"text"], "not a photo"), ([b""] * 6, "empty")]
)
def test_what_is_no_photo_is_refused_in_words(admin_client, shop, files, reason):
    photos = [SimpleUploadedFile(f"{number}.jpg", data) for number, data in enumerate(files)]
    assert reason in admin_client.post(ASK, {"photos": photos}).content.decode()
    assert not Query.objects.exists()


def test_answers_are_marked_right_or_wrong_and_the_marks_are_kept(admin_client, admin_user, query, shop):
    shoe, mug = shop
    judge(admin_client, query, shoe, "right")
    judge(admin_client, query, mug, "right")
    judge(admin_client, query, mug, "wrong")
    kept = Judgement.objects.order_by("product_id").values_list("product__sku", "verdict", "user")
    assert list(kept) == [("shoe", "right", admin_user.pk), ("hidden-mug", "wrong", admin_user.pk)]
    judge(admin_client, query, shoe, "")
    assert Judgement.objects.get().product == mug


def test_a_judged_search_outlives_the_retention_time(admin_client, query, shop):
    Query.objects.update(created=timezone.now() - timedelta(days=365))
    assert query in Query.objects.expired()
    judge(admin_client, query, shop[0], "right")
    assert query not in Query.objects.expired()


def test_searches_without_a_good_match_are_listed(admin_client, query, model):
    url = reverse("admin:search_query_changelist")
    assert not admin_client.get(url, {"score": "poor"}).context["cl"].result_list
    Query.objects.update(nothing_alike=True)
    assert list(admin_client.get(url, {"score": "poor"}).context["cl"].result_list) == [query]
    assert str(query.pk) in admin_client.get(reverse("admin:index")).content.decode()


def test_the_charts_count_searches_times_and_photos(query, shop):
    Query.objects.update(took_ms={"decode": 1.0, "embed": 2.0, "search": 3.0})
    slow = create_query([photo_of("shoe")])
    Query.objects.filter(pk=slow.pk).update(took_ms={"decode": 96.0})
    assert searches_by_day().bars[-1].value == 2
    today = latency_by_day().bars[-1]
    assert (round(today.value, 1), today.second) == (91.5, 51.0)
    assert embedded_by_hour().bars[-1].value == 2
    assert most_found() == [(shop[0], 1)]


def test_the_searches_of_a_day_tell_which_found_nothing_like_it(query, model):
    poor = create_query([photo_of("nothing")])
    Query.objects.filter(pk=poor.pk).update(nothing_alike=True)
    today = searches_by_day().bars[-1]
    assert (today.value, today.second) == (2, 1)


def test_the_first_page_shows_waiting_and_failed_photos(admin_client, shop, make_product):
    make_product("waiting")
    make_product("failed").images.update(error="x")
    tiles = {tile["label"]: tile["value"] for tile in admin_client.get(reverse("admin:index")).context["tiles"]}
    assert (tiles["photos ready"], tiles["photos waiting"], tiles["photos failed"]) == (2, 1, 1)


@pytest.mark.parametrize("number", ["5", "abc", "3f2504e0-4f89-11d3-9a0c-0305e82c3301", "../x"])
def test_the_page_of_a_search_that_is_not_there_says_so(admin_client, number):
    response = admin_client.get(f"/admin/search/query/{number}/change/", follow=True)
    assert response.status_code == 200 and "exist" in response.content.decode()


def test_the_right_product_is_found_by_words_and_named(admin_client, query, model, make_product):
    late = make_product("late-lamp")  # not embedded: no answer of any search
    address = reverse("admin:search_query_change", args=[query.pk])
    assert "Title of late-lamp" not in admin_client.get(address).content.decode()
    page = admin_client.get(address, {"q": "late lam"}).content.decode()
    assert reverse("admin:judge", args=[query.pk, late.pk]) in page
    judge(admin_client, query, late, "right")
    assert "Title of late-lamp" in admin_client.get(address).content.decode(), "it stays in sight"
    assert query.judgements.get().product == late


def test_words_that_find_nothing_say_so(admin_client, query):
    page = admin_client.get(reverse("admin:search_query_change", args=[query.pk]), {"q": " nothing'&|!"})
    assert "No product has these words." in page.content.decode()


def test_the_photo_of_a_search_becomes_one_of_a_product_once(admin_client, query, shop):
    shoe, _mug = shop
    address = reverse("admin:query_attach", args=[query.pk, shoe.pk])
    for _ in range(2):
        admin_client.post(address)
    photo = shoe.images.last()
    assert (shoe.images.count(), photo.file.read()) == (2, bytes(query.thumbnail))
    assert LogEntry.objects.get(object_id=shoe.pk).get_change_message() == "Added the photo of a search."


def test_only_those_who_may_change_products_add_photos(client, django_user_model, query, shop):
    user = django_user_model.objects.create_user("viewer", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=["view_query", "add_query", "add_judgement"]))
    client.force_login(user)
    assert client.post(reverse("admin:query_attach", args=[query.pk, shop[0].pk])).status_code == 403
    assert shop[0].images.count() == 1
