"""Exports as other shops write them: other languages, more columns, other programs' encodings. Each comes in right."""

# ruff: noqa: E501 - exports have long lines

import io
import zipfile
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from catalog.imports.importer import Action, Outcome, run_import
from catalog.imports.sources import survey_source
from catalog.imports.tables import UnusableSource
from catalog.models import Availability, Product
from catalog.tests.importing import path_of, take, workbook
from conftest import photo_of

pytestmark = pytest.mark.django_db


def product(sku: str) -> Product:
    return Product.objects.get(sku=sku)


def test_shopify_with_metafields_and_markets(tmp_path: Path) -> None:
    take(
        tmp_path,
        "Handle,Title,Body (HTML),Vendor,Product Category,Type,Tags,Published,Option1 Name,Option1 Value,Option1 Linked To,Option2 Name,Option2 Value,"
        "Variant SKU,Variant Grams,Variant Inventory Qty,Variant Price,Variant Compare At Price,Image Src,Image Position,Fabric (product.metafields.custom.fabric),"
        "Included / United States,Price / United States,Status\n"
        'wool-hat,Wool hat,"<p>Warm &amp; soft</p>",Nordic,Apparel & Accessories > Clothing Accessories > Hats,Hat,"winter, new",true,Colour,Red,'
        "product.metafields.shopify.color-pattern,Size,M,HAT-R-M,120,4,29.00,39.00,https://cdn.example/a.jpg,1,Wool,true,33.00,active\n"
        "wool-hat,,,,,,,,,Blue,,,L,HAT-B-L,120,0,29.00,39.00,https://cdn.example/b.jpg,2,,,,\n",
    )
    found = Product.objects.get()
    assert (found.title, found.description, found.brand) == ("Wool hat", "Warm & soft", "Nordic")
    assert (found.price, found.sale_price) == (Decimal(39), Decimal(29))
    assert found.attributes["Colour"] == ["Red", "Blue"] and found.attributes["Size"] == ["M", "L"]
    assert found.attributes["Tags"] == ["winter", "new"]
    assert found.availability == Availability.IN_STOCK and found.is_active


WOO = {
    "fr": "ID,Type,UGS,Nom,Publié,Mis en avant ?,Visibilité dans le catalogue,Description courte,Description,Date de début de promo,Date de fin de promo,État de la TVA,"
    "Classe de TVA,En stock ?,Stock,Montant de stock faible,Autoriser les commandes de produits en rupture ?,Vendre individuellement ?,Poids (kg),Longueur (cm),"
    "Largeur (cm),Hauteur (cm),Autoriser les avis clients ?,Note de commande,Tarif promo,Tarif régulier,Catégories,Étiquettes,Classe d’expédition,Images",
    "es": "ID,Tipo,SKU,Nombre,Publicado,¿Está destacado?,Visibilidad en el catálogo,Descripción corta,Descripción,Día en que empieza el precio rebajado,"
    "Día en que termina el precio rebajado,Estado del impuesto,Clase de impuesto,¿Existencias?,Inventario,Cantidad de bajo inventario,¿Permitir reservas de productos agotados?,"
    "¿Vendido individualmente?,Peso (kg),Longitud (cm),Anchura (cm),Altura (cm),¿Permitir valoraciones de clientes?,Nota de compra,Precio rebajado,Precio normal,Categorías,"
    "Etiquetas,Clase de envío,Imágenes",
}


@pytest.mark.parametrize("language", WOO)
def test_woocommerce_in_french_and_spanish(tmp_path: Path, language: str) -> None:
    take(
        tmp_path,
        WOO[language]
        + '\n17,simple,B-1,Bonnet,1,0,visible,Court,"<p>Chaud</p>",,,taxable,,1,8,,0,0,,,,,1,,"19,90","24,90","Mode > Chapeaux, Promo",laine,,'
        '"https://x.example/a.jpg, https://x.example/b.jpg"\n',
    )
    found = product("B-1")
    assert (found.title, found.price, found.sale_price) == ("Bonnet", Decimal("24.90"), Decimal("19.90"))
    assert path_of(found) == "Mode > Chapeaux" and found.is_active
    assert found.attributes["Tags"] == "laine"


