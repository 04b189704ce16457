"""A shopper sends a photo through the page's form."""

from collections.abc import Callable

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from django.utils.html import escape

from catalog.models import Product, ProductImage
from conftest import photo_of
from ml.models import ModelVersion
from search.models import Query
from search.tests.awkward_photos import each_awkward_photo, upload
from search.tests.bad_filters import BAD_FILTERS

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop(model: ModelVersion, embedded: Callable[..., Product]) -> dict[str, Product]:
    return {
        "red-shoe": embedded(
            "red-shoe", category="Shoes", price=40, brand="Alba", attributes={"colour": "red"}, photos=2
        ),
        "blue-shoe": embedded("blue-shoe", category="Shoes", price=60, brand="Borea", attributes={"colour": "blue"}),
        "mug": embedded("mug", category="Mugs", price=9, brand="Alba", attributes={"colour": "blue"}),
    }


def search(client: Client, sku: str, **fields: str) -> str:
    response = client.post("/search/", {"image": upload(photo_of(sku)), **fields})
    assert response.status_code == 303
    return response["Location"]


def skus(response) -> list[str]:
    return [result.product.sku for result in response.context["results"]]


def test_a_photo_leads_to_results_with_its_own_product_first(client, shop):
    response = client.get(search(client, "mug"))
    assert skus(response)[0] == "mug"
    assert "Title of mug" in response.content.decode()
    assert "€9" in response.content.decode()


def test_a_product_with_several_views_appears_once(client, shop):
    assert sorted(skus(client.get(search(client, "red-shoe")))) == ["blue-shoe", "mug", "red-shoe"]


def test_results_are_filtered_by_category_brand_price_and_attribute(client, shop):
    address = search(client, "mug")
    assert set(skus(client.get(address, {"category": "shoes"}))) == {"red-shoe", "blue-shoe"}
    assert set(skus(client.get(address, {"brand": "Alba"}))) == {"red-shoe", "mug"}
    assert set(skus(client.get(address, {"min_price": "9.01", "max_price": "40"}))) == {"red-shoe"}
    assert set(skus(client.get(address, {"attribute": "colour:blue"}))) == {"blue-shoe", "mug"}
    assert skus(client.get(address, {"category": "shoes", "brand": "Alba", "max_price": "39"})) == []


def test_each_group_of_filters_counts_as_if_nothing_in_it_were_chosen(client, shop):
    ProductImage.objects.update(colours=[])  # or else they take the place of the attribute
    facets = client.get(search(client, "mug"), {"category": "shoes"}).context["facets"].groups
    counts = {facet.label: {choice.label: choice.count for choice in facet.choices} for facet in facets}
    assert counts["Category"] == {"Mugs": 1, "Shoes": 2}
    assert counts["Brand"] == {"Alba": 1, "Borea": 1}
    assert counts["Colour"] == {"blue": 1, "red": 1}


def test_results_are_sorted_by_price(client, shop):
    address = search(client, "blue-shoe")
    assert skus(client.get(address, {"sort": "price"})) == ["mug", "red-shoe", "blue-shoe"]
    assert skus(client.get(address, {"sort": "-price"})) == ["blue-shoe", "red-shoe", "mug"]


def test_results_come_in_pages_that_are_plain_links(client, shop, monkeypatch):
    monkeypatch.setattr("search.query.PER_PAGE", 2)
    address = search(client, "mug")
    first = client.get(address)
    assert 'href="?page=2"' in first.content.decode()
    assert len(skus(first) + skus(client.get(address, {"page": 2}))) == 3


def test_a_hidden_product_is_not_found(client, shop):
    Product.objects.filter(sku="mug").update(is_active=False)
    assert "mug" not in skus(client.get(search(client, "mug")))


def test_several_photos_of_one_item_are_searched_together(client, shop):
    photos = [upload(photo_of("red-shoe", view)) for view in (0, 1)]
    response = client.post("/search/", {"image": photos})
    assert skus(client.get(response["Location"]))[0] == "red-shoe"
    assert client.post("/search/", {"image": [upload(photo_of("mug")) for _ in range(6)]}).status_code == 400


def test_another_part_of_an_earlier_photo_needs_no_upload(client, shop):
    earlier = Query.objects.get(pk=search(client, "mug").split("/")[-2])
    response = client.post("/search/", {"query": earlier.pk, "crop": "0,0,0.5,0.5"})
    assert response.status_code == 303
    assert Query.objects.latest("created").crop == "0.0000,0.0000,0.5000,0.5000"


def test_a_script_gets_the_address_of_the_results_as_json(client, shop):
    response = client.post("/search/", {"image": upload(photo_of("mug"))}, headers={"Accept": "application/json"})
    assert response.json()["url"] == reverse("results", args=[response.json()["query"]])


@each_awkward_photo
def test_an_unusable_photo_is_refused_in_words_and_nothing_is_stored(client, model, make, code):
    data = make()
    response = client.post("/search/", {"image": upload(data)}, headers={"Accept": "application/json"})
    assert 400 <= response.status_code < 500
    assert response.json()["code"] == code
    page = client.post("/search/", {"image": upload(data)})
    assert page.status_code == response.status_code
    assert f'role="alert">{response.json()["detail"]}<' in page.content.decode()
    assert not Query.objects.exists()


