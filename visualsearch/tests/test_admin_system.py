"""Staff see what happened, and pages of their own where there is nothing."""

import pytest
from django.contrib.auth.models import User
from django.core import mail
from django.test import Client
from django.urls import clear_url_caches, reverse
from django.utils import timezone
from django_q.models import Task

import visualsearch.urls


def test_a_change_is_in_the_log_of_all_changes(admin_client, make_product):
    product = make_product("mug", photos=0)
    values = {"action": "hide", "_selected_action": [product.pk]}
    admin_client.post(reverse("admin:catalog_product_changelist"), values)
    page = admin_client.get(reverse("admin:admin_logentry_changelist")).content.decode()
    assert "Hidden from shoppers." in page and reverse("admin:catalog_product_change", args=[product.pk]) in page


def test_nobody_edits_the_log(admin_client):
    assert admin_client.get(reverse("admin:admin_logentry_add")).status_code == 403


def test_failed_tasks_are_listed_and_in_the_menu(admin_client):
    now = timezone.now()
    Task.objects.create(id="1", name="x", func="a.b", started=now, stopped=now, success=False, result="It broke.")
    page = admin_client.get(reverse("admin:django_q_failure_changelist")).content.decode()
    assert "It broke." in page and "Failed tasks" in page and "API tokens" in page


def test_staff_get_a_page_of_their_own_where_there_is_nothing_and_shoppers_theirs(admin_client, client):
    page = admin_client.get("/admin/nothing/here/")
    assert page.status_code == 404 and "Failed tasks" in page.content.decode()
    shoppers = client.get("/nothing/")
    assert shoppers.status_code == 404 and "Failed tasks" not in shoppers.content.decode()
    assert "login" in client.get("/admin/nothing/").headers["Location"], "strangers are told nothing"


@pytest.fixture
def with_mail(settings):
    """The addresses as they are where EMAIL_HOST is set."""
    import importlib

    settings.EMAIL_HOST = "mail.example"
    importlib.reload(visualsearch.urls)
    clear_url_caches()
    yield
    settings.EMAIL_HOST = ""
    importlib.reload(visualsearch.urls)
    clear_url_caches()


def test_a_forgotten_password_is_set_anew_by_mail_where_mail_is_configured(db, with_mail):
    user = User.objects.create_user("staff", "staff@shop.example", "old", is_staff=True)
    client = Client()
    assert reverse("admin_password_reset") in client.get(reverse("admin:login")).content.decode()
    assert client.get(reverse("admin_password_reset")).status_code == 200
    for address in ("staff@shop.example", "nobody@shop.example"):
        client.post(reverse("admin_password_reset"), {"email": address})
    (message,) = mail.outbox
    link = next(line for line in message.body.splitlines() if "/admin/reset/" in line)
    form = client.get(link.partition("testserver")[2], follow=True)
    new = {"new_password1": "a-long-new-secret", "new_password2": "a-long-new-secret"}
    client.post(form.request["PATH_INFO"], new)
    user.refresh_from_db()
    assert user.check_password("a-long-new-secret")


def test_without_a_mail_server_no_new_password_is_offered(client, db):
    assert "password_reset" not in client.get(reverse("admin:login")).content.decode()
    assert client.get("/admin/password_reset/").status_code in (302, 404)
