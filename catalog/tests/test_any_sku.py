"""Any SKU that a shop has: one product in whichever case, a page and an API address, a folder for its photos."""

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.urls import reverse

from catalog.models import Product
from conftest import photo_of

SKUS = [
    *(
        "A/1",
        "A 1",
        "a.1",
        "ÄÖ-1",
        "商品1",
        "a+b",
        "#12",
        ".",
        "..",
        "...",
        "-",
        "00123",
        "12,5",
        "_",
        "A&B",
        "x" * 255,
    ),
    *(
        "O'Neil-1",
        "Ⅷ",
        '10"x20"',
        "new",
        "search",
        "A:1",
        "(A)",
        "A*",
        "100%",
        "50%25",
        "a~2Fb",
        "x/similar",
        "?q=1",
        "é",
    ),
]


@pytest.mark.parametrize("sku", SKUS)
def test_any_sku_has_a_page_an_api_address_and_a_place_for_its_photo(client, make_product, settings, sku):
    product = make_product(sku)
    address = product.get_absolute_url()
    assert address == reverse("product", args=[sku])
    assert "/../" not in address and "/./" not in address, "a browser would resolve it"
    assert f"Title of {sku}" in client.get(address).context["product"].title
    assert client.get(f"/api/v1{address}").json()["sku"] == sku
    stored = settings.MEDIA_ROOT / product.images.get().file.name
    assert stored.read_bytes() == photo_of(sku) and len(stored.relative_to(settings.MEDIA_ROOT).parts) == 4


@pytest.mark.parametrize("path", ["A%2F1", "A%201", "%2312", "50%2525"])
def test_the_api_takes_percent_encoded_skus_as_well(client, make_product, path):
    for sku in ("A/1", "A 1", "#12", "50%25"):
        make_product(sku, photos=0)
    assert client.get(f"/api/v1/products/{path}/").status_code == 200
    assert client.get(f"/api/v1/products/{path}/images/").json() == []


def test_an_address_with_a_zero_byte_cannot_be_read(client, db):
    assert client.get("/products/a%00b/").status_code == client.get("/api/v1/products/a%00b/").status_code == 400


@pytest.mark.parametrize("path", ["~00", "~FF", "nothing/like/this"])
def test_an_address_of_no_product_is_not_found(client, db, path):
    assert client.get(f"/products/{path}/").status_code == 404
    assert client.get(f"/api/v1/products/{path}/").status_code == 404


def test_a_sku_is_found_in_any_case_and_unicode_form(client, make_product):
    make_product("TEE-é", photos=0)
    for sku in ("tee-é", "Tee-e\u0301"):
        assert Product.objects.with_sku(sku).get().sku == "TEE-é"
        assert client.get(f"/products/{sku}/").status_code == 200


def test_two_products_do_not_differ_by_case_alone(make_product, admin_client):
    make_product("TEE-1", photos=0)
    with pytest.raises(IntegrityError), transaction.atomic():
        make_product("tee-1", photos=0)
    with pytest.raises(ValidationError, match="this SKU already"):
        Product(sku="tee-1", title="Tee").full_clean()
    answer = admin_client.post("/api/v1/products/", {"sku": "tee-1", "title": "Tee"}, content_type="application/json")
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")


def test_photos_of_skus_that_look_alike_as_folders_lie_apart(make_product):
    folders = {make_product(sku).images.get().file.name.rpartition("/")[0] for sku in ("A/1", "A 1", "A-1", "A+1")}
    assert len(folders) == 4


@pytest.mark.parametrize("sku", ["", "a\nb", "\x00", "a\tb", "x" * 256])
def test_what_is_no_sku_is_refused(sku):
    with pytest.raises(ValidationError) as caught:
        Product(sku=sku, title="Mug").clean_fields()
    assert "sku" in caught.value.message_dict
