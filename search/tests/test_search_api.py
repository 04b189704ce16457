"""A program sends a photo to /api/v1/search/."""

from collections.abc import Callable

import pytest
from django.test import Client

from catalog.models import Product
from conftest import photo_of
from ml.models import ModelVersion
from search.models import Query
from search.tests.awkward_photos import each_awkward_photo, upload
from search.tests.bad_filters import BAD_FILTERS

pytestmark = pytest.mark.django_db
URL = "/api/v1/search/"


@pytest.fixture
def shop(embedded: Callable[..., Product]) -> None:
    embedded("red-shoe", category="Shoes", price=40, brand="Alba", photos=2)
    embedded("blue-shoe", category="Shoes", price=60, brand="Borea")
    embedded("mug", category="Mugs", price=9, brand="Alba")


def search(client: Client, sku: str = "mug", **fields: object) -> dict:
    response = client.post(URL, {"image": upload(photo_of(sku)), **fields})
    assert response.status_code == 200, response.json()
    return response.json()


def skus(answer: dict) -> list[str]:
    return [result["product"]["sku"] for result in answer["results"]]


def test_a_search_answers_as_the_contract_says(client, shop, model):
    answer = search(client)
    assert list(answer) == ["query", "model", "took_ms", "count", "results", "photos"]
    assert answer["query"] == str(Query.objects.get(source="api").pk)
    assert answer["model"] == model.version
    assert set(answer["took_ms"]) == {"decode", "embed", "search"}
    assert answer["count"] == len(answer["results"]) == 3
    best = answer["results"][0]
    assert best["score"] == pytest.approx(1, abs=0.001)
    image = best["image"]
    assert set(image) == {"id", "view_id", "url"} and image["view_id"] == "000"
    assert best["product"] == {
        "sku": "mug",
        "title": "Title of mug",
        "category": "mugs",
        "brand": "Alba",
        "price": "9.00",
        "currency": "EUR",
        "url": "http://testserver/products/mug/",
        "image": image["url"],
    }


def test_a_search_takes_few_statements_however_many_it_finds(client, shop, django_assert_num_queries):
    ModelVersion.objects.serving()
    with django_assert_num_queries(5):  # its rate, its neighbours (twice: there are few), its row, what is shown
        search(client)


def test_k_and_filters_narrow_the_answer(client, shop):
    assert skus(search(client, k=1)) == ["mug"]
    assert set(skus(search(client, category="shoes"))) == {"red-shoe", "blue-shoe"}
    assert set(skus(search(client, brand=["Alba", "Borea"], max_price="50"))) == {"red-shoe", "mug"}
    assert skus(search(client, min_score="0.999")) == ["mug"]


def test_the_best_view_of_a_product_is_the_one_shown(client, shop):
    response = client.post(URL, {"image": upload(photo_of("red-shoe", 1))})
    assert response.json()["results"][0]["image"]["view_id"] == "001"


def test_the_same_search_again_needs_no_photo(client, shop):
    again = f"{URL}{search(client)['query']}/"
    assert set(skus(client.get(again, {"category": "shoes"}).json())) == {"red-shoe", "blue-shoe"}
    pages = [client.get(again, {"k": 2, "page": page}).json() for page in (1, 2, 3)]
    assert [page["count"] for page in pages] == [2, 1, 0]
    assert {sku for page in pages for sku in skus(page)} == {"red-shoe", "blue-shoe", "mug"}


def test_a_crop_searches_for_a_part(client, shop):
    search(client, crop="0.25,0.25,0.5,0.5")
    assert Query.objects.get().crop == "0.2500,0.2500,0.5000,0.5000"


def test_products_that_look_like_one(client, shop):
    answer = client.get("/api/v1/products/red-shoe/similar/", {"k": 1}).json()
    assert answer["count"] == 1 and skus(answer) != ["red-shoe"]


@each_awkward_photo
def test_an_unusable_photo_gets_a_stable_code_and_nothing_is_stored(client, model, make, code):
    response = client.post(URL, {"image": upload(make())})
    assert 400 <= response.status_code < 500
    assert response.json()["code"] == code and response.json()["detail"].endswith(".")
    assert not Query.objects.exists()


