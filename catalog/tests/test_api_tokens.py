"""Tokens for clients of the API: made, scoped, expiring, revoked."""

from datetime import timedelta
from io import StringIO

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group, Permission, User
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from rest_framework.authtoken.models import Token
from rest_framework.test import APIClient

from catalog.models import ApiToken, Product, Scope

pytestmark = pytest.mark.django_db
URL = "/api/v1/products/"


def test_only_a_digest_of_a_token_is_kept(clerk):
    row, token = ApiToken.objects.create(clerk, name="ERP", scopes=["search"])
    assert token.startswith("vs_") and len(token) > 60
    assert token not in (row.digest, row.token_key) and token[20:] not in row.digest


@pytest.mark.parametrize("scope", Scope.values)
def test_a_token_writes_the_catalogue_with_that_scope_alone(client_of, scope):
    status = client_of(scope).post(URL, {"sku": "x", "title": "x"}).status_code
    assert status == (201 if scope == "catalogue:write" else 403)


@pytest.mark.parametrize("scope", Scope.values)
def test_hidden_products_are_read_with_that_scope_alone(client_of, make_product, scope):
    make_product("hidden", is_active=False)
    status = client_of(scope).get(f"{URL}hidden/").status_code
    assert status == (200 if scope == "catalogue:read" else 404)


def test_a_token_may_no_more_than_its_account(client_of):
    plain = User.objects.create_user("plain")
    assert client_of(*Scope.values, user=plain).post(URL, {"sku": "x", "title": "x"}).status_code == 403


def test_what_is_public_is_public_with_any_token(client_of, make_product):
    make_product("shoe-1")
    assert client_of("models").get(f"{URL}shoe-1/").status_code == 200


def test_an_expired_token_is_refused(client_of):
    client = client_of("catalogue:write")
    ApiToken.objects.update(expiry=timezone.now() - timedelta(seconds=1))
    answer = client.post(URL, {"sku": "x", "title": "x"})
    assert (answer.status_code, answer.json()["code"]) == (401, "authentication_failed")


def test_the_token_of_a_closed_account_is_refused(client_of, clerk):
    client = client_of("catalogue:write")
    clerk.is_active = False
    clerk.save()
    assert client.post(URL, {"sku": "x", "title": "x"}).status_code == 401


@pytest.mark.parametrize("token", ["", "x", "vs_" + "0" * 64, "\xff\xfe", "a b", "zz" * 500])
def test_what_is_no_token_is_refused_in_json(token, db):
    answer = APIClient().get(URL, headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 401 and answer.json()["code"] == "authentication_failed"
    assert answer["WWW-Authenticate"] == "Bearer"


def test_a_token_of_before_works_as_it_did(clerk):
    client = APIClient(headers={"Authorization": f"Token {Token.objects.create(user=clerk)}"})
    assert client.post(URL, {"sku": "x", "title": "x"}).status_code == 201


def test_a_session_of_the_admin_needs_its_csrf_token_to_write(clerk):
    client = APIClient(enforce_csrf_checks=True)
    client.force_login(clerk)
    answer = client.post(URL, {"sku": "x", "title": "x"})
    assert (answer.status_code, answer.json()["code"]) == (403, "permission_denied")


def test_commands_make_list_and_revoke_tokens(clerk):
    out = StringIO()
    call_command("make_api_token", "ERP", user="clerk", scope=["catalogue:write"], days=3, stdout=out)
    token = out.getvalue().strip()
    row = ApiToken.objects.get()
    assert (row.name, row.user, row.scopes) == ("ERP", clerk, ["catalogue:write"])
    assert timedelta(days=2) < row.expiry - timezone.now() <= timedelta(days=3)
    client = APIClient(headers={"Authorization": f"Bearer {token}"})
    assert client.post(URL, {"sku": "x", "title": "x"}).status_code == 201
    call_command("revoke_api_token", stdout=out)
    assert f"{token[:15]}  ERP  clerk  catalogue:write" in out.getvalue()
    call_command("revoke_api_token", token[:15], stdout=out)
    assert client.post(URL, {"sku": "y", "title": "y"}).status_code == 401


def test_commands_say_what_is_wrong(clerk):
    for arguments in ({"user": "nobody", "days": 1}, {"user": "clerk", "days": 0}):
        with pytest.raises(CommandError):
            call_command("make_api_token", "ERP", scope=["search"], **arguments)
    with pytest.raises(CommandError):
        call_command("revoke_api_token", "vs_nothing")
    assert not ApiToken.objects.exists()


def make_in_admin(client: Client, user: User, **fields: object) -> str:
    """The page after the form for a new token was sent."""
    expiry = timezone.now() + timedelta(days=9)
    form = {
        "name": "Shop site",
        "user": user.pk,
        "scopes": ["search", "catalogue:read"],
        "expiry_0": f"{expiry:%Y-%m-%d}",
        "expiry_1": "12:00:00",
        **fields,
    }
    return client.post(reverse("admin:catalog_apitoken_add"), form, follow=True).content.decode()


def test_the_admin_makes_a_token_and_shows_it_once(admin_client, admin_user):
    page = make_in_admin(admin_client, admin_user)
    row = ApiToken.objects.get()
    assert row.scopes == ["search", "catalogue:read"] and row.user == admin_user
    token = page.partition("shown this once: ")[2].partition("<")[0].strip()
    assert token.startswith(row.token_key)
    assert APIClient(headers={"Authorization": f"Bearer {token}"}).get(URL).status_code == 200
    detail = admin_client.get(reverse("admin:catalog_apitoken_change", args=[row.pk])).content.decode()
    assert "Shop site" in detail and token not in detail
    assert LogEntry.objects.get().action_flag == 1


def test_the_admin_revokes_a_token(admin_client, client_of):
    client = client_of("catalogue:write")
    address = reverse("admin:catalog_apitoken_delete", args=[ApiToken.objects.get().pk])
    assert admin_client.post(address, {"post": "yes"}).status_code == 302
    assert client.post(URL, {"sku": "x", "title": "x"}).status_code == 401
    assert not Product.objects.exists()


def test_staff_who_may_make_tokens_make_them_for_themselves_only(clerk, admin_user, client):
    clerk.user_permissions.add(*Permission.objects.filter(codename__in=["add_apitoken", "view_apitoken"]))
    client.force_login(clerk)
    make_in_admin(client, admin_user)
    assert not ApiToken.objects.exists()
    make_in_admin(client, clerk)
    assert ApiToken.objects.get().user == clerk


def test_no_group_makes_tokens_unless_the_shop_says_so(db):
    assert not Group.objects.filter(permissions__codename="add_apitoken").exists()
