"""Whoever finds all decoders at work is told when to come back, on the API, on pages and for pictures."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from conftest import photo_of
from search.models import Query

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def no_free_decoder(settings, monkeypatch, model):
    settings.PHOTO_DECODERS = 0
    for wait in ("search.query.DECODER_PATIENCE", "catalog.photos.thumbnails.PATIENCE"):
        monkeypatch.setattr(wait, 0.01)


@pytest.mark.parametrize("address", ["/api/v1/search/", "/search/"])
def test_a_search_is_refused_with_the_time_to_try_again(client, address):
    response = client.post(address, {"image": SimpleUploadedFile("p.jpg", photo_of("a"))})
    assert response.status_code == 503 and int(response["Retry-After"]) > 0
    assert not Query.objects.exists()
    if address.startswith("/api/"):
        assert response.json()["code"] == "busy"


def test_a_picture_that_cannot_be_made_now_is_not_called_missing(client, make_product):
    image = make_product("mug").images.get()
    response = client.get(f"/pictures/{image.pk}/card/")
    assert response.status_code == 503 and int(response["Retry-After"]) > 0
    assert "max-age" not in response.get("Cache-Control", "")
