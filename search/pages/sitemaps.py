"""Sitemaps for search engines: categories and products on sale."""

from django.contrib.sitemaps import Sitemap
from django.db.models import QuerySet

from catalog.models import Category, Product


class ProductSitemap(Sitemap):
    limit = 5000

    def items(self) -> QuerySet[Product]:
        return Product.objects.on_sale().only("sku", "updated").order_by("pk")

    def lastmod(self, item: Product) -> object:
        return item.updated


class CategorySitemap(Sitemap):
    def items(self) -> QuerySet[Category]:
        return Category.objects.filter(products__is_active=True).distinct().order_by("pk")


SITEMAPS = {"products": ProductSitemap, "categories": CategorySitemap}
