"""The catalogue in the admin. search/admin/products.py adds the columns and actions that need embeddings."""

from catalog.admin import accounts, categories, feeds, imports, products, remote_photos, system, tokens  # noqa: F401
