"""A browser test ends while its page still waits for an answer: the tables are flushed all the same."""

import re
import threading
import time

import pytest
from django.conf import settings
from django.contrib.auth.models import Group
from django.core.management import call_command
from django.core.management.color import no_style
from django.core.management.sql import sql_flush
from django.db import connection, transaction
from django.http import HttpRequest, HttpResponse
from django.urls import include, path

from search.tests.browser_contexts import browser_context

pytestmark = pytest.mark.django_db(transaction=True)

asked, answered = threading.Event(), threading.Event()


def slow(request: HttpRequest) -> HttpResponse:
    with transaction.atomic():
        Group.objects.create(name="of a slow request")
        asked.set()
        time.sleep(1.5)
    answered.set()
    return HttpResponse()


urlpatterns = [path("slow/", slow), path("", include(settings.ROOT_URLCONF))]


def test_what_a_page_still_waits_for_has_ended_when_its_context_is_left(browser, live_server, settings):
    settings.ROOT_URLCONF = __name__
    with browser_context(browser) as context:
        page = context.new_page()
        page.goto(live_server.url)
        page.evaluate("void fetch('/slow/')")
        assert asked.wait(10) and not answered.is_set()
    assert answered.is_set()


def test_a_flush_that_a_deadlock_ends_is_made_again():
    """Postgres ends the one that began to wait first, here the flush."""
    Group.objects.create(name="of the test")
    (truncate,) = (statement for statement in sql_flush(no_style(), connection) if statement.startswith("TRUNCATE"))
    first, *_, last = re.findall(r'"(\w+)"', truncate)
    holding, waits = threading.Event(), threading.Event()

    def request() -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"LOCK TABLE {last} IN ACCESS SHARE MODE")
            holding.set()
            while not cursor.execute("SELECT FROM pg_locks WHERE NOT granted LIMIT 1").rowcount:
                time.sleep(0.01)
            waits.set()
            cursor.execute(f"LOCK TABLE {first} IN ACCESS SHARE MODE")
        connection.close()

    thread = threading.Thread(target=request)
    thread.start()
    assert holding.wait(10)
    call_command("flush", interactive=False, verbosity=0)
    thread.join()
    assert waits.is_set() and not Group.objects.filter(name="of the test").exists()
