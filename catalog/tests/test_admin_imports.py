"""Staff import: look through first, agree, watch, cancel, resume; nothing is written before they agree."""

import io
import zipfile
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django_q.models import OrmQ

from catalog.imports import importer
from catalog.imports import runs as import_runs
from catalog.models import ImportRun, Product
from conftest import photo_of

ADD = reverse("admin:catalog_importrun_add")
CSV = "sku,title,price,images\n12,Mug,5,a.jpg\n13,=Cup,cheap,\n14,Jug,7,\n"


@pytest.fixture(autouse=True)
def own_folders(settings, tmp_path: Path) -> None:
    settings.UPLOADS_DIR, settings.IMPORT_ROOT = tmp_path / "uploads", tmp_path / "inbox"
    settings.IMPORT_ROOT.mkdir()


@pytest.fixture
def run(admin_client) -> ImportRun:
    files = [SimpleUploadedFile("list.csv", CSV.encode()), SimpleUploadedFile("a.jpg", photo_of("a"))]
    admin_client.post(ADD, {"uploads": files})
    return ImportRun.objects.get()


def page(client, run: ImportRun, **query: str) -> str:
    return client.get(reverse("admin:catalog_importrun_change", args=[run.pk]), query).content.decode()


def do(client, run: ImportRun, what: str) -> None:
    client.post(reverse("admin:import_do", args=[run.pk, what]))
    run.refresh_from_db()


def counts(run: ImportRun) -> tuple[int, int, int, int]:
    run.refresh_from_db()
    return run.created_count, run.changed_count, run.kept_count, run.refused_count


def test_an_upload_is_looked_through_and_nothing_is_written(admin_client, run):
    assert import_runs.work(run.pk) == "checked"
    text = page(admin_client, run)
    assert "title: Mug" in text and "photo a added" in text and "&#x27;cheap&#x27; is not a number" in text
    assert counts(run) == (2, 0, 0, 1)
    assert not Product.objects.exists()


def test_after_the_go_ahead_the_good_rows_go_in_and_the_upload_is_deleted(admin_client, run, settings):
    import_runs.work(run.pk)
    do(admin_client, run, "run")
    assert import_runs.work(run.pk) == "done"
    assert counts(run) == (2, 0, 0, 1)
    assert Product.objects.get(sku="12").images.count() == 1
    assert list(settings.UPLOADS_DIR.iterdir()) == []


def test_refused_rows_download_as_a_csv_that_runs_no_formula(admin_client, run):
    import_runs.work(run.pk)
    run.rows.filter(line=3).update(sku="=1+1")
    response = admin_client.get(reverse("admin:import_refused", args=[run.pk]))
    lines = b"".join(response.streaming_content).decode("utf-8-sig").splitlines()
    assert lines == ["line,sku,problem", "3,'=1+1,The price 'cheap' is not a number such as 12.50."]


def test_rows_can_be_narrowed_to_what_is_refused(admin_client, run):
    import_runs.work(run.pk)
    assert "title: Mug" not in page(admin_client, run, show="refuse")
    assert "cheap" in page(admin_client, run, show="refuse")


def test_the_progress_bar_moves_and_then_loads_the_page_anew(admin_client, run):
    progress = reverse("admin:import_progress", args=[run.pk])
    assert 'hx-trigger="every 1s"' in admin_client.get(progress).content.decode()
    import_runs.work(run.pk)
    assert admin_client.get(progress).headers["HX-Refresh"] == "true"


def test_a_cancelled_run_keeps_what_went_in_and_goes_on_later(admin_client, run, monkeypatch):
    import_runs.work(run.pk)
    do(admin_client, run, "run")
    monkeypatch.setattr(importer, "BATCH", 1)
    monkeypatch.setattr(import_runs, "SLICE", 0.0)  # over after the first row
    assert import_runs.work(run.pk) == "running"
    do(admin_client, run, "cancel")
    monkeypatch.undo()
    assert import_runs.work(run.pk) == "cancelled"
    assert list(Product.objects.values_list("sku", flat=True)) == ["12"]
    do(admin_client, run, "resume")
    assert import_runs.work(run.pk) == "done"
    assert counts(run) == (2, 0, 0, 1)