def test_magento_with_additional_attributes(tmp_path: Path) -> None:
    take(
        tmp_path,
        "sku,store_view_code,attribute_set_code,product_type,categories,product_websites,name,description,price,special_price,url_key,visibility,"
        "product_online,qty,is_in_stock,base_image,additional_images,additional_attributes,configurable_variations\n"
        'WS-1,,Top,simple,"Default Category/Women/Tops,Default Category/Sale",base,Tee,"<b>Soft</b>",29.0000,25.0000,tee,"Catalog, Search",1,5.0000,1,'
        '/w/s/a.jpg,"/w/s/b.jpg,/w/s/c.jpg","color=Blue,material=""Cotton, Linen"",size=M|L"\n',
    )
    found = product("WS-1")
    assert (found.title, found.description, found.price, found.sale_price) == ("Tee", "Soft", Decimal(29), Decimal(25))
    assert path_of(found) == "Women > Tops" and found.attributes["Color"] == "Blue"
    assert found.attributes["Material"] == "Cotton, Linen"


def test_prestashop_in_french_with_semicolons_and_decimal_commas(tmp_path: Path) -> None:
    take(
        tmp_path,
        "ID;Active (0/1);Nom;Catégories (x,y,z...);Prix TTC;Référence;Fabricant;Quantité;Description;URL des images (x,y,z...)\n"
        "3;1;Tasse;Accueil,Cuisine;12,50;TAS-1;Atelier;4;<p>En grès</p>;https://x.example/1.jpg,https://x.example/2.jpg\n",
    )
    found = product("TAS-1")
    assert (found.title, found.price, found.brand, found.is_active) == ("Tasse", Decimal("12.50"), "Atelier", True)


def test_a_google_feed_with_namespaces_and_sale_price(tmp_path: Path) -> None:
    take(
        tmp_path,
        '<?xml version="1.0"?><rss version="2.0" xmlns:g="http://base.google.com/ns/1.0" xmlns:c="http://base.google.com/cns/1.0"><channel><title>Shop</title>'
        "<item><g:id>G1</g:id><title><![CDATA[Oak & ash]]></title><g:price>1.299,00 EUR</g:price><g:sale_price>999,00 EUR</g:sale_price>"
        "<g:availability>in_stock</g:availability><g:product_type>Home &gt; Tables</g:product_type><g:image_link>https://x.example/a.jpg</g:image_link>"
        "<g:additional_image_link>https://x.example/b.jpg</g:additional_image_link><g:shipping><g:country>DE</g:country><g:price>5 EUR</g:price></g:shipping>"
        "<c:custom>1</c:custom></item></channel></rss>",
        "feed.xml",
    )
    found = product("G1")
    assert (found.title, found.price, found.sale_price) == ("Oak & ash", Decimal(1299), Decimal(999))
    assert (found.currency, path_of(found)) == ("EUR", "Home > Tables")


def test_an_amazon_flat_file_with_three_lines_of_header(tmp_path: Path) -> None:
    take(
        tmp_path,
        "TemplateType=fptcustom\tVersion=2024.1\tThe top 3 rows are for Amazon.com use only.\t\t\t\t\n"
        "Seller SKU\tProduct Name\tBrand Name\tStandard Price\tQuantity\tMain Image URL\tProduct Description\n"
        "item_sku\titem_name\tbrand_name\tstandard_price\tquantity\tmain_image_url\tproduct_description\n"
        "AMZ-1\tDesk lamp\tLuma\t39.99\t0\thttps://x.example/l.jpg\tBright\n",
        "flat.txt",
    )
    found = product("AMZ-1")
    assert (found.title, found.price, found.availability) == ("Desk lamp", Decimal("39.99"), Availability.OUT_OF_STOCK)


