"""Staff change many products at once: they see what would happen, and then it happens once."""

from decimal import Decimal

import pytest
from django.contrib.admin.models import LogEntry
from django.urls import reverse
from django_q.models import OrmQ

from catalog import bulk_edit
from catalog.bulk_edit import Change
from catalog.models import BulkEdit, Category, Product

LIST = reverse("admin:catalog_product_changelist")


@pytest.fixture
def mugs(make_product) -> list[Product]:
    attributes = {"colour": "red", "size": "L"}
    prices = {"a": Decimal("10.00"), "b": Decimal("0.99"), "c": None}
    return [make_product(sku, photos=0, price=price, attributes=attributes) for sku, price in prices.items()]


def edit(client, products, step: str, query: str = "", **values: object):
    empty = {"category": "", "brand": "", "price": "", "amount": "", "currency": "", "attributes": ""}
    selection = {"action": "edit_together", "_selected_action": [product.pk for product in products]}
    return client.post(LIST + query, {**selection, **empty, **values, "step": step}, follow=True)


def prices() -> list[Decimal | None]:
    return list(Product.objects.order_by("sku").values_list("price", flat=True))


def test_nothing_changes_before_staff_agree(admin_client, mugs):
    page = edit(admin_client, mugs, "preview", price="percent", amount="10").content.decode()
    assert "2 products would change" in page and "10.00 → 11.00" in page and "0.99 → 1.09" in page
    assert prices() == [Decimal("10.00"), Decimal("0.99"), None]


def test_prices_change_by_per_cent_by_amount_or_to_a_sum(admin_client, mugs):
    edit(admin_client, mugs, "apply", price="percent", amount="-10")
    assert prices() == [Decimal("9.00"), Decimal("0.89"), None]
    edit(admin_client, mugs, "apply", price="add", amount="1.5")
    assert prices() == [Decimal("10.50"), Decimal("2.39"), None]
    edit(admin_client, mugs, "apply", price="set", amount="5")
    assert prices() == [Decimal("5.00")] * 3


def test_a_price_below_nothing_is_left_alone_and_named(admin_client, mugs):
    page = edit(admin_client, mugs, "preview", price="add", amount="-5").content.decode()
    assert "1 would be left as it is" in page and "Its price would be -4.01" in page
    edit(admin_client, mugs, "apply", price="add", amount="-5")
    assert prices() == [Decimal("5.00"), Decimal("0.99"), None]


def test_category_brand_currency_and_attributes_change_and_history_says_how(admin_client, mugs):
    lamps = Category.objects.named("Lamps")
    attributes = "colour = blue\nsize =\nstyle = a = b"
    edit(admin_client, mugs[:2], "apply", category=lamps.pk, brand="Acme", currency="USD", attributes=attributes)
    changed = Product.objects.get(sku="a")
    assert (changed.category, changed.brand, changed.currency) == (lamps, "Acme", "USD")
    assert changed.attributes == {"colour": "blue", "style": "a = b"}
    assert Product.objects.get(sku="c").brand == ""
    assert "brand: – → Acme" in LogEntry.objects.get(object_id=changed.pk).get_change_message()


def test_a_category_is_taken_away(admin_client, mugs):
    edit(admin_client, mugs, "apply", category="0")
    assert not Product.objects.exclude(category=None).exists()


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({}, "Nothing is to be changed"),
        ({"price": "set"}, "by how much"),
        ({"amount": "3"}, "by how much"),
        ({"price": "set", "amount": "-1"}, "not negative"),
        ({"price": "percent", "amount": "many"}, "number"),
        ({"currency": "euro"}, "3 characters"),
        ({"attributes": "red"}, "name = value"),
    ],
)
def test_what_makes_no_sense_is_said_and_nothing_is_done(admin_client, mugs, values, reason):
    assert reason in edit(admin_client, mugs, "apply", **values).content.decode()
    assert not BulkEdit.objects.exists()


def test_all_that_a_filter_finds_is_changed_not_only_the_page(admin_client, mugs, make_product):
    make_product("z", photos=0, price=7, category="Other")
    slug = mugs[0].category.slug
    edit(admin_client, mugs[:1], "apply", f"?category={slug}", select_across="1", price="set", amount="1")
    assert prices() == [Decimal("1.00")] * 3 + [Decimal("7.00")]


def test_many_products_are_changed_by_a_worker_once_though_it_is_told_twice(
    admin_user, mugs, monkeypatch, django_capture_on_commit_callbacks
):
    monkeypatch.setattr(bulk_edit, "AT_ONCE", 2)
    monkeypatch.setattr(bulk_edit, "BATCH", 2)
    with django_capture_on_commit_callbacks(execute=True):
        started = bulk_edit.start(Product.objects.all(), Change(price="percent", amount="100"), admin_user)
    assert started.reached == 0 and any("bulk_edit.work" in str(task.task) for task in OrmQ.objects.all())
    bulk_edit._work_on_a_batch(started.pk)  # and then the worker dies
    bulk_edit.work(started.pk)
    bulk_edit.work(started.pk)
    assert prices() == [Decimal("20.00"), Decimal("1.98"), None]


def exported(response) -> list[str]:
    return b"".join(response.streaming_content).decode("utf-8-sig").splitlines()


def test_what_the_list_shows_is_exported_with_active_flag_and_photo_names(admin_client, make_product):
    make_product("a", photos=2, category="Mugs")
    make_product("b", category="Shoes", is_active=False)
    export = reverse("admin:catalog_product_export")
    header, line = exported(admin_client.get(export, {"is_active__exact": "0"}))
    assert header.endswith("url,active,photos") and line.startswith("b,") and line.endswith(",false,x.jpg")
    assert len(exported(admin_client.get(export, {"category": "mugs"}))) == 2
    assert exported(admin_client.get(export, {"q": "title of a"}))[1].count(".jpg|") == 1
    assert f"{export}?category=mugs" in admin_client.get(LIST, {"category": "mugs"}).content.decode()


def test_what_is_selected_is_exported(admin_client, mugs):
    response = admin_client.post(LIST, {"action": "export_selected", "_selected_action": [mugs[1].pk]})
    assert [line.partition(",")[0] for line in exported(response)] == ["sku", "b"]
