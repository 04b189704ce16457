"""Up to 1,000 products in one call, each taken or refused by itself."""

import pytest
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.test.utils import CaptureQueriesContext

from catalog.models import Category, Product

pytestmark = pytest.mark.django_db
URL = "/api/v1/bulk/products/"


def send(client, *products, status=200):
    answer = client.post(URL, {"products": list(products)})
    assert answer.status_code == status, answer.json()
    return answer.json()


def test_each_item_is_created_changed_left_or_refused(staff, make_product):
    make_product("shoe-1", price=10, brand="Alba")
    make_product("shoe-2", price=10)
    answer = send(
        staff,
        {"sku": "shoe-1", "price": "12.00"},
        {"sku": "SHOE-2", "price": "10.00"},
        {"sku": "hat-1", "title": "Hat", "attributes": {"colour": "red"}, "shop_url": "https://shop.example/hat-1"},
        {"sku": "hat-2"},
        {"sku": "hat-3", "title": "Hat", "price": "-1"},
        {"sku": "hat-1", "title": "Again"},
        "no object",
        {"sku": "hat-4", "title": "Hat", "category": "no-such"},
    )
    counts = {name: answer[name] for name in ("created", "changed", "unchanged", "refused")}
    assert counts == {"created": 1, "changed": 1, "unchanged": 1, "refused": 5}
    assert [result["index"] for result in answer["results"]] == list(range(8))
    assert [result["status"] for result in answer["results"]] == ["changed", "unchanged", "created", *["refused"] * 5]
    refused = answer["results"][3:]
    assert all(result["code"] == "invalid" and result["detail"] for result in refused)
    assert [list(result["fields"]) for result in refused] == [
        ["title"], ["price"], ["sku"], ["non_field_errors"], ["category"],
    ]  # fmt: skip
    shoe, hat = Product.objects.get(sku="shoe-1"), Product.objects.get(sku="hat-1")
    assert (str(shoe.price), shoe.brand, shoe.title) == ("12.00", "Alba", "Title of shoe-1")
    assert (hat.title, hat.attributes, hat.url) == ("Hat", {"colour": "red"}, "https://shop.example/hat-1")
    assert Product.objects.count() == 3


def test_a_thousand_products_cost_a_few_statements(staff, db):
    Category.objects.named("Hats")
    items = [{"sku": f"hat-{number}", "title": "Hat", "category": "hats", "price": "9.90"} for number in range(1000)]
    with CaptureQueriesContext(connection) as queries:
        assert send(staff, *items)["created"] == 1000
    assert len(queries) < 40
    with CaptureQueriesContext(connection) as queries:
        assert send(staff, *[{**item, "price": "8.90"} for item in items])["changed"] == 1000
    assert len(queries) < 40
    assert set(Product.objects.values_list("price", flat=True).distinct()) == {Product.objects.first().price}


def test_the_same_call_again_changes_nothing(staff, make_product):
    item = {"sku": "hat-1", "title": "Hat", "price": "9.90", "attributes": {"colour": "red"}}
    send(staff, item)
    before = Product.objects.get().updated
    assert send(staff, item)["unchanged"] == 1
    assert Product.objects.get().updated == before


def test_a_changed_price_reaches_the_search(staff, make_product, model):
    from search.models import Embedding
    from search.tasks import embed_images

    product = make_product("shoe-1", price=10)
    embed_images(list(product.images.values_list("pk", flat=True)))
    send(staff, {"sku": "shoe-1", "price": "12.00", "is_active": False})
    embedding = Embedding.objects.get()
    assert (str(embedding.current_price), embedding.is_active) == ("12.00", False)


@pytest.mark.parametrize("products", [None, [], {}, "x", [{"sku": "x", "title": "x"}] * 1001], ids=repr)
def test_anything_but_one_to_a_thousand_products_is_refused(staff, products):
    answer = staff.post(URL, {"products": products})
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_products")
    assert not Product.objects.exists()


def test_who_may_only_add_may_not_upsert(client_of, make_product):
    adder = User.objects.create_user("adder", is_staff=True)
    adder.user_permissions.add(Permission.objects.get(codename="add_product"))
    send(client_of("catalogue:write", user=adder), {"sku": "x", "title": "x"}, status=403)


def test_two_categories_of_one_call_are_looked_up_once(staff, db):
    for name in ("Hats", "Shoes"):
        Category.objects.named(name)
    answer = send(
        staff, {"sku": "a", "title": "A", "category": "hats"}, {"sku": "b", "title": "B", "category": "shoes"}
    )
    assert answer["created"] == 2
    assert dict(Product.objects.values_list("sku", "category__slug")) == {"a": "hats", "b": "shoes"}