def test_a_form_without_a_photo_says_so(client, model):
    response = client.post("/search/")
    assert response.status_code == 400
    assert "There is no photo in your request" in response.content.decode()


@pytest.mark.parametrize("crop", ["a,b", "0,0,2,2", "0,0,0,0", "nan,0,1,1", "0,0,1", "\0"])
def test_a_bad_crop_is_refused_and_nothing_is_stored(client, model, crop):
    response = client.post(
        "/search/", {"image": upload(photo_of("mug")), "crop": crop}, headers={"Accept": "application/json"}
    )
    assert (response.status_code, response.json()["code"]) == (400, "bad_crop")
    assert not Query.objects.exists()


@pytest.mark.parametrize("filters", BAD_FILTERS, ids=str)
def test_a_bad_filter_is_a_page_that_says_what_to_do(client, shop, filters):
    response = client.get(search(client, "mug"), filters)
    assert response.status_code == 400
    sentence = response.context.get("sentence") or next(iter(response.context["filters"].errors.values()))[0]
    assert len(sentence) > 20 and escape(sentence) in response.content.decode()


@pytest.mark.parametrize("page", ["results", "catalogue"])
def test_a_bad_price_has_its_sentence_beside_the_field_and_the_other_filters_hold(client, shop, page):
    address = search(client, "mug") if page == "results" else "/products/"
    filters = {"min_price": "cheap", "brand": "Alba"}
    whole = client.get(address, filters)
    part = client.get(address, filters, headers={"HX-Request": "true", "HX-Target": "found"})
    assert (whole.status_code, part.status_code) == (400, 422)  # base.html has htmx swap in a 422
    for response in (whole, part):
        text = response.content.decode()
        assert 'value="cheap" aria-invalid="true" aria-describedby="f-price-error"' in text
        assert 'id="f-price-error" role="alert">Please write a price as a number, such as 19.90.<' in text
        assert "Title of mug" in text and "Title of blue-shoe" not in text


@pytest.mark.parametrize("filters", BAD_FILTERS[:12], ids=str)
def test_a_bad_filter_is_refused_on_catalogue_pages_too(client, shop, filters):
    assert client.get("/products/", filters).status_code in (400, 404)


def test_an_expired_search_says_so(client, db):
    response = client.get("/search/01234567-89ab-cdef-0123-456789abcdef/")
    assert response.status_code == 404
    assert "This search has expired" in response.content.decode()


def test_searching_before_a_model_is_active_says_so(client, db):
    ModelVersion.objects.all().delete()
    response = client.post("/search/", {"image": upload(photo_of("mug"))})
    assert response.status_code == 503
    assert "being set up" in response.content.decode()


def test_too_many_searches_in_a_minute_are_refused(client, shop, monkeypatch):
    monkeypatch.setattr("search.rate_limits.SearchRate.THROTTLE_RATES", {"search": "1/min"})
    search(client, "mug")
    assert client.post("/search/", {"image": upload(photo_of("mug"))}).status_code == 429


def test_a_form_of_gigabytes_is_refused_before_it_is_read(client, model):
    response = client.post("/search/", data=b"", content_type="multipart/form-data; boundary=x", CONTENT_LENGTH=10**10)
    assert response.status_code == 413


def test_nothing_alike_is_said_where_nothing_is_likely(client, shop, count_as_alike):
    count_as_alike(1.1)
    assert "Nothing like this here" in client.get(search(client, "mug")).content.decode()


def test_results_answer_htmx_with_the_list_alone(client, shop):
    address = search(client, "mug")
    part = client.get(address, headers={"HX-Request": "true", "HX-Target": "found"}).content.decode()
    assert "<html" not in part and "Title of mug" in part


def test_the_small_picture_of_the_photo_is_served(client, shop):
    response = client.get(search(client, "mug") + "photo.jpg")
    assert response["Content-Type"] == "image/jpeg" and response.content.startswith(b"\xff\xd8")


def test_a_search_while_the_shop_is_prepared_says_so_and_how_far_it_is(client, embedded, make_product, count_as_alike):
    embedded("mug", photos=2)
    make_product("shoe", photos=3)
    address = search(client, "shoe")
    page = client.get(address).content.decode()
    assert "2 of 5 pictures can be found so far" in page
    count_as_alike(1.1)
    cache.clear()
    page = client.get(address).content.decode()
    assert "The shop is still being prepared" in page and "So far 2 of 5 pictures" in page
    Product.objects.filter(sku="shoe").update(is_active=False)
    cache.clear()
    assert "still being prepared" not in client.get(address).content.decode()


def test_a_search_before_anything_is_embedded_says_that_it_is_being_prepared(client, model, make_product):
    make_product("shoe", photos=3)
    assert "So far 0 of 3 pictures" in client.get(search(client, "shoe")).content.decode()


def test_a_search_in_an_empty_shop_says_that_there_is_nothing_yet(client, model):
    page = client.get(search(client, "shoe")).content.decode()
    assert "There is nothing in this shop yet" in page and "Take a filter away" not in page
