"""What a browser, an orchestrator, a stranger and a member of staff may do."""

import json
import logging
import os
import re
import subprocess
import sys

import pytest
from django.conf import settings as project_settings
from django.contrib.auth.models import User
from django.urls import NoReverseMatch, reverse
from django_q.models import OrmQ

from search.indexing.queue import enqueue_photos
from visualsearch.logs import JsonFormatter, RequestId


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/", "/products/", "/privacy/", "/nowhere/", "/api/docs/", "/api/v1/products/"])
def test_no_page_may_run_inline_script(client, path):
    response = client.get(path)
    scripts = re.search(r"script-src ([^;]+)", response["Content-Security-Policy"])
    assert scripts and scripts[1] == "'self'"
    assert not re.search(rb"<script(?![^>]*(src=|application/(ld\+)?json))", response.content)
    assert not re.search(rb"<[^>]+\son[a-z]+=", response.content)


@pytest.mark.django_db
def test_ten_wrong_passwords_lock_the_account_for_everybody_and_say_so(client):
    User.objects.create_superuser("boss", password="right")

    def log_in(password: str, address: str = "192.0.2.7"):
        form = {"username": "boss", "password": password}
        return client.post("/admin/login/", form, REMOTE_ADDR=address)

    for _ in range(9):
        assert log_in("wrong").status_code == 200
    locked = log_in("wrong")
    assert locked.status_code == 429 and int(locked["Retry-After"]) > 0
    assert b"wait 15 minutes" in locked.content
    assert log_in("right").status_code == 429
    assert log_in("right", "192.0.2.8").status_code == 429  # another address, the same account


@pytest.mark.django_db
def test_an_address_that_guesses_at_many_accounts_is_locked_out(client):
    for number in range(10):
        client.post("/admin/login/", {"username": f"user-{number}", "password": "wrong"}, REMOTE_ADDR="192.0.2.7")
    User.objects.create_superuser("boss", password="right")
    form = {"username": "boss", "password": "right"}
    assert client.post("/admin/login/", form, REMOTE_ADDR="192.0.2.7").status_code == 429
    assert client.post("/admin/login/", form, REMOTE_ADDR="192.0.2.8").status_code == 302


@pytest.mark.parametrize("model", ["schedule", "ormq", "success"])
def test_nobody_queues_code_in_the_admin(model):
    with pytest.raises(NoReverseMatch):
        reverse(f"admin:django_q_{model}_changelist")


@pytest.mark.django_db
def test_failed_tasks_can_be_read_and_nothing_else(admin_client):
    assert admin_client.get(reverse("admin:django_q_failure_changelist")).status_code == 200
    assert admin_client.get(reverse("admin:django_q_failure_add")).status_code == 403


def test_production_settings_pass_django_s_deployment_check(tmp_path):
    production = {
        **os.environ,
        "VAR_DIR": str(tmp_path),
        "BEHIND_TLS_PROXY": "1",
        "ALLOWED_HOSTS": "shop.example",
        "SECRET_KEY": "".join(chr(ord("a") + number % 26) for number in range(60)),
        "DATABASE_URL": "postgres://nobody@/nothing",
    }
    command = [sys.executable, "manage.py", "check", "--deploy", "--tag", "security", "--fail-level", "WARNING"]
    outcome = subprocess.run(
        command, cwd=project_settings.BASE_DIR, env=production, capture_output=True, text=True, timeout=120
    )
    assert outcome.returncode == 0, outcome.stderr


@pytest.mark.django_db
def test_probes_take_any_host_and_no_redirect(client, settings, model):
    settings.SECURE_SSL_REDIRECT = True
    for path in ("/healthz/live", "/healthz/ready", "/metrics"):
        assert client.get(path, HTTP_HOST="10.0.0.9").status_code == 200
    assert client.get("/privacy/", HTTP_HOST="10.0.0.9").status_code in (301, 400)


@pytest.mark.django_db
def test_strangers_learn_whether_we_are_ready_and_nothing_more(client, model):
    stranger = {"REMOTE_ADDR": "192.0.2.7"}
    assert client.get("/healthz/ready", **stranger).json() == {"ready": True}
    assert client.get("/metrics", **stranger).status_code == 403
    assert client.get("/metrics", HTTP_X_FORWARDED_FOR="192.0.2.7").status_code == 403  # through a proxy beside us
    assert "database" in client.get("/healthz/ready").json()


@pytest.mark.django_db
def test_a_token_opens_the_metrics_to_other_machines(client, settings, model):
    settings.METRICS_TOKEN = "secret"
    scraper = {"REMOTE_ADDR": "192.0.2.7"}
    assert client.get("/metrics", **scraper, HTTP_AUTHORIZATION="Bearer secret").status_code == 200
    assert client.get("/metrics", **scraper, HTTP_AUTHORIZATION="Bearer guess").status_code == 403
    assert client.get("/metrics").status_code == 403


@pytest.mark.django_db(transaction=True)
def test_a_request_s_id_goes_into_the_tasks_it_queues(client, admin_user, make_product):
    assert client.get("/privacy/", HTTP_X_REQUEST_ID="from-the-proxy")["X-Request-ID"] == "from-the-proxy"
    assert client.get("/privacy/", HTTP_X_REQUEST_ID="bad\tid <b>")["X-Request-ID"] != "bad\tid <b>"
    from visualsearch.logs import request_id

    token = request_id.set("abc")
    try:
        enqueue_photos([1])
    finally:
        request_id.reset(token)
    assert OrmQ.objects.get().task["request_id"] == "abc"


def test_a_log_line_is_one_json_object():
    record = logging.makeLogRecord({"name": "search", "levelname": "INFO", "msg": "two\nlines", "photo": 7})
    RequestId().filter(record)
    line = JsonFormatter().format(record)
    assert "\n" not in line
    assert json.loads(line)["message"] == "two\nlines" and json.loads(line)["photo"] == 7


@pytest.mark.django_db
def test_metrics_tell_of_the_queue_the_index_and_the_stages(client, model):
    text = client.get("/metrics").content.decode()
    for name in (
        "visualsearch_oldest_task_seconds",
        "visualsearch_index_bytes",
        "visualsearch_embeddings_per_second",
        "visualsearch_stage_seconds",
        "visualsearch_request_seconds",
    ):
        assert f"# TYPE {name}" in text


@pytest.mark.django_db
def test_the_dashboard_shows_metrics_that_exist(model):
    from prometheus_client.parser import text_string_to_metric_families

    from visualsearch.metrics import exposition

    dashboard = (project_settings.BASE_DIR / "deploy" / "grafana" / "visualsearch.json").read_text()
    asked = set(re.findall(r"visualsearch_[a-z_]+", json.dumps(json.loads(dashboard)["panels"])))
    known = {family.name for family in text_string_to_metric_families(exposition().decode())}
    assert asked
    for name in asked:
        assert re.sub(r"_(bucket|count|total)$", "", name) in known
