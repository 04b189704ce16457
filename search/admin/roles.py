"""The two groups of staff. They are created once; a shop may change them afterwards."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import Group, Permission
from django.db.models import Q

ALL = ("view", "add", "change", "delete")

ROLES: dict[str, dict[str, tuple[str, ...]]] = {
    "Catalogue staff": {
        "catalog.product": ALL,
        "catalog.productimage": ALL,
        "catalog.category": ALL,
        "catalog.importrun": ALL,
        "catalog.synonym": ALL,
        "search.query": ("view", "add"),
        "search.judgement": ALL,
    },
    "Model managers": {
        "ml.modelversion": ("view", "change"),
        "catalog.product": ("view",),
        "search.query": ("view", "add"),
        "search.judgement": ALL,
    },
}


def make_groups(**kwargs: Any) -> None:
    """After migrate, when the permissions exist. An existing group is not changed."""
    for name, models in ROLES.items():
        group, created = Group.objects.get_or_create(name=name)
        if not created:
            continue
        wanted = Q()
        for model, verbs in models.items():
            app, model_name = model.split(".")
            codenames = [f"{verb}_{model_name}" for verb in verbs]
            wanted |= Q(content_type__app_label=app, codename__in=codenames)
        group.permissions.set(Permission.objects.filter(wanted))
