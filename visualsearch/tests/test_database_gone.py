"""Postgres goes away under a real web process, and comes back."""

import json
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection

from conftest import photo_of
from ml.tests.tiny_model import write_tiny_model
from search.benchmarks.web_process import database_url, web_process
from search.indexing.embed import embed_awaiting
from visualsearch.tests.uploads import FORM, photo_form

TERMINATE = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'
"""


@pytest.mark.django_db(transaction=True)
def test_requests_say_try_again_and_the_first_one_after_the_return_succeeds(tmp_path: Path):
    way = tmp_path / "socket"  # the web process reaches the server by this link
    way.symlink_to(str(connection.settings_dict["HOST"]))
    with web_process(VAR_DIR=str(tmp_path), DATABASE_URL=database_url(str(way))) as web:
        assert web.request("GET", "/api/v1/products/")[0] == 200
        assert web.request("GET", "/products/")[0] == 200

        way.unlink()
        with connection.cursor() as cursor:
            cursor.execute(TERMINATE)
        for _ in range(6):  # each of its threads
            status, headers, body = web.request("GET", "/api/v1/products/")
            assert status == 503 and int(headers["Retry-After"]) > 0
            assert json.loads(body)["code"] == "no_database"
            status, headers, body = web.request("GET", "/products/")
            assert status == 503 and int(headers["Retry-After"]) > 0 and b"try again" in body
        assert web.request("GET", "/healthz/live")[0] == 200
        status, _, body = web.request("GET", "/healthz/ready")
        assert status == 503 and json.loads(body)["database"] != "ok"

        way.symlink_to(str(connection.settings_dict["HOST"]))
        for _ in range(6):
            assert web.request("GET", "/api/v1/products/")[0] == 200
            with connection.cursor() as cursor:
                cursor.execute(TERMINATE)  # it was only restarted: the next request must not see the broken connection


@pytest.mark.django_db
def test_settings_of_the_index_travel_past_pgbouncer():
    """pgbouncer refuses a startup packet with options; the settings hold on the connection all the same."""
    assert "options" not in connection.get_connection_params()
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('hnsw.iterative_scan'), current_setting('random_page_cost')")
        assert cursor.fetchone() == ("relaxed_order", "1.1")


@pytest.mark.django_db(transaction=True)
def test_a_database_that_takes_nothing_still_answers_searches(model, make_product, tmp_path):
    """Read-only stands for a full disk, which Postgres reports the same way: at the write."""
    write_tiny_model(settings.MODELS_DIR / model.version)
    make_product("mug")
    embed_awaiting(model)
    name = connection.settings_dict["NAME"]
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    try:
        with web_process(VAR_DIR=str(tmp_path)) as web:
            status, _, body = web.request("POST", "/api/v1/search/", photo_form(photo_of("mug")), FORM)
            assert status == 200, body
            assert json.loads(body)["results"][0]["product"]["sku"] == "mug"
            status, _, body = web.request("POST", "/search/", photo_form(photo_of("mug")), FORM)
            assert status == 503 and b"browse the shop" in body
            assert web.request("GET", "/products/mug/")[0] == 200
    finally:
        with connection.cursor() as cursor:
            cursor.execute(f"ALTER DATABASE {name} RESET default_transaction_read_only")


@pytest.mark.django_db
def test_readiness_tells_of_a_disk_that_is_nearly_full(client, model, monkeypatch):
    monkeypatch.setattr("visualsearch.health.LEAST_DISK", 10**18)
    response = client.get("/healthz/ready")
    assert response.status_code == 503
    assert "MB are free" in response.json()["disk"]
