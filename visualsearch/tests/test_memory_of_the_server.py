"""The embedded server's memory follows from the machine's, or the container's, and an operator can set it."""

from pathlib import Path

import pytest

from catalog import machine
from search.indexing import rollout
from visualsearch.embedded import memory


def test_a_container_counts_as_a_machine_of_its_own_size(tmp_path: Path) -> None:
    limit, none, absent = tmp_path / "memory.max", tmp_path / "none", tmp_path / "absent"
    limit.write_text("536870912\n")
    none.write_text("max\n")
    assert machine.memory_bytes((limit, absent)) == 512 * 2**20
    assert machine.memory_bytes((none, absent)) == machine.memory_bytes(()) > 512 * 2**20


def test_the_server_takes_a_quarter_of_the_memory_and_the_log_says_so(tmp_path, monkeypatch, caplog) -> None:
    (tmp_path / "postgresql.conf").write_text("shared_buffers = 128MB\n")
    monkeypatch.setattr(memory, "memory_bytes", lambda: 8 * 2**30)
    with caplog.at_level("INFO"):
        memory.write_memory_settings(tmp_path)
        memory.write_memory_settings(tmp_path)
    assert (tmp_path / "visualsearch.conf").read_text().startswith("shared_buffers = '2048MB'\n")
    assert (tmp_path / "postgresql.conf").read_text().count("visualsearch.conf") == 1
    assert [record.getMessage() for record in caplog.records] == [
        "The embedded Postgres takes 2048MB of 8,192 MB of memory as shared_buffers."
    ]


def test_an_operator_sets_the_memory_of_the_server(tmp_path, monkeypatch) -> None:
    (tmp_path / "postgresql.conf").write_text("")
    monkeypatch.setenv("SHARED_BUFFERS", "300MB")
    memory.write_memory_settings(tmp_path)
    assert "shared_buffers = '300MB'" in (tmp_path / "visualsearch.conf").read_text()


@pytest.mark.parametrize("photos, machine_gb, expected", [(0, 8, "64MB"), (10**6, 16, "1621MB"), (10**7, 8, "2048MB")])
def test_an_index_build_takes_what_the_graph_needs_at_most_a_quarter(model, monkeypatch, photos, machine_gb, expected):
    monkeypatch.setattr(rollout, "memory_bytes", lambda: machine_gb * 2**30)
    monkeypatch.setattr(
        rollout.Embedding.objects, "filter", lambda **fields: type("", (), {"count": lambda self: photos})()
    )
    assert rollout._build_memory(model) == expected


def test_an_operator_sets_the_memory_of_an_index_build(model, settings) -> None:
    settings.INDEX_BUILD_MEMORY = "3GB"
    assert rollout._build_memory(model) == "3GB"