def test_a_workbook_with_a_merged_title_row(tmp_path: Path) -> None:
    from openpyxl import Workbook

    book = Workbook()
    sheet = book.worksheets[0]
    sheet.append(["Price list autumn 2026"])
    sheet.merge_cells("A1:D1")
    sheet.append(["SKU", "Title", "Price", "Category"])
    sheet.append(["M-1", "Mug", 9.5, "Kitchen"])
    book.save(tmp_path / "list.xlsx")
    run_import(tmp_path / "list.xlsx")
    assert (product("M-1").price, path_of(product("M-1"))) == (Decimal("9.50"), "Kitchen")


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-8-sig", "cp1252"])
def test_unicode_text_as_excel_saves_it(tmp_path: Path, encoding: str) -> None:
    text = "sku\ttitle\tprice\r\nÄ-1\tKräutermühle für Öl\t12,50\r\nB-2\tGroße Schüssel, weiß\t7,90\r\n"
    lead = b"\xff\xfe" if encoding == "utf-16-le" else b""
    take(tmp_path, lead + text.encode(encoding), "list.txt")
    assert set(Product.objects.values_list("title", flat=True)) == {"Kräutermühle für Öl", "Große Schüssel, weiß"}


def test_a_zip_as_macos_packs_it(tmp_path: Path) -> None:
    path = tmp_path / "shop.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("Shop/Liste Herbst.csv", "sku;title;images\nK-1;Krug;krüge/Krug gru\u0308n.JPG\n")
        archive.writestr("Shop/Krüge/krug grün.jpg", photo_of("a"))
        archive.writestr("__MACOSX/Shop/._Liste Herbst.csv", b"\0\5\x16\7")
        archive.writestr("Shop/.DS_Store", b"x")
    run_import(path)
    assert product("K-1").images.count() == 1 and Product.objects.count() == 1


def test_a_zip_within_a_zip_is_named_and_not_opened(tmp_path: Path) -> None:
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as archive:
        archive.writestr("9_0.jpg", photo_of("9"))
    path = tmp_path / "outer.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("photos.zip", inner.getvalue())
        archive.writestr("12_0.jpg", photo_of("12"))
    assert any("photos.zip" in text for text in survey_source(path).oddities)
    run_import(path)
    assert list(Product.objects.values_list("sku", flat=True)) == ["12"]


def test_a_bomb_that_calls_itself_a_workbook_is_not_opened(tmp_path: Path) -> None:
    workbook(tmp_path / "list.xlsx", [["sku", "title"], ["1", "Mug"]])
    with (
        zipfile.ZipFile(tmp_path / "list.xlsx", "a", zipfile.ZIP_DEFLATED) as book,
        book.open("xl/media/image1.png", "w", force_zip64=True) as file,
    ):
        for _part in range(60):
            file.write(bytes(10_000_000))
    with pytest.raises(UnusableSource, match="packed so tightly"):
        run_import(tmp_path / "list.xlsx")


