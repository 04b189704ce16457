"""The catalogue over the API: everybody reads, staff write."""

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from rest_framework.test import APIClient

from catalog.models import Category, Product, ProductImage
from conftest import photo_of

pytestmark = pytest.mark.django_db
URL = "/api/v1/products/"


def photo(data: bytes | None = None, name: str = "x.jpg") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, photo_of("shoe-1") if data is None else data)


def test_everybody_reads_what_is_on_sale(anyone, make_product):
    make_product("shoe-1", photos=2, attributes={"colour": "red"})
    make_product("shoe-2", is_active=False)
    listed = anyone.get(URL).json()
    assert (listed["count"], listed["results"][0]["sku"]) == (1, "shoe-1")
    product = anyone.get(f"{URL}shoe-1/").json()
    assert product["price"] == "10.00" and product["category"] == "shoes" and product["attributes"] == {"colour": "red"}
    assert product["url"] == "http://testserver/products/shoe-1/"
    assert [image["view_id"] for image in product["images"]] == ["000", "001"]
    assert anyone.get(f"{URL}shoe-2/").status_code == 404


def test_staff_see_hidden_products_as_well(staff, make_product):
    make_product("shoe-2", is_active=False)
    assert staff.get(f"{URL}shoe-2/").json()["is_active"] is False


def test_products_are_found_by_words_and_filters(anyone, make_product):
    make_product("shoe-1", title="Red running shoe", price=40)
    make_product("mug-1", title="Blue mug", category="Mugs")
    skus = lambda **filters: [product["sku"] for product in anyone.get(URL, filters).json()["results"]]  # noqa: E731
    assert skus(q="run") == ["shoe-1"]
    assert skus(category="mugs") == ["mug-1"]
    assert skus(min_price="11") == ["shoe-1"]


def test_staff_create_change_and_delete_a_product(staff):
    Category.objects.named("Hats")
    facts = {"sku": "hat-1", "title": "Hat", "category": "hats", "price": "12.50", "attributes": {"colour": "red"}}
    assert staff.post(URL, facts).status_code == 201
    assert staff.patch(f"{URL}hat-1/", {"price": "9.00"}).json()["price"] == "9.00"
    assert staff.put(f"{URL}hat-1/", {"sku": "hat-1", "title": "Felt hat"}).json()["title"] == "Felt hat"
    assert staff.delete(f"{URL}hat-1/").status_code == 204
    assert not Product.objects.exists()


def test_nobody_else_writes(anyone, make_product):
    make_product("shoe-1")
    customer = APIClient()
    customer.force_authenticate(User.objects.create_user("customer"))
    for client, status in ((anyone, 401), (customer, 403)):
        for answer in (
            client.post(URL, {"sku": "x", "title": "x"}),
            client.patch(f"{URL}shoe-1/", {"title": "x"}),
            client.delete(f"{URL}shoe-1/"),
            client.post(f"{URL}shoe-1/images/", {"image": photo()}, format="multipart"),
        ):
            assert answer.status_code == status and set(answer.json()) == {"detail", "code"}
    assert Product.objects.get().title == "Title of shoe-1"


@pytest.mark.parametrize(
    ("facts", "field"),
    [
        ({"title": "No SKU"}, "sku"),
        ({"sku": "a\tb", "title": "x"}, "sku"),
        ({"sku": "a", "title": "x", "price": "-1"}, "price"),
        ({"sku": "a", "title": "x", "price": "1e50"}, "price"),
        ({"sku": "a", "title": "x", "currency": "euro"}, "currency"),
        ({"sku": "a", "title": "x", "category": "no-such"}, "category"),
        ({"sku": "a", "title": "x", "attributes": ["red"]}, "attributes"),
        ({"sku": "a", "title": "x", "attributes": {"colour": "r\0d"}}, "attributes"),
        ({"sku": "a", "title": "nul \0"}, "title"),
        ({"sku": "taken", "title": "x"}, "sku"),
    ],
    ids=str,
)
def test_a_bad_product_is_refused_by_field(staff, make_product, facts, field):
    make_product("taken")
    response = staff.post(URL, facts)
    assert response.status_code == 400
    assert response.json()["code"] == "invalid" and field in response.json()["fields"]
    assert Product.objects.count() == 1


def test_staff_add_replace_and_delete_photos(staff, make_product, django_capture_on_commit_callbacks):
    make_product("shoe-1", photos=1)
    address = f"{URL}shoe-1/images/"
    added = staff.post(address, {"image": photo(photo_of("other")), "view_id": "side"}, format="multipart")
    assert added.status_code == 201, added.json()
    assert (added.json()["width"], added.json()["height"]) == (96, 128)
    assert [image["view_id"] for image in staff.get(address).json()] == ["000", "side"]
    before = ProductImage.objects.get(view_id="side").sha256
    one = f"{address}{added.json()['id']}/"
    assert staff.put(one, {"image": photo(photo_of("third")), "view_id": "side"}, format="multipart").status_code == 200
    assert ProductImage.objects.get(view_id="side").sha256 != before
    assert staff.delete(one).status_code == 204
    assert ProductImage.objects.count() == 1


