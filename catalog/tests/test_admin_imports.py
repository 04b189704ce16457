"""Staff import: look through first, agree, watch, cancel, resume; nothing is written before they agree."""

import io
import zipfile
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django_q.models import OrmQ

from catalog.imports import importer, sources
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


def test_refused_rows_download_as_they_were_with_the_reason_and_can_be_mended_and_uploaded(admin_client, run):
    import_runs.work(run.pk)
    response = admin_client.get(reverse("admin:import_refused", args=[run.pk]))
    text = b"".join(response.streaming_content).decode("utf-8-sig")
    assert text.splitlines() == [
        "sku,title,price,images,reason",
        "13,'=Cup,cheap,,The price 'cheap' is not a number such as 12.50.",
    ]
    admin_client.post(ADD, {"uploads": [SimpleUploadedFile("mended.csv", text.replace("cheap,,", "3,,").encode())]})
    mended = ImportRun.objects.exclude(pk=run.pk).get()
    import_runs.work(mended.pk)
    do(admin_client, mended, "run")
    import_runs.work(mended.pk)
    product = Product.objects.get()
    assert (product.sku, product.title, product.price) == ("13", "=Cup", 3)


def test_an_import_is_in_the_history_of_each_product(admin_client, run):
    import_runs.work(run.pk)
    do(admin_client, run, "run")
    import_runs.work(run.pk)
    history = reverse("admin:catalog_product_history", args=[Product.objects.get(sku="12").pk])
    assert "Import “list.csv”: title: Mug" in admin_client.get(history).content.decode()


def test_undoing_takes_back_what_nobody_has_changed_since(admin_client, run):
    old = Product.objects.create(sku="14", title="Old", price=1)
    import_runs.work(run.pk)
    do(admin_client, run, "run")
    import_runs.work(run.pk)
    Product.objects.filter(pk=old.pk).update(price=9)  # by somebody, since
    do(admin_client, run, "undo")
    assert import_runs.work(run.pk) == "undone"
    old.refresh_from_db()
    assert (old.title, old.price) == ("Old", 9)
    assert list(Product.objects.values_list("sku", flat=True)) == ["14"], "what it made is gone"
    assert "price was changed since" in page(admin_client, run)
    assert import_runs.work(run.pk) == "undone"


def test_a_product_that_was_edited_since_survives_the_undoing(admin_client, run):
    import_runs.work(run.pk)
    do(admin_client, run, "run")
    import_runs.work(run.pk)
    Product.objects.filter(sku="12").update(title="Edited")
    do(admin_client, run, "undo")
    import_runs.work(run.pk)
    assert list(Product.objects.values_list("sku", flat=True)) == ["12"]


def test_an_unknown_list_asks_what_its_columns_are_and_remembers_it(admin_client):
    text = "Artikelnummer;Bezeichnung;VK brutto\n4711;Tasse;5,50\n"
    columns = {"column0": "sku", "column1": "title", "column2": "price", "profile": "Kasse"}
    for expected in ("mapping", "checked"):
        admin_client.post(ADD, {"uploads": [SimpleUploadedFile("liste.csv", text.encode())]})
        run = ImportRun.objects.first()
        assert import_runs.work(run.pk) == expected
        if expected == "mapping":
            assert "Bezeichnung" in page(admin_client, run) and "Tasse" in page(admin_client, run)
            admin_client.post(reverse("admin:import_columns", args=[run.pk]), columns | {"column0": ""})
            run.refresh_from_db()
            assert run.state == "mapping", "without a SKU nothing can be done"
            admin_client.post(reverse("admin:import_columns", args=[run.pk]), columns)
            assert import_runs.work(run.pk) == "checked"
        assert counts(run) == (1, 0, 0, 0)
        assert "price: 5.50" in page(admin_client, run)


def test_staff_say_in_which_encoding_a_list_is_written_where_the_guess_is_wrong(admin_client):
    text = "sku;title\n1;Tējas krūze balta\n".encode("cp1257")
    admin_client.post(ADD, {"uploads": [SimpleUploadedFile("list.csv", text)]})
    run = ImportRun.objects.get()
    import_runs.work(run.pk)
    assert "Tçjas" in page(admin_client, run) and "Baltic" in page(admin_client, run)
    marks = reverse("admin:import_marks", args=[run.pk])
    assert admin_client.post(marks, {"encoding": "no-such"}).status_code == 403
    admin_client.post(marks, {"encoding": "cp1257"})
    assert import_runs.work(run.pk) == "checked"
    assert "title: Tējas krūze balta" in page(admin_client, run)


def test_the_encoding_is_said_before_the_columns_and_kept_with_them(admin_client):
    text = "kods;nosaukums;cena\n1;Tējas krūze balta;5\n".encode("cp1257")
    admin_client.post(ADD, {"uploads": [SimpleUploadedFile("list.csv", text)]})
    run = ImportRun.objects.get()
    assert import_runs.work(run.pk) == "mapping"
    admin_client.post(reverse("admin:import_marks", args=[run.pk]), {"encoding": "cp1257"})
    assert import_runs.work(run.pk) == "mapping"
    assert "Tējas krūze balta" in page(admin_client, run)
    columns = {"column0": "sku", "column1": "title", "column2": "price"}
    admin_client.post(reverse("admin:import_columns", args=[run.pk]), columns)
    assert import_runs.work(run.pk) == "checked"
    assert "title: Tējas krūze balta" in page(admin_client, run)