BAD_REQUESTS = [
    ({"image": None}, "no_photo"),
    ({"image": "a text"}, "no_photo"),
    ({"crop": "1,1,1"}, "bad_crop"),
    ({"crop": "0.5,0.5,0.9,0.9"}, "bad_crop"),
    ({"k": "0"}, "bad_k"),
    ({"k": "101"}, "bad_k"),
    ({"k": "ten"}, "bad_k"),
    ({"min_score": "2"}, "bad_min_score"),
    ({"min_score": "nan"}, "bad_min_score"),
    ({"category": "no-such"}, "bad_category"),
    ({"brand": "a\0b"}, "bad_brand"),
    ({"min_price": "free"}, "bad_price"),
    ({"max_price": "-1"}, "bad_price"),
    ({"min_price": "2", "max_price": "1"}, "bad_price"),
    ({"attribute": "red"}, "bad_attribute"),
]


@pytest.mark.parametrize(("fields", "code"), BAD_REQUESTS, ids=str)
def test_a_bad_request_names_its_problem_and_nothing_is_stored(client, model, fields, code):
    form = {"image": upload(photo_of("mug")), **fields}
    response = client.post(URL, {name: value for name, value in form.items() if value is not None})
    assert (response.status_code, response.json()["code"]) == (400, code)
    assert not Query.objects.exists()


@pytest.mark.parametrize("filters", [{**filters} for filters in BAD_FILTERS if "sort" not in filters], ids=str)
def test_a_bad_filter_on_an_earlier_search_is_refused(client, shop, filters):
    response = client.get(f"{URL}{search(client)['query']}/", filters)
    assert response.status_code == 400 and set(response.json()) == {"detail", "code"}


@pytest.mark.parametrize("body", [b"", b"garbage", b"--x\r\nContent-Disposition: form-data; name"], ids=str)
def test_a_malformed_body_is_a_400(client, model, body):
    response = client.post(URL, data=body, content_type="multipart/form-data; boundary=x")
    assert response.status_code == 400 and set(response.json()) == {"detail", "code"}


def test_another_content_type_is_a_415(client, model):
    response = client.post(URL, data="x", content_type="text/plain")
    assert (response.status_code, response.json()["code"]) == (415, "unsupported_media_type")


def test_another_method_and_an_unknown_search_are_refused_in_json(client, db):
    assert client.get(URL).json()["code"] == "method_not_allowed"
    response = client.get(f"{URL}01234567-89ab-cdef-0123-456789abcdef/")
    assert (response.status_code, response.json()["code"]) == (404, "not_found")


def test_a_body_of_gigabytes_is_refused_before_it_is_read(client, model):
    response = client.post(URL, data=b"", content_type="multipart/form-data; boundary=x", CONTENT_LENGTH=10**10)
    assert (response.status_code, response.json()["code"]) == (413, "too_many_bytes")


def test_a_client_that_searches_too_often_is_told_to_wait(client, shop, monkeypatch):
    monkeypatch.setattr("search.rate_limits.SearchRate.THROTTLE_RATES", {"search": "1/min"})
    search(client)
    response = client.post(URL, {"image": upload(photo_of("mug"))})
    assert (response.status_code, response.json()["code"]) == (429, "throttled")
    assert "Retry-After" in response


def test_searching_without_an_active_model_is_a_503(client, db):
    ModelVersion.objects.all().delete()
    response = client.post(URL, {"image": upload(photo_of("mug"))})
    assert (response.status_code, response.json()["code"]) == (503, "no_model")


def test_the_schema_describes_every_address_and_the_docs_load_nothing_from_elsewhere(client, db):
    schema = client.get("/api/schema/", headers={"Accept": "application/json"}).json()
    assert {URL, f"{URL}{{id}}/", "/api/v1/products/{sku}/similar/"} <= set(schema["paths"])
    fields = schema["paths"][URL]["post"]["requestBody"]["content"]["multipart/form-data"]["schema"]["properties"]
    assert {"image", "crop", "k", "category", "brand", "min_price", "max_price", "min_score"} <= set(fields)
    docs = client.get("/api/docs/").content.decode()
    assert "/static/drf_spectacular_sidecar/" in docs and "https://" not in docs
