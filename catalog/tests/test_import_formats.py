"""Each list that shops export comes in as a person would have it: re-typed from real exports, small."""

# ruff: noqa: E501  the lines of exports are long

from decimal import Decimal
from pathlib import Path

import pytest

from catalog.imports.importer import Action, Outcome, run_import
from catalog.imports.sources import UnknownColumns, survey_source
from catalog.imports.tables import UnusableSource
from catalog.imports.values import Reading
from catalog.models import Product
from catalog.tests.importing import path_of, take, workbook

pytestmark = pytest.mark.django_db

A, B, C = (f"http://127.0.0.1:8899/{name}.jpg" for name in "abc")


def addresses(product: Product) -> list[str]:
    return [photo.url for photo in product.remote_photos.order_by("position")]


SHOPIFY = f"""Handle,Title,Body (HTML),Vendor,Type,Tags,Published,Option1 Name,Option1 Value,Variant SKU,Variant Price,\
Variant Compare At Price,Variant Inventory Tracker,Variant Inventory Qty,Variant Inventory Policy,Image Src,Image Position,Gift Card,Status
blue-tee,Blue Tee,"<p>Soft <b>cotton</b>.</p>
<ul><li>Washable</li></ul>",Example Co,T-Shirts,"summer, sale",true,Size,S,BT-S,19.90,25,shopify,0,deny,{B},2,false,active
blue-tee,,,,,,,,M,BT-M,19.90,25,shopify,4,deny,{A},1,,
blue-tee,,,,,,,,,,,,,,,{C},3,,
4711,Old Cap,,Example Co,Caps,,false,Title,Default Title,,9.00,,,,deny,{C},1,false,draft
solo,Solo,,Example Co,Caps,,true,Title,Default Title,SOLO-1,9.00,,shopify,0,continue,,,false,active
gift,Gift Card,,Example Co,,,true,Denominations,10.00,,10.00,,,,deny,,,true,active
gift,,,,,,,,25.00,,25.00,,,,deny,,,,
"""


def test_shopify_a_handle_is_a_product_with_its_options_and_all_its_photos_in_order(tmp_path):
    take(tmp_path, SHOPIFY)
    tee, cap = Product.objects.get(sku="blue-tee"), Product.objects.get(sku="4711")
    assert (tee.title, tee.description, tee.brand) == ("Blue Tee", "Soft cotton.\n\nWashable", "Example Co")
    assert (tee.price, tee.sale_price, tee.availability) == (25, Decimal("19.90"), "in_stock")
    assert (tee.attributes, path_of(tee)) == ({"Size": ["S", "M"], "Tags": ["summer", "sale"]}, "T-Shirts")
    assert tee.is_active
    assert addresses(tee) == [A, B, C]
    assert (cap.title, cap.is_active, cap.attributes, cap.availability) == ("Old Cap", False, {}, "")
    assert Product.objects.get(title="Solo").sku == "SOLO-1"
    assert Product.objects.get(title="Solo").availability == "backorder"
    gift = Product.objects.get(title="Gift Card")
    assert (gift.sku, gift.price, gift.attributes) == ("gift", 10, {"Denominations": ["10.00", "25.00"]})


def test_shopify_in_its_newer_spelling_is_the_same(tmp_path):
    take(
        tmp_path,
        "Title,URL handle,Description,Vendor,Product category,Type,Tags,Published on online store,Status,SKU,Option1 name,"
        "Option1 value,Price,Compare-at price,Product image URL,Image position,Color (product.metafields.shopify.color-pattern)\n"
        f"Tee,tee,<p>Soft</p>,Acme,Apparel > Shirts,Tops,,TRUE,Active,T-1,Size,S,19.90,,{A},1,red\n",
    )
    tee = Product.objects.get()
    assert (tee.sku, path_of(tee), tee.attributes) == ("T-1", "Apparel > Shirts", {"Size": "S", "Color": "red"})


