"""A shopper searches by several photos, which may show several items."""

from collections.abc import Callable

import numpy as np
import pytest
from django.test import Client

from catalog.models import Product
from conftest import photo_of
from ml.models import ModelVersion
from search.models import Query
from search.tests.awkward_photos import upload

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop(embedded: Callable[..., Product], count_as_alike: Callable[[float], None]) -> None:
    for sku in ("shoe", "mug", "hat"):
        embedded(sku)
    count_as_alike(0.9995)


def ask(client: Client, *skus: str, **fields: object) -> Query:
    response = client.post("/search/", {"image": [upload(photo_of(sku)) for sku in skus], **fields})
    return query_at(response["Location"])


def change(client: Client, query: Query, **fields: object) -> Query:
    response = client.post("/search/", {"query": query.pk, **fields})
    assert response.status_code == 303, response.content.decode()
    return query_at(response["Location"])


def query_at(address: str) -> Query:
    return Query.objects.get(pk=address.split("/")[2])


def found_first(client: Client, query: Query) -> str:
    return client.get(f"/search/{query.pk}/").context["results"][0].product.sku


def photos(query: Query) -> list[tuple[int, bool]]:
    return list(query.photos.values_list("item", "is_searched"))


def test_two_items_are_told_apart_and_the_first_is_searched_for(client: Client, shop: None) -> None:
    query = ask(client, "shoe", "mug")
    assert photos(query) == [(0, True), (1, False)]
    assert np.allclose(query.vector, ask(client, "shoe").vector, atol=1e-3)
    assert found_first(client, query) == "shoe"
    page = client.get(f"/search/{query.pk}/").content.decode()
    assert "2 items?" in page and "Search for photo 2" in page and "Remove photo 1" in page


def test_the_other_item_is_one_tap_away(client: Client, shop: None) -> None:
    other = change(client, ask(client, "shoe", "mug"), item=1)
    assert photos(other) == [(0, False), (1, True)]
    assert found_first(client, other) == "mug"


def test_photos_of_one_item_are_searched_together(client: Client, shop: None) -> None:
    query = ask(client, "shoe", "shoe")
    assert photos(query) == [(0, True), (0, True)]
    assert "items?" not in client.get(f"/search/{query.pk}/").content.decode()


def test_a_shopper_may_say_that_it_is_one_item_after_all(client: Client, shop: None) -> None:
    query = change(client, ask(client, "shoe", "mug"), together=1)
    assert photos(query) == [(0, True), (0, True)]
    assert not np.allclose(query.vector, ask(client, "shoe").vector, atol=1e-3)


def test_a_photo_is_removed(client: Client, shop: None) -> None:
    query = change(client, ask(client, "shoe", "mug", "mug"), remove=0)
    assert photos(query) == [(1, True), (1, True)]
    assert found_first(client, query) == "mug"
    assert photos(change(client, query, remove=1)) == []  # one photo is left: a search like any other


def test_each_photo_has_a_crop_of_its_own(client: Client, shop: None) -> None:
    query = ask(client, "shoe", "mug", crop=["", "0,0,0.5,1"])
    assert list(query.photos.values_list("crop", flat=True)) == ["", "0.0000,0.0000,0.5000,1.0000"]
    changed = change(client, query, photo=1, crop="0,0,1,0.5")
    assert list(changed.photos.values_list("crop", flat=True)) == ["", "0.0000,0.0000,1.0000,0.5000"]
    assert changed.crop == "0.0000,0.0000,1.0000,0.5000"  # the photo that was cropped is searched for
    assert client.get(f"/search/{query.pk}/photo.jpg?photo=1").content == bytes(query.photos.get(position=1).thumbnail)


@pytest.mark.parametrize("fields", [{"remove": 2}, {"item": 5}, {"remove": "x"}, {"photo": "-1", "crop": "0,0,1,1"}])
def test_what_is_not_among_the_photos_is_refused_in_words(client: Client, shop: None, fields: dict) -> None:
    query = ask(client, "shoe", "mug")
    response = client.post("/search/", {"query": query.pk, **fields}, headers={"Accept": "application/json"})
    assert response.status_code == 400 and len(response.json()["detail"]) > 20


def test_a_search_by_several_photos_outlives_its_model(client: Client, shop: None, model: ModelVersion) -> None:
    query = ask(client, "shoe", "mug")
    Query.objects.update(
        vector=[1.0] + [0.0] * 255, model=ModelVersion.objects.create(version="old", dim=256, input_size=32)
    )
    assert found_first(client, query) == "shoe"


def test_the_api_tells_items_apart(client: Client, shop: None) -> None:
    files = [upload(photo_of("shoe")), upload(photo_of("mug"))]
    answer = client.post("/api/v1/search/", {"image": files}).json()
    assert answer["photos"] == [
        {"crop": "", "item": 0, "is_searched": True},
        {"crop": "", "item": 1, "is_searched": False},
    ]
    for file in files:
        file.seek(0)
    together = client.post("/api/v1/search/", {"image": files, "together": "true"}).json()
    assert [photo["is_searched"] for photo in together["photos"]] == [True, True]