def test_a_run_whose_worker_died_counts_no_row_twice(admin_client, run, monkeypatch):
    import_runs.work(run.pk)
    do(admin_client, run, "run")
    record = import_runs._record

    def die_on_the_third(run: ImportRun, outcomes: list) -> None:
        record(run, outcomes)
        if outcomes[0].line == 4:
            raise KeyboardInterrupt  # like a signal, between a product and its commit

    monkeypatch.setattr(importer, "BATCH", 1)
    monkeypatch.setattr(import_runs, "_record", die_on_the_third)
    with pytest.raises(KeyboardInterrupt):
        import_runs.work(run.pk)
    monkeypatch.undo()
    assert counts(run) == (1, 0, 0, 1)
    assert import_runs.work(run.pk) == "done"
    assert counts(run) == (2, 0, 0, 1)


def test_a_slice_that_ends_queues_the_next(admin_client, run, monkeypatch, django_capture_on_commit_callbacks):
    monkeypatch.setattr(import_runs, "SLICE", 0.0)
    before = OrmQ.objects.count()
    with django_capture_on_commit_callbacks(execute=True):
        assert import_runs.work(run.pk) == "checking"
    assert OrmQ.objects.count() == before + 1


@pytest.mark.django_db(transaction=True)
def test_only_one_worker_is_at_a_run_at_a_time(run):
    import psycopg
    from django.db import connection

    parameters = connection.get_connection_params()
    with psycopg.connect(host=parameters["host"], user=parameters["user"], dbname=parameters["dbname"]) as other:
        other.execute("SELECT pg_advisory_lock(hashtext('visualsearch import'), %s)", [run.pk])
        assert import_runs.work(run.pk) == "checking"
        assert counts(run) == (0, 0, 0, 0)
        other.execute("SELECT pg_advisory_unlock(hashtext('visualsearch import'), %s)", [run.pk])
    assert import_runs.work(run.pk) == "checked"


def test_repeating_an_import_changes_nothing(admin_client, settings):
    (settings.IMPORT_ROOT / "shop").mkdir()
    (settings.IMPORT_ROOT / "shop" / "products.csv").write_text("sku,title\n1,Mug\n")
    for expected in ((1, 0, 0, 0), (0, 0, 1, 0)):
        admin_client.post(ADD, {"folder": "shop"})
        run = ImportRun.objects.first()
        import_runs.work(run.pk)
        assert counts(run) == expected
        do(admin_client, run, "run")
        import_runs.work(run.pk)
    assert (settings.IMPORT_ROOT / "shop" / "products.csv").exists(), "what staff named is theirs"


def test_only_what_lies_in_the_import_folder_is_on_offer(admin_client, settings, tmp_path):
    (tmp_path / "secret").mkdir()
    (settings.IMPORT_ROOT / "link").symlink_to(tmp_path / "secret")
    for folder in ("link", "../secret", "/etc"):
        assert "not one of the available choices" in admin_client.post(ADD, {"folder": folder}).content.decode()
    assert not ImportRun.objects.exists()


@pytest.mark.parametrize("names", [["a.csv", "b.csv"], ["a.zip", "a.jpg"], ["a.exe"], ["a.jpg", "a.jpg"], []])
def test_uploads_that_make_no_sense_are_refused_with_a_hint(admin_client, names):
    files = [SimpleUploadedFile(name, b"x") for name in names]
    assert 'role="alert"' in admin_client.post(ADD, {"uploads": files}).content.decode()
    assert not ImportRun.objects.exists()


def test_an_archive_that_cannot_be_imported_says_why(admin_client, settings):
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("../12_0.jpg", photo_of("12"))
    admin_client.post(ADD, {"uploads": [SimpleUploadedFile("shop.zip", archive.getvalue())]})
    run = ImportRun.objects.get()
    assert import_runs.work(run.pk) == "failed"
    assert "points outside" in page(admin_client, run)


def test_deleting_a_run_deletes_its_upload(admin_client, run, settings):
    admin_client.post(reverse("admin:catalog_importrun_delete", args=[run.pk]), {"post": "yes"})
    assert not ImportRun.objects.exists() and list(settings.UPLOADS_DIR.iterdir()) == []


@pytest.mark.parametrize("number", ["0", "abc", "99999999999999999999"])
def test_the_page_of_a_run_that_is_not_there_says_so(admin_client, number):
    response = admin_client.get(f"/admin/catalog/importrun/{number}/change/", follow=True)
    assert response.status_code == 200 and "exist" in response.content.decode()