def test_a_shopify_export_renamed_by_hand_is_one_product_a_handle(tmp_path):
    take(
        tmp_path,
        "handle,title,description,brand,category,sku,price,images\n"
        f'blue-tee,Blue Tee,"<p>Soft</p>\n<ul><li>Washable</li></ul>",Acme,A > B > C,BT-S,19.90,{A}\n'
        f"blue-tee,,,,,BT-M,19.90,{B}\nblue-tee,,,,,,,{C}\n",
    )
    tee = Product.objects.get()
    assert (tee.sku, tee.title, tee.price, path_of(tee)) == ("blue-tee", "Blue Tee", Decimal("19.90"), "A > B > C")
    assert addresses(tee) == [A, B, C]


WOO = {
    "English": "ID,Type,SKU,Name,Published,Description,In stock?,Sale price,Regular price,Categories,Images,Parent,"
    "Attribute 1 name,Attribute 1 value(s),Attribute 1 visible,Attribute 1 global",
    "German": "ID,Typ,Artikelnummer,Name,Veröffentlicht,Beschreibung,Vorrätig?,Angebotspreis,Regulärer Preis,Kategorien,Bilder,"
    "Übergeordnetes Produkt,Attribut 1 Name,Attribut 1 Wert(e),Attribut 1 Sichtbar,Attribut 1 Global",
    "French": "ID,Type,UGS,Nom,Publié,Description,En stock ?,Tarif promo,Tarif régulier,Catégories,Images,Parent,"
    "Nom de l’attribut 1,Valeur(s) de l’attribut 1,Attribut 1 visible,Attribut 1 global",
}


@pytest.mark.parametrize("header", WOO.values(), ids=WOO)
def test_woocommerce_variations_are_part_of_their_product_wherever_they_stand(tmp_path, header):
    take(
        tmp_path,
        f"{header}\n"
        f'1,variable,tee,Tee,1,<p>A tee.</p>,1,,,"Clothes, Clothes > Tops > Tees, Sale","{A}, {B}",,Size,"S, M",1,1\n'
        f'2,simple,cup,Blue cup,0,"<p>A cup.</p>",0,"9,50","12,00",Kitchen > Cups,,,,,,\n'
        f"3,variation,tee-s,Tee - S,1,,1,,20,,{C},id:1,Size,S,,\n"
        "4,variation,tee-m,Tee - M,1,,1,,19,,,tee,Size,M,,\n",
    )
    assert Product.objects.count() == 2
    tee, cup = Product.objects.get(sku="tee"), Product.objects.get(sku="cup")
    assert (tee.title, tee.description, tee.price, tee.attributes) == ("Tee", "A tee.", 19, {"Size": ["S", "M"]})
    assert (path_of(tee), addresses(tee), tee.is_active) == ("Clothes > Tops > Tees", [A, B, C], True)
    assert (cup.price, cup.sale_price, cup.is_active) == (12, Decimal("9.50"), False)
    assert (cup.availability, path_of(cup)) == ("out_of_stock", "Kitchen > Cups")


def test_woocommerce_in_an_unknown_language_is_read_by_the_order_of_its_columns(tmp_path):
    order = ["ID", "Tüüp", "SKU", "Nimi", "Avaldatud", *[f"v{n}" for n in range(34)]]
    cells = [""] * 39
    cells[:5] = ["7", "simple", "cup-1", "Sinine tass", "1"]
    cells[8], cells[25], cells[26], cells[29] = "<b>Tass</b>", "12,50", "Köök > Tassid", A
    take(tmp_path, ",".join(order) + "\n" + ",".join(f'"{cell}"' for cell in cells) + "\n")
    cup = Product.objects.get()
    assert (cup.sku, cup.title, cup.description, cup.price) == ("cup-1", "Sinine tass", "Tass", Decimal("12.50"))
    assert (path_of(cup), addresses(cup)) == ("Köök > Tassid", [A])


