"""The tree of categories with products on sale, as menus show it."""

from __future__ import annotations

from dataclasses import dataclass, field

from django.core.cache import cache
from django.db.models import Count, Q

from catalog.models import Category

SECONDS = 60  # lifetime of the cached tree, which every page shows


@dataclass
class Department:
    """A category; `count`: products on sale in it and in all categories below."""

    name: str
    slug: str
    count: int
    children: list[Department] = field(default_factory=list)


def departments() -> list[Department]:
    """The root categories with their descendants, by name, without those that have nothing on sale."""
    tree = cache.get("departments")
    if tree is None:
        cache.set("departments", tree := _tree(), SECONDS)
    return tree


def _tree() -> list[Department]:
    on_sale = Count("products", filter=Q(products__is_active=True))
    rows = Category.objects.order_by("name").annotate(on_sale=on_sale)
    below: dict[int | None, list[tuple[int, str, str, int]]] = {}
    for pk, parent, name, slug, count in rows.values_list("pk", "parent_id", "name", "slug", "on_sale"):
        below.setdefault(parent, []).append((pk, name, slug, count))

    def grown(parent: int | None) -> list[Department]:
        found = []
        for pk, name, slug, count in below.pop(parent, []):  # pop: terminates even if the data had a cycle
            children = grown(pk)
            total = count + sum(child.count for child in children)
            if total:
                found.append(Department(name, slug, total, children))
        return found

    return grown(None)
