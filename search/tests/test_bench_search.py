"""The benchmark of searches runs at a tiny size and leaves nothing behind; its timings are nobody's test."""

import json
from io import StringIO

import psycopg
import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from search.benchmarks import scratch_database


def databases() -> set[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT datname FROM pg_database WHERE datname LIKE 'bench%%'")
        return {name for (name,) in cursor.fetchall()}


@pytest.mark.django_db(transaction=True)
def test_every_row_of_the_benchmark_of_searches_is_measured_at_a_tiny_size(tmp_path):
    out, file = StringIO(), tmp_path / "search.json"
    call_command("bench_search", photos=400, queries=4, json=file, stdout=out)
    report = json.loads(file.read_text())
    ours = {row["share"]: row for row in report["rows"] if row["name"] == "ours"}
    assert ours[1]["recall"] >= 0.9 and all(row["k_found"] for row in ours.values())
    names = {row["name"] for row in report["rows"]}
    assert {"1 client", "16 clients", "1 client, photos coming in", "pgvector, 256 bits, best 400 re-ranked"} <= names
    measured = sum(
        engine in name for engine in ("FAISS flat", "FAISS HNSW", "hnswlib", "usearch", "LanceDB") for name in names
    )
    assert measured >= 1 or report["not_measured"]
    assert databases() == set()


@pytest.mark.django_db(transaction=True)
def test_more_photos_than_the_disk_holds_are_refused_before_anything_is_written():
    with pytest.raises(CommandError, match=r"take about .* GB, and .* GB free: at most .* photos fit"):
        call_command("bench_search", photos=10**12, stdout=StringIO())
    assert databases() == set()


@pytest.mark.django_db(transaction=True)
def test_what_a_killed_benchmark_left_goes_with_the_next_one():
    left = f"bench_{connection.settings_dict['NAME']}"
    with scratch_database._maintenance_connection() as server:
        server.execute(f'CREATE DATABASE "{left}"')
    with scratch_database.scratch_database():
        assert connection.settings_dict["NAME"] == left
    assert databases() == set()


@pytest.mark.django_db(transaction=True)
def test_a_terminated_benchmark_drops_its_database_and_a_second_one_waits_its_turn():
    with pytest.raises(KeyboardInterrupt), scratch_database.scratch_database():
        with pytest.raises(CommandError, match="Another benchmark runs"), scratch_database.scratch_database():
            pass
        scratch_database.signal.raise_signal(scratch_database.signal.SIGTERM)
    assert databases() == set()
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    assert isinstance(connection.connection, psycopg.Connection)