def test_magento_simple_products_join_their_configurable_one_and_store_views_their_product(tmp_path):
    base = {"image_base": "https://shop.example/media/catalog/product"}
    take(
        tmp_path,
        "sku,store_view_code,product_type,categories,name,description,price,special_price,product_online,visibility,base_image,"
        "additional_images,additional_attributes,qty,is_in_stock,configurable_variations\n"
        'M-S,,simple,,Mat S,,14.0000,12.5000,1,Not Visible Individually,/s.jpg,,"size=S,color=Red",3,1,\n'
        'M-1,,simple,"Default Category/Gear,Default Category/Gear/Fitness",Strap,<p>Long</p>,5,,1,"Catalog, Search",/a/b/strap.jpg,'
        '"/a/b/s1.jpg,/a/b/s2.jpg","material=Cotton|Poly,care=Wash, dry",0,0,\n'
        'M,,configurable,Default Category/Gear,Mat,<p>Soft</p>,,,1,"Catalog, Search",/m.jpg,,,0,1,sku=M-S,size=S|sku=M-L,size=L\n'.replace(
            "sku=M-S,size=S|sku=M-L,size=L", '"sku=M-S,size=S|sku=M-L,size=L"'
        )
        + "M,de,configurable,,Matte,<p>Weich</p>,,,,,,,,,,\n",
        **base,
    )
    assert Product.objects.count() == 2
    mat, strap = Product.objects.get(sku="M"), Product.objects.get(sku="M-1")
    assert (mat.title, mat.description, mat.price, mat.sale_price) == ("Mat", "Soft", 14, Decimal("12.50"))
    assert mat.attributes["Size"] == ["S", "L"] and mat.is_active
    assert addresses(mat) == [f"{base['image_base']}/m.jpg", f"{base['image_base']}/s.jpg"]
    assert (path_of(strap), strap.availability) == ("Gear > Fitness", "out_of_stock")
    assert strap.attributes == {"Material": ["Cotton", "Poly"], "Care": "Wash, dry"}
    assert len(addresses(strap)) == 3


def test_prestashop_semicolons_and_its_own_headers(tmp_path):
    take(
        tmp_path,
        "Product ID;Active (0/1);Name *;Categories (x,y,z...);Price tax included;Discount percent;Reference #;Manufacturer;"
        "Quantity;Description;Image URLs (x,y,z...);Feature(Name:Value:Position)\n"
        f"1;1;Mug;Home,Kitchen,Mugs;12,900000;10;MUG-1;Acme;3;<p>Blue</p>;{A},{B};Colour:Blue:1,Size:Big:2\n"
        "2;0;Jug;Kitchen;7,000000;;;;0;;;\n",
    )
    mug, jug = Product.objects.get(sku="MUG-1"), Product.objects.get(title="Jug")
    assert (mug.price, mug.sale_price, mug.brand) == (Decimal("12.90"), Decimal("11.61"), "Acme")
    assert (path_of(mug), mug.description, mug.availability) == ("Kitchen > Mugs", "Blue", "in_stock")
    assert (mug.attributes, addresses(mug)) == ({"Colour": "Blue", "Size": "Big"}, [A, B])
    assert (jug.sku, jug.is_active, jug.availability) == ("presta-2", False, "out_of_stock")


GOOGLE = [
    {"id": "G-1", "title": "Green bag", "description": "Text", "link": "https://shop.example/bag", "image_link": A}
    | {"availability": "in stock", "price": "34.90 EUR", "sale_price": "19.99 EUR", "brand": "Acme"}
    | {"product_type": "Bags > Totes", "additional_image_link": f"{B},{C}"},
    {"id": "T-S", "title": "Tee", "link": "https://shop.example/tee", "image_link": A, "availability": "out_of_stock"}
    | {"price": "10.00 USD", "item_group_id": "T", "size": "S"},
    {"id": "G-2", "title": "Hat", "link": "https://shop.example/hat", "availability": "preorder", "price": "5 USD"},
    {"id": "T-M", "title": "Tee", "link": "https://shop.example/tee", "image_link": B, "availability": "in_stock"}
    | {"price": "9.00 USD", "item_group_id": "T", "size": "M"},
]


