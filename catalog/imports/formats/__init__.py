"""The lists that shops keep their catalogue in, one small file each, recognised by the names of their columns.

To add one, write `catalog/imports/formats/<name>.py` with

1. `names_of(columns, samples)`: the format's own short name for each column, "" for a column that it does not use (the
   dry run lists these), and None if the columns are of another kind of list. `columns` are folded: lower case,
   without underscores and `*`. Most formats need a dictionary and `named`; recognise by what no other list has.
2. `record_of(rows)`: one `Record` of the rows of one product, everything as the list writes it. Prices, HTML, yes and
   no are understood later and for all formats alike (catalog/imports/values.py). `merged`, `options`, `lowest`,
   `image_list` and `category_path` do what most lists need.
3. `key(row)`, if several rows may be one product: what they have in common, "" for a row of its own. Rows of a product
   need not follow each other. `referred(row)` gives further names by which other rows call this product.
4. `FORMAT = Format(name, label, names_of, record_of, key=..., referred=...)`, and its line in FORMATS below: the first
   that recognises a list reads it.

Then a test in catalog/tests/test_import_formats.py: a small export of it, and what comes of it.
"""

from __future__ import annotations

from catalog.imports.formats import amazon, google, magento, own, prestashop, shopify, woocommerce
from catalog.imports.formats.record import Format, fold

FORMATS: tuple[Format, ...] = (
    shopify.FORMAT,
    woocommerce.FORMAT,
    magento.FORMAT,
    google.FORMAT,
    amazon.FORMAT,
    prestashop.FORMAT,
    own.FORMAT,
)


def recognise(columns: list[str], samples: list[list[str]]) -> Format | None:
    """The format of a list with these columns, as written."""
    folded = [fold(column) for column in columns]
    return next((format for format in FORMATS if format.names_of(folded, samples) is not None), None)
