"""The catalogue in the admin. The app `search` adds what it knows of a product (search/admin/products.py)."""

from catalog.admin import accounts, categories, feeds, imports, products, remote_photos, system, tokens  # noqa: F401