def test_a_fault_of_one_row_is_that_rows_alone(admin_client, run, monkeypatch):
    request = importer._store_photos

    def fail(decisions):
        if any(decision.product.sku == "12" for decision in decisions):
            raise OSError("No space left on device")
        request(decisions)

    import_runs.work(run.pk)
    do(admin_client, run, "run")
    monkeypatch.setattr(importer, "_store_photos", fail)
    assert import_runs.work(run.pk) == "done"
    assert counts(run) == (1, 0, 0, 2)
    assert "No space left on device" in page(admin_client, run)


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


@pytest.fixture
def readings(monkeypatch) -> list[int]:
    """One entry each time a list is read from its start, not counting the survey."""
    found: list[int] = []
    rows_of = import_runs.rows_of

    def counted(*args, **options):
        found.append(1)
        return rows_of(*args, **options)

    monkeypatch.setattr(import_runs, "rows_of", counted)
    monkeypatch.setattr(importer, "BATCH", 1)
    monkeypatch.setattr(import_runs, "SLICE", 0.0)  # over after a batch
    return found


def work_to_the_end(run: ImportRun) -> None:
    state = run.state
    while import_runs.work(run.pk) == state:
        pass


def test_a_list_stays_open_between_the_slices_of_one_process(admin_client, run, readings):
    work_to_the_end(run)
    assert (counts(run), len(readings)) == ((2, 0, 0, 1), 1)
    do(admin_client, run, "run")
    work_to_the_end(run)
    assert (counts(run), len(readings)) == ((2, 0, 0, 1), 2)
    assert set(Product.objects.values_list("sku", flat=True)) == {"12", "14"}


def test_another_process_reads_the_list_anew_up_to_where_the_run_is(admin_client, run, readings, monkeypatch):
    import_runs.work(run.pk)
    monkeypatch.setattr(import_runs, "_open", None)  # as in another process
    work_to_the_end(run)
    assert (counts(run), len(readings)) == ((2, 0, 0, 1), 2)
    assert list(run.rows.values_list("line", flat=True)) == [2, 3, 4]


def test_what_one_run_left_open_is_not_taken_for_another(admin_client, run, readings):
    import_runs.work(run.pk)
    admin_client.post(ADD, {"uploads": [SimpleUploadedFile("other.csv", b"sku,title\n77,Lamp\n78,Sofa\n")]})
    other = ImportRun.objects.exclude(pk=run.pk).get()
    work_to_the_end(other)
    work_to_the_end(run)
    assert list(other.rows.values_list("sku", flat=True)) == ["77", "78"]
    assert list(run.rows.values_list("sku", flat=True)) == ["12", "13", "14"]


def test_while_a_long_list_is_read_its_page_tells_how_far_and_it_can_be_cancelled(admin_client, monkeypatch):
    lines = "".join(f"{number},Mug\n" for number in range(9))
    admin_client.post(ADD, {"uploads": [SimpleUploadedFile("list.csv", f"sku,title\n{lines}".encode())]})
    run = ImportRun.objects.get()
    seen = []
    tell = import_runs._tell

    def look_and_cancel(run: ImportRun, products: int | None = None) -> None:
        tell(run, products)
        seen.append(admin_client.get(reverse("admin:import_progress", args=[run.pk])).content.decode())
        if len(seen) == 3:
            do(admin_client, run, "cancel")

    monkeypatch.setattr(import_runs, "_tell", look_and_cancel)
    monkeypatch.setattr(sources, "TOLD_EVERY", 1)
    assert import_runs.work(run.pk) == "cancelled"
    assert len(seen) == 3 and "The list is read: 1 product so far." in seen[2]


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


def test_staff_say_what_the_mark_in_a_price_means_where_the_list_does_not(admin_client):
    admin_client.post(ADD, {"uploads": [SimpleUploadedFile("list.csv", b"sku;title;price\n1;Mug;1,234\n2;Jug;7\n")]})
    run = ImportRun.objects.get()
    import_runs.work(run.pk)
    text = page(admin_client, run)
    assert "No price of the list tells what the mark in 1,234 is" in text and "1234.00" in text
    admin_client.post(reverse("admin:import_marks", args=[run.pk]), {"decimal_mark": ","})
    import_runs.work(run.pk)
    assert counts(run) == (1, 0, 0, 1)
    assert "three decimals" in page(admin_client, run)
    admin_client.post(reverse("admin:import_marks", args=[run.pk]), {"decimal_mark": "."})
    import_runs.work(run.pk)
    assert counts(run) == (2, 0, 0, 0)
    assert "No price of the list tells" not in page(admin_client, run)
    assert admin_client.post(reverse("admin:import_marks", args=[run.pk]), {"decimal_mark": ";"}).status_code == 403