def test_a_photo_without_a_view_is_numbered_and_goes_last(staff, make_product):
    make_product("shoe-1", photos=2)
    added = staff.post(f"{URL}shoe-1/images/", {"image": photo(photo_of("other"))}, format="multipart").json()
    assert (added["view_id"], added["position"]) == ("003", 2)


def test_after_the_first_of_three_photos_is_deleted_another_goes_in(staff, make_product):
    make_product("shoe-1", photos=0)
    address = f"{URL}shoe-1/images/"
    first, *_ = [
        staff.post(address, {"image": photo(photo_of(name))}, format="multipart").json() for name in ("a", "b", "c")
    ]
    assert staff.delete(f"{address}{first['id']}/").status_code == 204
    added = staff.post(address, {"image": photo(photo_of("d"))}, format="multipart")
    assert (added.status_code, added.json()["view_id"], added.json()["position"]) == (201, "004", 3)
    assert [image["view_id"] for image in staff.get(address).json()] == ["002", "003", "004"]


def test_the_same_photo_sent_twice_is_one_row(staff, make_product):
    make_product("shoe-1", photos=0)
    address = f"{URL}shoe-1/images/"
    first, again = [staff.post(address, {"image": photo()}, format="multipart") for _ in range(2)]
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json()["id"] == again.json()["id"] and ProductImage.objects.count() == 1


def test_a_photo_is_moved_and_renamed_without_sending_it_again(staff, make_product):
    image = make_product("shoe-1", photos=2).images.last()
    before = image.file.name
    answer = staff.patch(f"{URL}shoe-1/images/{image.pk}/", {"position": 0, "view_id": "front"})
    assert answer.status_code == 200, answer.json()
    image.refresh_from_db()
    assert (image.position, image.view_id, image.file.name) == (0, "front", before)


def test_what_is_written_appears_in_the_history(staff, clerk, make_product):
    staff.post(URL, {"sku": "hat-1", "title": "Hat"})
    staff.patch(f"{URL}hat-1/", {"title": "Felt hat", "price": "3.00"})
    staff.patch(f"{URL}hat-1/", {"title": "Felt hat"})
    staff.post(f"{URL}hat-1/images/", {"image": photo()}, format="multipart")
    staff.delete(f"{URL}hat-1/")
    entries = LogEntry.objects.order_by("pk")
    assert [(entry.action_flag, entry.change_message) for entry in entries] == [
        (1, "Added. (API, token “ERP”)"),
        (2, "Changed title, price. (API, token “ERP”)"),
        (2, "Added photo 001. (API, token “ERP”)"),
        (3, "Deleted. (API, token “ERP”)"),
    ]
    assert {entry.user for entry in entries} == {clerk}


def test_all_products_are_read_by_cursor_while_others_write(anyone, make_product):
    for number in range(5):
        make_product(f"shoe-{number}", photos=0)
    page = anyone.get(URL, {"cursor": "", "page_size": 2}).json()
    assert "count" not in page and page["previous"] is None
    seen = [product["sku"] for product in page["results"]]
    Product.objects.get(sku="shoe-0").delete()
    make_product("shoe-9", photos=0)
    while page["next"]:
        page = anyone.get(page["next"]).json()
        seen += [product["sku"] for product in page["results"]]
    assert seen == ["shoe-0", "shoe-1", "shoe-2", "shoe-3", "shoe-4", "shoe-9"]


@pytest.mark.parametrize("cursor", ["x", "cD1hYmM=", "cD05OTk5OTk5OTk5OTk5OTk5OTk5OTk5OTk=", "\U0001f600", "bz0x"])
def test_a_cursor_that_is_not_ours_is_refused(anyone, cursor, make_product):
    make_product("shoe-1", photos=0)
    answer = anyone.get(URL, {"cursor": cursor})
    assert answer.status_code in (200, 400, 404) and (
        answer.status_code == 200 or set(answer.json()) == {"detail", "code"}
    )


def test_a_view_that_exists_is_refused(staff, make_product):
    make_product("shoe-1", photos=1)
    fields = {"image": photo(photo_of("other")), "view_id": "000"}
    response = staff.post(f"{URL}shoe-1/images/", fields, format="multipart")
    assert response.status_code == 400 and "view_id" in response.json()["fields"]


@pytest.mark.parametrize("data", [b"", b"no photo", bytes(30_000_000)], ids=["empty", "text", "30 MB"])
def test_a_file_that_is_no_photo_is_refused(staff, make_product, data):
    make_product("shoe-1", photos=0)
    response = staff.post(f"{URL}shoe-1/images/", {"image": photo(data)}, format="multipart")
    assert response.status_code == 400 and "image" in response.json()["fields"]
    assert not ProductImage.objects.exists()


@pytest.mark.parametrize("query", ["q=a%00b", "category=no-such", "min_price=x", "attribute=x"])
def test_a_bad_filter_is_refused(anyone, query):
    response = anyone.get(f"{URL}?{query}")
    assert response.status_code == 400 and set(response.json()) == {"detail", "code"}


def test_a_page_past_the_end_is_a_404_in_json(anyone):
    assert anyone.get(URL, {"page": 9}).json()["code"] == "not_found"
