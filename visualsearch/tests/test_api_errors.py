"""Every error below /api/ is {"detail", "code"}, whoever raises it; other origins get what the setting says."""

import pytest
from django.test import Client
from rest_framework.test import APIClient

from conftest import photo_of

pytestmark = pytest.mark.django_db


def error_of(response, status: int) -> str:
    assert response.status_code == status and response["Content-Type"] == "application/json", response.content
    assert set(response.json()) == {"detail", "code"} and response.json()["detail"]
    return response.json()["code"]


@pytest.mark.parametrize("address", ["/api/", "/api/v1/", "/api/v1/nowhere/", "/api/v2/products/", "/api/v1/search/x/"])
def test_an_unknown_address_is_a_404(client, address):
    assert error_of(client.get(address), 404) == "not_found"
    assert error_of(client.post(address, {}), 404) == "not_found"


def test_an_unknown_address_of_the_shop_is_a_page(client):
    assert client.get("/nowhere/")["Content-Type"].startswith("text/html")


@pytest.mark.parametrize("method", ["options", "trace", "patch", "put", "delete"])
def test_another_method_is_a_405(client, method):
    assert error_of(getattr(client, method)("/api/v1/search/"), 405) == "method_not_allowed"


def test_another_type_of_answer_is_a_406(client):
    assert error_of(client.get("/api/v1/products/", headers={"Accept": "text/csv"}), 406) == "not_acceptable"


def test_another_type_of_body_is_a_415(admin_user):
    client = APIClient()
    client.force_authenticate(admin_user)
    answer = client.post("/api/v1/products/", "<a/>", content_type="application/xml")
    assert error_of(answer, 415) == "unsupported_media_type"


def test_a_long_body_is_a_413(admin_user):
    client = APIClient()
    client.force_authenticate(admin_user)
    answer = client.post("/api/v1/products/", '{"title": "' + "x" * 5_100_000 + '"}', content_type="application/json")
    assert error_of(answer, 413) == "body_too_long"


def test_half_a_body_is_a_400(admin_user):
    client = APIClient()
    client.force_authenticate(admin_user)
    for body in (b"{", b'{"a": }', b"\xff\xfe", b""):
        answer = client.post("/api/v1/products/", body, content_type="application/json")
        assert answer.status_code == 400 and {"detail", "code"} <= set(answer.json())


def test_a_host_that_is_not_ours_is_a_400(client):
    assert error_of(client.get("/api/v1/products/", headers={"Host": "evil.example"}), 400) == "bad_request"


def test_a_fault_of_our_own_is_a_500_in_json(monkeypatch, client):
    def broken(*args: object, **kwargs: object) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr("catalog.api.products.read_product_filter", broken)
    client = Client(raise_request_exception=False)
    assert error_of(client.get("/api/v1/products/"), 500) == "server_error"


def test_without_rights_it_is_a_401_or_a_403(client, django_user_model):
    assert error_of(client.get("/api/v1/models/"), 401) == "not_authenticated"
    plain = APIClient()
    plain.force_authenticate(django_user_model.objects.create_user("plain"))
    assert error_of(plain.get("/api/v1/models/"), 403) == "permission_denied"


def test_a_photo_in_the_wrong_place_is_said_so(client, model):
    response = client.post("/api/v1/search/", photo_of("a"), content_type="image/jpeg")
    assert error_of(response, 415) == "unsupported_media_type"


def test_other_origins_call_the_api_where_the_setting_says_so(client, settings):
    settings.CORS_ALLOWED_ORIGINS = ["https://shop.example"]
    asked = {"Origin": "https://shop.example", "Access-Control-Request-Method": "POST"}
    answer = client.options("/api/v1/products/", headers={**asked, "Access-Control-Request-Headers": "if-match"})
    assert answer.status_code == 200 and answer["Access-Control-Allow-Origin"] == "https://shop.example"
    assert "if-match" in answer["Access-Control-Allow-Headers"]
    assert client.get("/api/v1/products/", headers={"Origin": "https://shop.example"}).has_header(
        "Access-Control-Allow-Origin"
    )
    for address, origin in (("/api/v1/products/", "https://evil.example"), ("/products/", "https://shop.example")):
        assert not client.get(address, headers={"Origin": origin}).has_header("Access-Control-Allow-Origin")
