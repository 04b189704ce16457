"""The admin's sidebar, by the user's permissions."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _


def menu(request: HttpRequest) -> list[dict[str, Any]]:
    """Groups of links in the format of django-unfold."""

    def link(title: str, icon: str, name: str, permission: str = "") -> dict[str, Any]:
        return {
            "title": title,
            "icon": icon,
            "link": reverse(f"admin:{name}"),
            "permission": lambda request: not permission or request.user.has_perm(permission),
        }

    return [
        {"title": "", "items": [link(_("Today"), "monitoring", "index")]},
        {
            "title": _("Catalogue"),
            "items": [
                link(_("Products"), "sell", "catalog_product_changelist", "catalog.view_product"),
                link(_("Photos to look at"), "compare", "search_photopair_changelist", "catalog.view_productimage"),
                link(_("Imports"), "upload_file", "catalog_importrun_changelist", "catalog.view_importrun"),
                link(_("Feeds"), "sync", "catalog_feed_changelist", "catalog.view_importrun"),
                link(_("Photos by address"), "link", "catalog_remotephoto_changelist", "catalog.view_product"),
                link(_("Categories"), "category", "catalog_category_changelist", "catalog.view_category"),
                link(_("Synonyms"), "match_word", "catalog_synonym_changelist", "catalog.view_synonym"),
            ],
        },
        {
            "title": _("Search"),
            "items": [
                link(_("Search by photo"), "photo_camera", "search_query_add", "search.add_query"),
                link(_("Searches"), "manage_search", "search_query_changelist", "search.view_query"),
                link(_("Models"), "neurology", "ml_modelversion_changelist", "ml.view_modelversion"),
                link(_("Trainings"), "model_training", "search_training_changelist", "ml.change_modelversion"),
            ],
        },
        {
            "title": _("People"),
            "items": [
                link(_("Users"), "person", "auth_user_changelist", "auth.view_user"),
                link(_("Groups"), "group", "auth_group_changelist", "auth.view_group"),
                link(_("API tokens"), "key", "catalog_apitoken_changelist", "catalog.view_apitoken"),
            ],
        },
        {
            "title": _("What happened"),
            "items": [
                link(_("Changes by staff"), "history", "admin_logentry_changelist", "admin.view_logentry"),
                link(_("Failed tasks"), "error", "django_q_failure_changelist", "django_q.view_failure"),
            ],
        },
    ]
