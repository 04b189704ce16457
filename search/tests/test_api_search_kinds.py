"""A program searches by a stored photo, an embedding, words, or several photos."""

from collections.abc import Callable
from datetime import timedelta

import numpy as np
import pytest
from django.contrib.auth.models import User
from rest_framework.test import APIClient

from catalog.models import ApiToken, Product
from conftest import photo_of
from ml.models import ModelVersion
from search.models import Embedding, Query
from search.tests.awkward_photos import upload

pytestmark = pytest.mark.django_db
URL = "/api/v1/search/"


@pytest.fixture
def client() -> APIClient:
    return APIClient()


@pytest.fixture
def shop(embedded: Callable[..., Product]) -> None:
    embedded("red-shoe", title="Red shoe", category="Shoes", price=40, photos=2)
    embedded("blue-shoe", title="Blue shoe", category="Shoes", price=60)
    embedded("mug", title="Mug", category="Mugs", price=9)


def ask(client: APIClient, status: int = 200, **fields: object) -> dict:
    response = client.post(URL, fields)
    assert response.status_code == status, response.json()
    return response.json()


def skus(answer: dict) -> list[str]:
    return [result["product"]["sku"] for result in answer["results"]]


def test_a_stored_photo_finds_its_product_and_can_be_asked_again(client, shop):
    image = Product.objects.get(sku="mug").images.get()
    answer = ask(client, image_id=image.pk, k=2)
    assert skus(answer)[0] == "mug" and answer["count"] == 2
    assert answer["results"][0]["score"] == pytest.approx(1, abs=0.01)
    again = client.get(f"{URL}{answer['query']}/", {"category": "shoes"}).json()
    assert set(skus(again)) == {"red-shoe", "blue-shoe"}


def test_a_part_of_a_stored_photo_is_searched_for(client, shop):
    image = Product.objects.get(sku="mug").images.get()
    ask(client, image_id=image.pk, crop="0.25,0.25,0.5,0.5")
    assert Query.objects.get().crop == "0.2500,0.2500,0.5000,0.5000"


def test_the_photo_of_a_hidden_product_is_searched_with_by_those_who_see_it(client, shop, admin_user):
    image = Product.objects.get(sku="mug").images.get()
    Product.objects.filter(sku="mug").update(is_active=False)
    assert ask(client, 404, image_id=image.pk)["code"] == "not_found"
    token = ApiToken.objects.create(admin_user, name="x", scopes=["catalogue:read"], expiry=timedelta(days=1))[1]
    staff = APIClient(headers={"Authorization": f"Bearer {token}"})
    assert set(skus(ask(staff, image_id=image.pk))) == {"red-shoe", "blue-shoe"}
    assert staff.get("/api/v1/products/mug/similar/").status_code == 200
    assert client.get("/api/v1/products/mug/similar/").status_code == 404


def test_an_embedding_finds_what_it_was_made_of(client, shop, model):
    vector = Embedding.objects.get(product__sku="mug").vector
    answer = ask(client, embedding=vector, k=1)
    assert skus(answer) == ["mug"] and answer["query"] is None and answer["model"] == model.version
    assert not Query.objects.exists()
    assert set(skus(ask(client, embedding=vector, category=["shoes"]))) == {"red-shoe", "blue-shoe"}


UNIT = [1.0] + [0.0] * 255


@pytest.mark.parametrize(
    "embedding",
    [UNIT[:-1], [*UNIT, 0], [0.0] * 256, [1.0] * 256, ["1", *UNIT[1:]], [True, *UNIT[1:]], "x", {"a": 1}, [UNIT]],
    ids=["255", "257", "zero", "too long", "texts", "bools", "text", "object", "nested"],
)
def test_what_is_no_unit_vector_is_refused(client, model, embedding):
    assert ask(client, 400, embedding=embedding)["code"] == "bad_embedding"


def test_words_find_products(client, shop):
    answer = ask(client, q="red shoe", k=5)
    assert skus(answer)[0] == "red-shoe" and answer["query"] is None
    assert answer["results"][0]["image"]["view_id"] == "000" and 0 < answer["results"][0]["score"] <= 1
    assert skus(ask(client, q="shoe", max_price=50)) == ["red-shoe"]


def test_a_product_without_a_photo_is_found_by_words_too(client, make_product, model):
    make_product("poster", title="Poster", photos=0)
    (result,) = ask(client, q="poster")["results"]
    assert result["image"] is None and result["product"]["image"] is None


def test_several_photos_are_one_search(client, shop):
    photos = [upload(photo_of("red-shoe", view)) for view in range(2)]
    answer = client.post(URL, {"image": photos}, format="multipart").json()
    assert skus(answer)[0] == "red-shoe" and Query.objects.count() == 1


def test_one_kind_at_a_time(client, shop):
    assert ask(client, 400, q="mug", image_id=1)["code"] == "too_many_kinds"
    form = {"q": "mug", "image": upload(photo_of("mug"))}
    assert client.post(URL, form, format="multipart").json()["code"] == "too_many_kinds"


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({}, "no_photo"),
        ({"image_id": 0}, "bad_image_id"),
        ({"image_id": "x"}, "bad_image_id"),
        ({"image_id": 10**30}, "bad_image_id"),
        ({"image_id": [[1]]}, "bad_image_id"),
        ({"q": "a" * 201}, "bad_q"),
        ({"q": "a", "k": 0}, "bad_k"),
        ({"q": "a", "k": True}, "bad_k"),
        ({"q": "a", "min_price": "1e9999"}, "bad_price"),
        ({"q": "a", "category": {"a": 1}}, "bad_category"),
        ({"q": "a\0b"}, "invalid"),
    ],
    ids=str,
)
def test_a_bad_request_is_named(client, model, fields, code):
    assert ask(client, 400, **fields)["code"] == code


@pytest.mark.parametrize("body", ["[]", "1", "null", '"x"', "[[1]]"])
def test_json_that_is_no_object_is_refused(client, model, body):
    response = client.post(URL, body, content_type="application/json")
    assert response.status_code == 400 and set(response.json()) >= {"detail", "code"}


def test_a_token_of_scope_search_has_a_rate_of_its_own(client, shop, monkeypatch, admin_user):
    rates = {"search": "1/min", "search_token": "3/min"}
    monkeypatch.setattr("search.rate_limits.SearchRate.THROTTLE_RATES", rates)
    clients = {
        scope: APIClient(
            headers={
                "Authorization": "Bearer "
                + ApiToken.objects.create(admin_user, name="x", scopes=[scope], expiry=timedelta(days=1))[1]
            }
        )
        for scope in ("search", "models")
    }
    assert [clients["search"].post(URL, {"q": "mug"}).status_code for _ in range(4)] == [200, 200, 200, 429]
    assert [clients["models"].post(URL, {"q": "mug"}).status_code for _ in range(2)] == [200, 429]
    throttled = client.post(URL, {"q": "mug"})
    assert (throttled.status_code, throttled.json()["code"]) == (429, "throttled")


def test_a_vector_in_half_precision_is_unit_enough(client, shop):
    rough = np.asarray(Embedding.objects.get(product__sku="mug").vector, np.float16)
    assert skus(ask(client, embedding=rough.astype(float).tolist(), k=1)) == ["mug"]


def test_another_account_without_rights_sees_no_models(db):
    plain = APIClient()
    plain.force_authenticate(User.objects.create_user("plain"))
    assert plain.get("/api/v1/models/").status_code == 403
    assert ModelVersion.objects.exists()