def test_a_line_of_two_gigabytes_is_refused_by_its_first_millions(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    with path.open("wb") as file:
        file.write(b"sku,title,price\nA,Mug,1\nB,")
        file.truncate(2**31)  # a hole of the file system: zeros, and no room on the disk
    with pytest.raises(UnusableSource):
        run_import(path)
    assert not Product.objects.exists()


@pytest.mark.parametrize(
    ("price", "said"),
    [("1,234", "1234.00"), ("1.234", "1234.00"), ("€ 12,500", "12500.00")],
)
def test_a_price_without_evidence_is_told_before_anything_is_written(tmp_path: Path, price: str, said: str) -> None:
    path = tmp_path / "list.csv"
    path.write_text(f"sku;title;price\nA;Mug;{price}\nB;Jug;7\n")
    survey = survey_source(path)
    assert survey.lists[0].assumed_mark == ("," if "," in price else ".")
    assert any(price in text and said in text and "1 price" in text for text in survey.oddities)


@pytest.mark.parametrize("evidence", ["7,50", "1.234,50"])
def test_a_price_that_another_explains_is_not_doubted(tmp_path: Path, evidence: str) -> None:
    path = tmp_path / "list.csv"
    path.write_text(f"sku;title;price\nA;Mug;1.234\nB;Jug;{evidence}\n")
    assert survey_source(path).lists[0].assumed_mark == ""


VARIANTS: list[tuple[str, str, dict[str, Any]]] = [
    (
        "gid",
        "g:id\tg:title\tg:link\tg:image_link\tg:price\nX\tMug\thttps://x.example/\t\t5 USD\n",
        {"title": "Mug", "price": Decimal(5), "currency": "USD"},
    ),
    ("quoted header", '"SKU";"Title";"Price"\r\n"X";"Mug";"5,00"\r\n', {"title": "Mug", "price": Decimal(5)}),
    ("spaces", " SKU , Title , Price \n X , Mug , 5.00 \n", {"title": "Mug", "price": Decimal(5)}),
    ("old mac", "sku,title,price\rX,Mug,5.00\r", {"title": "Mug", "price": Decimal(5)}),
    ("pipes", "sku|title|price\nX|Mug|5.00\n", {"title": "Mug", "price": Decimal(5)}),
    ("no end", "sku,title,price\nX,Mug,5.00", {"title": "Mug", "price": Decimal(5)}),
    ("lines in a cell", 'sku,title,description\nX,Mug,"one\ntwo, ""three"""\n', {"description": 'one\ntwo, "three"'}),
    ("entities", "sku,title\nX,Salt &amp; Pepper\n", {"title": "Salt & Pepper"}),
    ("nbsp price", 'sku,title,price\nX,Mug,"1\u00a0234,50\u00a0€"\n', {"price": Decimal("1234.50"), "currency": "EUR"}),
    ("swiss", "sku,title,price\nX,Mug,CHF 1'234.50\n", {"price": Decimal("1234.50"), "currency": "CHF"}),
    ("free", "sku,title,price\nX,Mug,0.00\n", {"price": Decimal(0)}),
    ("zero width", "\ufeff\u200bsku,title\nX,Mug\n", {"title": "Mug"}),
]


@pytest.mark.parametrize(("name", "text", "expected"), VARIANTS, ids=[name for name, *_ in VARIANTS])
def test_a_list_as_some_program_writes_it(tmp_path: Path, name: str, text: str, expected: dict[str, Any]) -> None:
    outcomes: list[Outcome] = take(tmp_path, text)
    assert [outcome.action for outcome in outcomes] == [Action.CREATE], outcomes
    found = product("X")
    assert {field: getattr(found, field) for field in expected} == expected


WOO_BRAZIL = (
    'ID,Tipo,SKU,Nome,Publicado,"Em destaque?","Visibilidade no catálogo","Breve texto","Texto longo","Início","Fim","Status do imposto","Classe de imposto",'
    '"Há estoque?",Estoque,"Estoque baixo","Encomendas?","Individual?","Peso (kg)","Comprimento (cm)","Largura (cm)","Altura (cm)","Avaliações?","Nota",'
    '"Valor em oferta","Valor",Grupos,Etiquetas,"Classe de entrega",Figuras,"Downloads","Dias","Acima","Grupo","Aumenta","Cruzada","URL","Botão",Posição\n'
    '10,simple,C-1,Caneca,1,0,visible,curta,"linha\\nduas",,,taxable,,1,3,,0,0,,,,,1,,"9,99","1.012,50","Casa > Canecas",,,https://w.example/a.jpg,,,,,,,,,0\n'
)


def test_woocommerce_of_which_some_headers_are_known_is_read_by_place_besides(tmp_path: Path) -> None:
    take(tmp_path, WOO_BRAZIL)
    found = product("C-1")
    assert (found.title, found.price, found.sale_price) == ("Caneca", Decimal("1012.50"), Decimal("9.99"))
    assert (found.description, path_of(found)) == ("linha\nduas", "Casa > Canecas")
    assert found.remote_photos.count() == 1


def test_woocommerce_with_a_few_columns_in_another_order(tmp_path: Path) -> None:
    take(tmp_path, 'Nom,UGS,Type,Publié,"Tarif régulier",Catégories\nTasse,T-1,simple,1,"12,50",Maison > Tasses\n')
    assert (product("T-1").title, product("T-1").price, path_of(product("T-1"))) == (
        "Tasse",
        Decimal("12.50"),
        "Maison > Tasses",
    )


def test_prestashop_in_french(tmp_path: Path) -> None:
    take(
        tmp_path,
        "ID;Actif (0/1);Nom *;Catégories (x,y,z...);Prix TTC;Référence n°;Marque;Quantité\n1;1;Chaise;Accueil,Chaises;120,00;CH-1;Acme;3\n",
    )
    assert (product("CH-1").price, product("CH-1").brand) == (Decimal(120), "Acme")


def test_quotes_as_mysql_writes_them(tmp_path: Path) -> None:
    lines = r'"1","Screen 24\" wide","12"', r'"2","C:\","9"', r'"3","{""a"": ""x\""y""}","8"'
    take(tmp_path, "sku,title,price\n" + "\n".join(lines))
    assert [p.title for p in Product.objects.order_by("sku")] == ['Screen 24" wide', "C:\\", '{"a": "x\\"y"}']


def test_a_workbook_and_a_feed_are_known_by_what_they_hold_whatever_they_are_called(tmp_path: Path) -> None:
    workbook(tmp_path / "book.xlsx", [["sku", "title"], ["1", "Mug"]])
    (tmp_path / "book.xlsx").rename(tmp_path / "book.csv")
    run_import(tmp_path / "book.csv")
    take(
        tmp_path,
        "<?xml version='1.0'?><rss><channel><item><id>2</id><title>Jug</title><link>https://x.example/2</link>"
        "<availability>in stock</availability></item></channel></rss>",
        "feed.txt",
    )
    assert set(Product.objects.values_list("title", flat=True)) == {"Mug", "Jug"}


@pytest.mark.parametrize(
    ("start", "said"),
    [(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "save it as .xlsx"), (b"<html><table><tr><td>sku", "is a web page")],
)
def test_what_other_programs_call_a_list_and_is_none_is_refused_with_what_to_do(
    tmp_path: Path, start: bytes, said: str
) -> None:
    (tmp_path / "list.csv").write_bytes(start + bytes(600))
    with pytest.raises(UnusableSource, match=said):
        run_import(tmp_path / "list.csv")


def test_xml_as_price_comparisons_have_it(tmp_path: Path) -> None:
    item = (
        "<id>{0}</id><title>Tee {0}</title><link>https://x.example/{0}</link><availability>in stock</availability>"
        "<price>12.00 EUR</price><related><product><id>99</id></product></related>"
    )
    items = "".join(f"<product>{item.format(number)}</product>" for number in (1, 2))
    take(tmp_path, f"<products>{items}</products>", "feed.xml")
    assert set(Product.objects.values_list("sku", "title")) == {("1", "Tee 1"), ("2", "Tee 2")}


@pytest.mark.parametrize(
    ("encoding", "title"),
    [
        ("cp932", "コーヒーカップ 白磁"),
        ("euc_jp", "木の椅子"),
        ("gb18030", "咖啡杯 白色"),
        ("big5", "男裝襯衫 藍色"),
        ("cp949", "커피 컵 흰색"),
        ("cp1253", "Κούπα"),
        ("cp1251", "Кружка"),
        ("koi8_r", "Чашка белая"),
        ("cp1250", "Łyżka żółta"),
        ("cp1252", "Crème brûlée"),
    ],
)
def test_the_encoding_of_a_short_list_is_guessed(tmp_path: Path, encoding: str, title: str) -> None:
    take(tmp_path, f"sku;title\n1;{title}\n".encode(encoding))
    assert product("1").title == title