def google_tsv() -> str:
    columns = list(dict.fromkeys(column for item in GOOGLE for column in item))
    return (
        "\n".join("\t".join(row) for row in [columns, *([item.get(c, "") for c in columns] for item in GOOGLE)]) + "\n"
    )


def google_xml(atom: bool = False) -> str:
    def item(fields: dict[str, str]) -> str:
        parts = []
        for name, value in fields.items():
            several = value.split(",") if name == "additional_image_link" else [value]
            parts += [f"<g:{name}>{part.replace('>', '&gt;')}</g:{name}>" for part in several]
        return "".join(parts) + "<g:shipping><g:country>DE</g:country><g:price>4.90 EUR</g:price></g:shipping>"

    tag = "entry" if atom else "item"
    items = "".join(f"<{tag}>{item(fields)}</{tag}>" for fields in GOOGLE)
    if atom:
        return f'<feed xmlns="http://www.w3.org/2005/Atom" xmlns:g="http://base.google.com/ns/1.0"><title>x</title>{items}</feed>'
    return f'<?xml version="1.0"?><rss xmlns:g="http://base.google.com/ns/1.0"><channel><title>x</title>{items}</channel></rss>'


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("feed.tsv", google_tsv()),
        ("feed.txt", google_tsv()),
        ("feed.xml", google_xml()),
        ("feed.xml", google_xml(True)),
    ],
    ids=["tsv", "txt", "rss", "atom"],
)
def test_google_feeds_keep_the_address_the_sale_price_and_the_stock_and_join_variants(tmp_path, name, text):
    take(tmp_path, text, name)
    bag, tee, hat = (Product.objects.get(sku=sku) for sku in ("G-1", "T", "G-2"))
    assert (bag.url, bag.price, bag.sale_price, bag.currency) == (
        "https://shop.example/bag", Decimal("34.90"), Decimal("19.99"), "EUR",
    )  # fmt: skip
    assert (bag.availability, path_of(bag), addresses(bag)) == ("in_stock", "Bags > Totes", [A, B, C])
    assert (tee.price, tee.currency, tee.availability) == (9, "USD", "in_stock")
    assert (tee.attributes, addresses(tee)) == ({"Size": ["S", "M"]}, [A, B])
    assert hat.availability == "preorder" and Product.objects.count() == 3


def test_amazon_flat_files_name_their_columns_in_the_third_row(tmp_path):
    take(
        tmp_path,
        "TemplateType=fptcustom\tVersion=2018\tThe top 3 rows are for Amazon.com use only.\t\t\t\t\t\n"
        "Seller SKU\tProduct Name\tStandard Price\tMain Image URL\tParentage\tParent SKU\tSize\tQuantity\n"
        "item_sku\titem_name\tstandard_price\tmain_image_url\tparent_child\tparent_sku\tsize_name\tquantity\n"
        f"P\tTee\t\t{A}\tparent\t\t\t\nP-S\tTee S\t19.90\t{B}\tchild\tP\tS\t0\nP-M\tTee M\t21\t\tchild\tP\tM\t5\n",
        "flat.txt",
    )
    tee = Product.objects.get()
    assert (tee.sku, tee.title, tee.price, tee.attributes) == ("P", "Tee", Decimal("19.90"), {"Size": ["S", "M"]})
    assert (addresses(tee), tee.availability) == ([A, B], "in_stock")


def test_our_own_columns_may_say_more_than_they_used_to(tmp_path):
    take(
        tmp_path,
        "sku,title,price,sale_price,availability,url,active,category,department\n"
        "1,Mug,12,9,auf Lager,https://shop.example/1,nein,Mugs,Home > Kitchen\n",
    )
    mug = Product.objects.get()
    assert (mug.sale_price, mug.availability, mug.url, mug.is_active) == (
        9,
        "in_stock",
        "https://shop.example/1",
        False,
    )
    assert path_of(mug) == "Home > Kitchen > Mugs"


