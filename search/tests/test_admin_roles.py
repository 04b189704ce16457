"""Catalogue staff keep products, model managers models; staff without a group see nothing."""

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client
from django.urls import reverse

from search.admin.roles import make_groups

PAGES = {
    "products": "admin:catalog_product_changelist",
    "new product": "admin:catalog_product_add",
    "export": "admin:catalog_product_export",
    "photos": "admin:search_photopair_changelist",
    "imports": "admin:catalog_importrun_changelist",
    "new import": "admin:catalog_importrun_add",
    "categories": "admin:catalog_category_changelist",
    "searches": "admin:search_query_changelist",
    "search by photo": "admin:search_query_add",
    "models": "admin:ml_modelversion_changelist",
    "trainings": "admin:search_training_changelist",
    "new training": "admin:search_training_add",
    "users": "admin:auth_user_changelist",
}
MAY = {
    "Catalogue staff": set(PAGES) - {"models", "trainings", "new training", "users"},
    "Model managers": {"products", "export", "searches", "search by photo", "models", "trainings", "new training"},
    "": set(),
}


@pytest.mark.django_db
@pytest.mark.parametrize("role", MAY)
def test_each_role_opens_its_pages_and_no_other(role, model):
    user = User.objects.create_user("clerk", is_staff=True)
    if role:
        user.groups.add(Group.objects.get(name=role))
    client = Client()
    client.force_login(user)
    opened = {name for name, url in PAGES.items() if client.get(reverse(url)).status_code == 200}
    assert opened == MAY[role]
    menu = client.get(reverse("admin:index")).content.decode()
    expected = {"products", "photos", "imports", "searches", "models", "users"}
    assert {name for name in expected if reverse(PAGES[name]) in menu} == MAY[role] & expected


@pytest.mark.django_db
def test_catalogue_staff_cannot_switch_models(model):
    user = User.objects.create_user("clerk", is_staff=True)
    user.groups.add(Group.objects.get(name="Catalogue staff"))
    client = Client()
    client.force_login(user)
    assert client.post(reverse("admin:model_do", args=[model.pk, "cancel"])).status_code == 403


@pytest.mark.django_db
def test_shoppers_see_no_page_of_the_staff(client):
    assert all("login" in client.get(reverse(url)).url for url in PAGES.values())


@pytest.mark.django_db
def test_what_the_shop_made_of_a_group_stays():
    group = Group.objects.get(name="Model managers")
    group.permissions.clear()
    make_groups()
    assert not group.permissions.exists()
