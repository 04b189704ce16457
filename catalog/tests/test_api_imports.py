"""A program imports: it sends a file, watches a worker look through it, lets it run, or stops it."""

import csv
from io import BytesIO, StringIO
from pathlib import Path
from zipfile import ZipFile

import pytest
from django.contrib.admin.models import LogEntry
from django.core.files.uploadedfile import SimpleUploadedFile

from catalog.imports import runs
from catalog.models import ImportRun, Product
from conftest import photo_of

pytestmark = pytest.mark.django_db(transaction=True)
URL = "/api/v1/imports/"


@pytest.fixture(autouse=True)
def folders(settings, tmp_path: Path) -> None:
    settings.UPLOADS_DIR, settings.IMPORT_ROOT = tmp_path / "uploads", tmp_path / "inbox"
    settings.IMPORT_ROOT.mkdir()


def listed(*skus: str) -> bytes:
    file = StringIO()
    csv.writer(file).writerows([["sku", "title", "price"], *([sku, f"The {sku}", "9.90"] for sku in skus)])
    return file.getvalue().encode()


def send(client, name: str = "list.csv", data: bytes | None = None, **headers: str):
    upload = SimpleUploadedFile(name, listed("hat-1", "hat-2") if data is None else data)
    return client.post(URL, {"file": upload}, format="multipart", headers=headers)


def test_an_import_is_looked_through_then_carried_out(staff, clerk):
    begun = send(staff)
    assert begun.status_code == 202, begun.json()
    run = begun.json()
    assert (run["state"], run["name"], run["user"]) == ("checking", "list.csv", "clerk")
    runs.work(run["id"])
    run = staff.get(f"{URL}{run['id']}/").json()
    assert (run["state"], run["total"], run["created_count"]) == ("checked", 2, 2)
    assert not Product.objects.exists()
    rows = staff.get(f"{URL}{run['id']}/rows/").json()["results"]
    assert [(row["sku"], row["action"]) for row in rows] == [("hat-1", "create"), ("hat-2", "create")]
    assert staff.post(f"{URL}{run['id']}/run/").json()["state"] == "running"
    runs.work(run["id"])
    assert staff.get(f"{URL}{run['id']}/").json()["state"] == "done"
    assert set(Product.objects.values_list("sku", flat=True)) == {"hat-1", "hat-2"}
    assert [
        entry.change_message for entry in LogEntry.objects.filter(content_type__model="importrun").order_by("pk")
    ] == [
        "Started. (API, token “ERP”)",
        "Let it run. (API, token “ERP”)",
    ]


def test_an_import_is_stopped_and_taken_up_again(staff):
    pk = send(staff).json()["id"]
    runs.work(pk)
    assert staff.post(f"{URL}{pk}/cancel/").json()["state"] == "cancelled"
    assert staff.post(f"{URL}{pk}/run/").json()["state"] == "cancelled"
    assert staff.post(f"{URL}{pk}/resume/").json()["state"] == "checking"


def test_a_zip_archive_is_taken(staff):
    file = BytesIO()
    with ZipFile(file, "w") as archive:
        archive.writestr("hat-1_front.jpg", photo_of("hat-1"))
    pk = send(staff, "all.zip", file.getvalue()).json()["id"]
    runs.work(pk)
    assert staff.get(f"{URL}{pk}/").json()["created_count"] == 1


def test_something_on_the_server_is_named(staff, settings):
    (settings.IMPORT_ROOT / "list.csv").write_bytes(listed("hat-1"))
    begun = staff.post(URL, {"folder": "list.csv"}, format="multipart")
    assert begun.status_code == 202 and begun.json()["name"] == "list.csv"


@pytest.mark.parametrize("folder", ["../secret.csv", "/etc", "no-such", ".hidden", "..", "a\0b", "x" * 300])
def test_nothing_outside_the_inbox_is_imported(staff, settings, folder):
    (settings.IMPORT_ROOT.parent / "secret.csv").write_bytes(listed("hat-1"))
    refused = staff.post(URL, {"folder": folder}, format="multipart")
    assert (refused.status_code, refused.json()["code"]) == (400, "unusable_source")
    assert not ImportRun.objects.exists()


def test_what_cannot_be_imported_is_refused(staff):
    assert send(staff, "letter.docx", b"x").json()["code"] == "unusable_source"
    assert staff.post(URL, {}, format="multipart").json()["code"] == "no_source"


def test_the_same_upload_repeated_under_one_key_is_one_import(staff):
    first, again = send(staff, **{"Idempotency-Key": "a"}), send(staff, **{"Idempotency-Key": "a"})
    assert first.json()["id"] == again.json()["id"] and ImportRun.objects.count() == 1


def test_who_may_not_import_may_not_look_either(anyone, client_of, staff):
    pk = send(staff).json()["id"]
    for client, status in ((anyone, 401), (client_of("search"), 403)):
        assert client.get(URL).status_code == client.get(f"{URL}{pk}/rows/").status_code == status
        assert send(client).status_code == client.post(f"{URL}{pk}/cancel/").status_code == status
    assert client_of("catalogue:read").get(f"{URL}{pk}/").status_code == 200
    assert client_of("catalogue:read").post(f"{URL}{pk}/cancel/").status_code == 403