def test_an_unknown_list_says_what_its_columns_hold_and_what_they_may_be(tmp_path):
    path = tmp_path / "liste.csv"
    path.write_text("Artikelnummer;Bezeichnung;VK brutto;Foto;Lagerort\n4711;Tasse;5,50;https://x.example/a.jpg;R3\n")
    with pytest.raises(UnknownColumns, match="Artikelnummer") as caught:
        survey_source(path)
    assert caught.value.proposed == ["sku", "title", "price", "images", ""]
    assert caught.value.samples == [["4711", "Tasse", "5,50", "https://x.example/a.jpg", "R3"]]
    mapping = {"artikelnummer": "sku", "bezeichnung": "title", "vk brutto": "price", "lagerort": "attribute"}
    run_import(path, reading=Reading("mapped", mapping))
    product = Product.objects.get(sku="4711")
    assert (product.title, product.price, product.attributes) == ("Tasse", Decimal("5.50"), {"Lagerort": "R3"})
    assert survey_source(path, Reading("mapped", mapping)).lists[0].ignored == ["Foto"]


def test_a_list_without_titles_but_with_unknown_columns_is_not_taken_for_ours(tmp_path):
    with pytest.raises(UnknownColumns):
        take(tmp_path, "sku,name,foto\n1,Mug,a.jpg\n")
    assert not Product.objects.exists()


def test_no_column_is_dropped_in_silence(tmp_path):
    path = tmp_path / "export.csv"
    path.write_text(SHOPIFY)
    assert survey_source(path).lists[0].ignored == ["Gift Card"]


@pytest.mark.parametrize(
    ("text", "oddity"),
    [
        ("sku,title\n1,1\n2,2\n", "titles are the same as the SKUs"),
        ("sku,title\n1,Mug\n", "No product has a price"),
        ("sku,title,price\n1,Mug,5\n", "No product has a photo"),
        ("sku,price\n1,5\n", "No product has a title"),
        ("sku,title,price\n", "no rows"),
        ("sku,title,price\n1,a,1.5\n2,b,\"1,5\"\n", "both with a decimal comma"),
        ("handle,title,sku,images\n" + "".join(f"h,t,{n},{n}.jpg\n" for n in range(300)), "one product with 300 photos"),
    ],
)  # fmt: skip
def test_what_will_look_odd_is_said_before_anything_is_written(tmp_path, text, oddity):
    path = tmp_path / "export.csv"
    path.write_text(text)
    assert any(oddity in said for said in survey_source(path).oddities)


def test_a_workbook_is_read_and_its_other_sheets_are_named(tmp_path):
    rows: list[list[object]] = [
        ["Price list"],
        [],
        ["sku", "title", "price"],
        [12, "Mug", 19.9],
        ["007", "Jug", 7],
        [None],
    ]
    workbook(tmp_path / "list.xlsx", rows, Notes=[["hello"]])
    assert any("Notes" in said for said in survey_source(tmp_path / "list.xlsx").oddities)
    run_import(tmp_path / "list.xlsx")
    found = set(Product.objects.values_list("sku", "title", "price"))
    assert found == {("12", "Mug", Decimal("19.90")), ("007", "Jug", Decimal(7))}


def test_a_formula_without_a_saved_value_refuses_its_row_and_none_is_worked_out(tmp_path):
    workbook(tmp_path / "list.xlsx", [["sku", "title", "price"], ["1", "Mug", "=1+1"], ["2", "Jug", 7]])
    outcomes: list[Outcome] = []
    run_import(tmp_path / "list.xlsx", outcomes.extend)
    assert [outcome.action for outcome in outcomes] == [Action.REFUSE, Action.CREATE]
    assert "column C holds a formula" in outcomes[0].problems[0]


def test_a_workbook_that_is_none_says_so(tmp_path):
    with pytest.raises(UnusableSource, match="not a workbook"):
        take(tmp_path, b"PK\x03\x04 and nothing more", "list.xlsx")


