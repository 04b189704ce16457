"""The product page: what the shop knows of the product and nothing more, and the ways on from it."""

import json
import re
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from catalog.models import Category, Product
from conftest import photo_of
from search.models import Query

pytestmark = pytest.mark.django_db


def page_of(client, sku="shoe-1") -> str:
    return client.get(f"/products/{sku}/").content.decode()


def offer_in(page: str) -> dict[str, str]:
    (facts,) = re.findall(r'<script type="application/ld\+json">(.*?)</script>', page, re.S)
    return json.loads(facts)["offers"]


def test_nothing_is_said_of_stock_and_shop_where_nothing_is_known(client, make_product):
    make_product("shoe-1")
    page = page_of(client)
    assert "availability" not in offer_in(page) and "stock" not in page and "To the shop" not in page


def test_availability_sale_price_and_the_shops_own_page_are_shown_and_told_to_search_engines(client, make_product):
    make_product(
        "shoe-1", price=99, sale_price="49.90", availability="out_of_stock", url="https://shop.example/s?a=1&b"
    )
    page = page_of(client)
    offer = offer_in(page)
    assert offer["price"] == "49.90" and offer["availability"] == "https://schema.org/OutOfStock"
    assert offer["url"] == "https://shop.example/s?a=1&b"
    assert "€49.90" in page and "<s class" in page and "Out of stock" in page
    assert 'href="https://shop.example/s?a=1&amp;b"' in page


def test_a_sale_price_above_the_price_is_none(client, make_product):
    make_product("shoe-1", price=9, sale_price="12")
    assert offer_in(page_of(client))["price"] == "9.00" and "<s class" not in page_of(client)


def test_sizes_are_listed_and_a_product_without_photo_says_so(client, make_product):
    make_product("shoe-1", photos=0, attributes={"size": ["40", "41"], "material": "felt"})
    page = page_of(client)
    assert re.search(r"<p>Size</p><ul><li>40</li><li>41</li></ul>", page)
    assert "No photo yet" in page and "felt" in page


def test_related_products_come_from_the_same_department_first(client, embedded):
    clothing = Category.objects.named("Clothing")
    embedded("shoe-1", category="Shoes")
    embedded("hat-1", category="Hats")
    embedded("mug-1", category="Mugs")
    Category.objects.filter(name__in=["Shoes", "Hats"]).update(parent=clothing)
    shown = re.findall(r'<a href="/products/([\w-]+)/">\s*<span class="tile">', page_of(client))
    assert shown == ["hat-1", "mug-1"]


def test_related_products_are_left_out_where_nothing_is_alike(client, embedded, count_as_alike):
    embedded("shoe-1")
    embedded("mug-1")
    count_as_alike(1.1)
    assert "Looks like this" not in page_of(client)


def test_a_picture_of_the_catalogue_is_searched_with(client, embedded):
    image = embedded("shoe-1").images.get()
    embedded("mug-1")
    response = client.post("/search/", {"picture": image.pk, "crop": "0,0,0.5,0.5"})
    assert response.status_code == 303
    assert Query.objects.get().crop == "0.0000,0.0000,0.5000,0.5000"
    assert (
        client.get(client.post("/search/", {"picture": image.pk})["Location"]).context["results"][0].product.sku
        == "shoe-1"
    )


@pytest.mark.parametrize("picture", ["0", "x", "-1", "9" * 30, "²"])
def test_a_picture_that_is_not_there_says_what_to_do(client, model, picture):
    response = client.post("/search/", {"picture": picture})
    assert response.status_code == 404
    assert "Please choose another one" in response.content.decode()


class OnePicture(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(photo_of("mug-1"))

    def log_message(self, *args):
        pass


def test_the_picture_at_an_address_is_searched_with_where_we_may_fetch_it(client, embedded, settings):
    embedded("mug-1")
    embedded("shoe-1")
    server = ThreadingHTTPServer(("127.0.0.1", 0), OnePicture)
    Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_port}/mug.jpg"
    try:
        refused = client.post("/search/", {"address": address}, headers={"Accept": "application/json"})
        assert refused.status_code == 422
        assert "Save the picture on your device and choose it here." in refused.json()["detail"]
        settings.FETCH_ALLOWED_HOSTS = [f"127.0.0.1:{server.server_port}", "127.0.0.1"]
        response = client.post("/search/", {"address": address})
        assert client.get(response["Location"]).context["results"][0].product.sku == "mug-1"
    finally:
        server.shutdown()
        server.server_close()


def test_favourites_are_listed_in_the_order_of_the_device(client, make_product):
    for sku in ("a", "b", "c"):
        make_product(sku, title=f"The {sku}", photos=0, is_active=sku != "c")
    page = client.get("/favourites/", {"sku": ["b", "c", "a", "no-such"]}).content.decode()
    assert re.findall(r'class="name">The (\w)<', page) == ["b", "a"]
    assert "None yet" in client.get("/favourites/").content.decode()
    assert Product.objects.count() == 3
