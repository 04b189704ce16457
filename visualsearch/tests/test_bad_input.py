"""What no shop could keep, sent to pages and API: a 400 with a sentence, never a 500, and nothing is stored."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from django.contrib.auth.models import Group, User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import DataError, OperationalError, connection, transaction
from django.urls import reverse
from rest_framework.test import APIClient

from catalog.models import Category, Product, ProductImage
from conftest import photo_of
from visualsearch.unstorable import refused_by_storage

pytestmark = pytest.mark.django_db
PRODUCTS = "/api/v1/products/"


@pytest.fixture
def staff() -> APIClient:
    """Answers a crash as the server does: with a 500."""
    user = User.objects.create_user("clerk", is_staff=True)
    user.groups.add(Group.objects.get(name="Catalogue staff"))
    client = APIClient(raise_request_exception=False)
    client.force_authenticate(user)
    client.force_login(user)
    return client


NUL_ADDRESSES = [
    "/?q=%00",
    "/products/?q=a%00b",
    "/products/?category=%00",
    "/products/?brand=%00&sort=%00&page=%00",
    "/products/?attribute=a:%00",
    "/products/a%00b/",
    "/products/a~00b/",
    "/categories/a%00b/",
    "/search/examples/a%00.jpg",
    "/pictures/1/%00/",
    "/media/a%00.jpg",
    "/static/a%00.css",
    "/sitemap.xml?section=%00",
    "/admin/catalog/product/?q=%00",
    "/admin/catalog/product/%00/change/",
    "/admin/search/query/?created__gte=%00",
    "/admin/autocomplete/?term=%00&app_label=catalog&model_name=product&field_name=category",
    "/api/schema/?version=%00",
    "/api/schema/?lang=%00",
    "/api/v1/products/?q=%00",
    "/api/v1/products/?category=%00",
    "/api/v1/products/?cursor=%00",
    "/api/v1/products/a%00b/",
    "/api/v1/products/a~00b/",
    "/api/v1/products/a%00b/images/",
    "/api/v1/models/%00/",
    "/api/v1/nowhere/%00/",
]


@pytest.mark.parametrize("address", NUL_ADDRESSES)
def test_a_nul_in_an_address_is_a_4xx(staff, address):
    answer = staff.get(address)
    assert 400 <= answer.status_code < 500
    if address.startswith("/api/"):
        assert set(answer.json()) == {"detail", "code"}


@pytest.mark.parametrize("address", ["/search/", "/language/", "/admin/login/", "/admin/catalog/product/add/"])
def test_a_nul_in_any_field_of_a_form_is_no_500(client, staff, address):
    fields = dict.fromkeys(
        ["query", "example", "crop", "language", "next", "username", "password", "sku", "title", "category", "price"],
        "a\0b",
    )
    for sender in (client, staff):
        sender.raise_request_exception = False
        assert sender.post(address, fields).status_code < 500
    assert not Product.objects.exists()


def test_a_nul_in_a_form_or_the_name_of_a_photo_is_refused_or_left_out(staff, make_product):
    make_product("shoe-1", photos=0)
    address = f"{PRODUCTS}shoe-1/images/"
    upload = SimpleUploadedFile("a\0b.jpg", photo_of("a"))
    refused = staff.post(address, {"image": upload, "view_id": "a\0b"}, format="multipart")
    assert refused.status_code == 400 and "view_id" in refused.json()["fields"]
    taken = staff.post(address, {"image": SimpleUploadedFile("a\0b.jpg", photo_of("a"))}, format="multipart")
    assert taken.status_code == 201


FIELDS = [
    *("sku", "title", "description", "category", "brand", "price", "currency", "attributes", "is_active", "shop_url")
]


def product(**facts: str) -> str:
    """A product as JSON; the facts are JSON already."""
    facts = {"sku": '"x"', "title": '"x"'} | facts
    return "{" + ", ".join(f'"{name}": {fact}' for name, fact in facts.items()) + "}"


@pytest.mark.parametrize("name", FIELDS)
@pytest.mark.parametrize(
    "written",
    [r'"a\u0000b"', r'"\ud800"', r'"\udc00\ud800"', "1e999", "-1e999", "NaN", "Infinity", "1" * 400, "1" * 5000],
    ids=["NUL", "surrogate", "surrogates", "1e999", "-1e999", "NaN", "Infinity", "400 digits", "5000 digits"],
)
def test_what_cannot_be_kept_is_refused_in_every_field(staff, name, written):
    for facts in ({name: written}, {"attributes": f'{{"a": {written}}}'}, {"attributes": f'{{"a": [[{written}]]}}'}):
        for address, body in (
            (PRODUCTS, product(**facts)),
            ("/api/v1/bulk/products/", f'{{"products": [{product(**facts)}]}}'),
        ):
            answer = staff.post(address, body, content_type="application/json")
            assert answer.status_code == 400, (facts, answer.content)
            assert {"detail", "code"} <= set(answer.json())
    assert not Product.objects.exists()


@pytest.mark.parametrize("name", [r"a\u0000b", r"\ud800"])
def test_a_name_that_cannot_be_kept_is_refused_like_a_value(staff, name):
    for body in (product(**{name: "1"}), product(attributes=f'{{"{name}": 1}}')):
        assert staff.post(PRODUCTS, body, content_type="application/json").status_code == 400
    assert not Product.objects.exists()


@pytest.mark.parametrize("depth", [40, 500, 5_000, 100_000])
@pytest.mark.parametrize("address", [PRODUCTS, "/api/v1/bulk/products/", "/api/v1/search/"])
def test_deep_nesting_is_refused(staff, address, depth):
    for start, end in (("[", "]"), ('{"a":', "}")):
        nested = start * depth + "1" + end * depth
        for body in (nested, product(attributes=f'{{"a": {nested}}}')):
            assert staff.post(address, body, content_type="application/json").status_code == 400
    assert not Product.objects.exists()


def test_a_description_beyond_what_can_be_searched_is_refused(staff, make_product):
    make_product("shoe-1", photos=0)
    long = " ".join(f"word{number}x" for number in range(120_000))
    for answer in (
        staff.post(PRODUCTS, {"sku": "x", "title": "x", "description": long}),
        staff.patch(f"{PRODUCTS}shoe-1/", {"description": long}),
    ):
        assert answer.status_code == 400 and "description" in answer.json()["fields"]
    bulk = staff.post("/api/v1/bulk/products/", {"products": [{"sku": "y", "title": "y", "description": long}]})
    assert bulk.json()["refused"] == 1
    page = staff.post(reverse("admin:catalog_product_add"), {"sku": "z", "title": "z", "description": long})
    assert page.status_code < 500
    assert Product.objects.count() == 1


def test_the_longest_description_is_searched(staff):
    most = Product._meta.get_field("description").validators[0].limit_value
    worst = " ".join(chr(0x4E00 + number % 20_000) * 3 + str(number) for number in range(most))[:most]
    made = staff.post(PRODUCTS, {"sku": "x", "title": "x", "description": worst})
    assert made.status_code == 201, made.json()


ODD_SKUS = [
    *("𝒜" * 255, "é" * 255, "😀", "..", ".", "a/b", "a//b", "~", "%", "a%2Fb", "a\u202eb", "#?&", "a b"),
    "similar/images",
]


@pytest.mark.parametrize("sku", ODD_SKUS)
def test_any_sku_is_made_shown_given_a_photo_and_deleted(staff, sku):
    made = staff.post(PRODUCTS, {"sku": sku, "title": "Odd"})
    assert made.status_code == 201, made.json()
    page = made.json()["url"].removeprefix("http://testserver")
    address = f"/api/v1{page}"
    assert staff.get(address).json()["sku"] == made.json()["sku"]
    added = staff.post(f"{address}images/", {"image": SimpleUploadedFile("x.jpg", photo_of("a"))}, format="multipart")
    assert added.status_code == 201, added.content
    assert staff.get(page).status_code == 200 and staff.get(f"{address}similar/").status_code == 200
    assert staff.delete(f"{address}images/{added.json()['id']}/").status_code == 204
    assert staff.delete(address).status_code == 204


@pytest.mark.parametrize("name", ["k", "page", "page_size", "min_price", "max_price"])
@pytest.mark.parametrize("value", ["1e999", "9" * 400, "NaN", "-1", "0x1", "٣", "\U0001d7d8"])
def test_a_number_that_is_none_is_no_500(staff, make_product, name, value):
    make_product("shoe-1")
    for address in (PRODUCTS, f"{PRODUCTS}shoe-1/similar/", "/products/", "/api/v1/categories/"):
        assert staff.get(address, {name: value}).status_code < 500


def test_a_page_whose_query_the_database_refuses_is_a_400(staff):
    """Nothing foresees a cookie: what only Postgres finds out is an answer too."""
    staff.cookies["sessionid"] = '"a\\000b"'
    with transaction.atomic():
        assert staff.get("/admin/").status_code in (302, 400)


# The disk.


@pytest.fixture
def full_disk(tmp_path: Path, settings) -> Iterator[Path]:
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(disk)]
    if os.geteuid() or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("only root, where it may mount, can have a small disk made")
    settings.MEDIA_ROOT = disk
    (disk / "filler").write_bytes(bytes(60_000))
    yield disk
    subprocess.run(["umount", "--lazy", disk], check=True)


def test_a_photo_that_finds_no_room_on_the_disk_is_a_507_and_leaves_no_row(staff, make_product, full_disk):
    make_product("shoe-1", photos=0)
    upload = SimpleUploadedFile("x.jpg", photo_of("a") + bytes(100_000))
    answer = staff.post(f"{PRODUCTS}shoe-1/images/", {"image": upload}, format="multipart")
    assert (answer.status_code, answer.json()["code"]) == (507, "no_space")
    assert not ProductImage.objects.exists()
    (full_disk / "filler").unlink()
    upload = SimpleUploadedFile("x.jpg", photo_of("a"))
    assert staff.post(f"{PRODUCTS}shoe-1/images/", {"image": upload}, format="multipart").status_code == 201


def test_a_full_disk_of_the_database_is_a_507():
    error = OperationalError("could not extend file")
    error.__cause__ = psycopg.errors.DiskFull()
    assert refused_by_storage(error).status == 507
    assert refused_by_storage(OperationalError("connection refused")) is None


def test_a_text_that_postgres_refuses_is_the_senders_error():
    Category.objects.create(name="a", slug="a")
    with pytest.raises(DataError) as caught, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT * FROM catalog_category WHERE slug = %s", ["\0"])
    assert refused_by_storage(caught.value).status == 400
    with pytest.raises(UnicodeEncodeError) as encoding, transaction.atomic():
        Category.objects.filter(slug="\ud800").exists()
    assert refused_by_storage(encoding.value).status == 400
