import json
from io import StringIO

import pytest
from django.core.management import call_command


@pytest.mark.django_db(transaction=True)
def test_the_benchmark_of_imports_brings_all_rows_in_without_and_with_photos(tmp_path):
    call_command("bench_import", rows=30, with_photos=5, json=tmp_path / "figures.json", stdout=StringIO())
    without, with_photos = json.loads((tmp_path / "figures.json").read_text())
    assert (without["rows"], with_photos["rows"]) == (30, 5)
    assert without["imported_per_second"] > 0 and with_photos["imported_per_second"] > 0


@pytest.mark.django_db(transaction=True)
def test_it_measures_a_worker_from_the_queue_too(tmp_path):
    call_command("bench_import", rows=30, with_photos=0, worker=True, json=tmp_path / "figures.json", stdout=StringIO())
    (figures,) = json.loads((tmp_path / "figures.json").read_text())
    assert figures["imported_per_second"] > 0
    assert 50 < figures["peak_memory_mb"] < 400, "of the worker, without the model's training packages"