def test_a_csv_that_is_called_a_workbook_is_read_all_the_same(tmp_path):
    take(tmp_path, "sku,title\n1,Mug\n", "list.csv.xlsx")
    assert Product.objects.get().title == "Mug"


@pytest.mark.parametrize(
    "text",
    [
        '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]><rss><channel><item><id>&b;</id></item></channel></rss>',
        '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/hostname">]><rss><item><id>&a;</id></item></rss>',
    ],
    ids=["bomb", "file"],
)
def test_xml_with_entities_of_its_own_is_not_read(tmp_path, text):
    with pytest.raises(UnusableSource, match="entities"):
        take(tmp_path, text, "feed.xml")


def test_xml_that_breaks_off_is_named_with_its_line_before_anything_is_written(tmp_path):
    with pytest.raises(UnusableSource, match="line 1"):
        take(tmp_path, google_xml()[:-60], "feed.xml")
    assert not Product.objects.exists()


@pytest.mark.parametrize("lead", ["sep=;\r\n", "\r\n\r\n", "\ufeff", "sep=;\r\n\r\n"])
def test_what_stands_before_the_header_is_no_matter(tmp_path, lead):
    take(tmp_path, f"{lead}sku;title;price\r\nX-1;Eins;1,50\r\n".encode())
    assert Product.objects.get(sku="X-1").price == Decimal("1.50")


def test_a_quote_that_never_closes_refuses_the_list_and_names_its_line(tmp_path):
    text = 'sku,title,description,price\r\nQ0,A,b,1.00\r\nQ1,Monitor,"27 inch,199.00\r\nQ2,Lamp,nice,10.00\r\nQ4,Desk,"good",30.00\r\n'
    for cut in (text, text.replace('"good"', "good")):
        with pytest.raises(UnusableSource, match="In line 3 a quote opens"):
            take(tmp_path, cut)
    assert not Product.objects.exists()


def test_quotes_within_a_cell_that_are_not_doubled_are_taken_as_they_are_meant(tmp_path):
    take(tmp_path, 'sku,title\n1,"15" monitor"\n2,5" tall\n')
    assert set(Product.objects.values_list("title", flat=True)) == {'15 monitor"', '5" tall'}


def test_a_line_without_end_is_refused_before_it_fills_the_memory(tmp_path, monkeypatch):
    monkeypatch.setattr("catalog.imports.tables.MAX_LINE", 10_000)
    with pytest.raises(UnusableSource, match="Line 2 is longer"):
        take(tmp_path, "sku,title\n1," + "x" * 20_000)


SHARED = Path(__file__).resolve().parents[2].parent / "shared" / "cases"


def test_the_shared_cases_come_in_as_well(tmp_path):
    if not SHARED.exists():
        pytest.skip("the shared cases are not on this machine")
    expected = {
        "01_shopify/products_export.csv": 2, "02_shopify_renamed/products.csv": 1, "02_shopify_renamed/url.csv": 1,
        "03_woo/wc-product-export.csv": 2, "04_magento/catalog_product.csv": 2, "05_google/feed.tsv": 1, "06_tab/list.tsv": 1,
        "06_tab/list.txt": 1, "06_tab/list_ok.csv": 1, "07_prices/products.csv": 16, "08_semicolon/products.csv": 2,
        "09_sep/products.csv": 1, "09_sep/blank_first.csv": 1, "10_encodings/cp1250.csv": 2, "11_skus/products.csv": 28,
        "12_titles/products.csv": 5, "14_images/products.csv": 16, "17_dotdot/products.csv": 3,
    }  # fmt: skip
    for name, count in expected.items():
        Product.objects.all().delete()
        run_import(SHARED / "import" / name)
        assert Product.objects.count() == count, name
    for archive in sorted([*(SHARED / "import" / "15_zips").iterdir(), *(SHARED / "zip").iterdir()]):
        outcomes: list[Outcome] = []
        run_import(archive, outcomes.extend)
        assert not any(outcome.problems for outcome in outcomes), archive.name
