"""The sample shop: the same seed draws the same bytes, and its words agree with one another."""

import csv
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from io import StringIO
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import call_command
from PIL import Image

from catalog.sample_shop import shop
from catalog.sample_shop.catalogue import products
from catalog.sample_shop.drawing import compiled
from catalog.sample_shop.shop import VIEWS, draw_product, draw_sample_shop, is_complete

A_FEW = ("TEE-101", "MUG-101", "CHA-101")


@pytest.fixture(scope="module")
def drawn(tmp_path_factory) -> Path:
    """Three products, drawn by two processes."""
    directory = tmp_path_factory.mktemp("shop")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(shop, "products", lambda seed: a_few(seed))
        draw_sample_shop(directory, workers=2)
    return directory


def a_few(seed: int = 0) -> list:
    return [product for product in products(seed) if product.sku in A_FEW]


def rows_of(directory: Path) -> list[dict[str, str]]:
    with (directory / "products.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def hashes(directory: Path) -> dict[str, str]:
    return {
        str(path.relative_to(directory)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in directory.rglob("*.jpg")
    }


def test_the_same_seed_draws_the_same_bytes_in_any_number_of_processes(drawn, tmp_path):
    for folder in ("images", "queries"):
        (tmp_path / folder).mkdir()
    for product in a_few():
        draw_product(product, tmp_path)
    assert hashes(tmp_path) == hashes(drawn)


@pytest.mark.parametrize("expression", ["().__class__", "[x for x in (1, 2)]", "lambda: 0", "'a' * 9"])
def test_an_expression_in_a_drawing_is_arithmetic_and_nothing_else(expression):
    with pytest.raises(ValueError, match="more than arithmetic"):
        compiled(expression)


def test_another_seed_stocks_another_shop():
    assert [p.title for p in products(1)] != [p.title for p in products(0)]


def test_every_row_names_photos_that_exist_and_are_large_enough(drawn):
    for row in rows_of(drawn):
        names = row["images"].split("|")
        assert len(names) == len(VIEWS)
        for name in names:
            with Image.open(drawn / name) as photo:
                assert 640 <= max(photo.size) <= 800


def test_query_photos_are_in_no_row(drawn):
    listed = {Path(name).name for row in rows_of(drawn) for name in row["images"].split("|")}
    queries = [path.name for path in (drawn / "queries").iterdir()]
    assert {name.split("_")[0] for name in queries} == set(A_FEW)
    assert not listed & set(queries)


def test_rows_carry_what_the_import_reads(drawn):
    for row in rows_of(drawn):
        assert all(row.values()), row
        assert row["currency"] == "EUR"
        assert f"{float(row['price']):.2f}" == row["price"]
        assert {"colour", "pattern", "material"} <= json.loads(row["attributes"]).keys()


def test_the_shop_is_large_and_names_nothing_twice():
    stock = products()
    assert len(stock) >= 130
    assert min(Counter(p.range.category for p in stock).values()) >= 8
    assert len({p.range.category for p in stock}) >= 12
    assert len({p.sku for p in stock}) == len({p.title for p in stock}) == len(stock)


def test_descriptions_name_the_colour_and_pattern_that_are_drawn():
    for product in products():
        assert product.design.colours[0] in product.description
        assert product.design.pattern == "plain" or product.attributes["pattern"] == product.design.pattern


def test_a_finished_shop_is_left_alone_and_an_unfinished_one_redrawn(drawn, tmp_path, monkeypatch):
    directory = tmp_path / "shop"
    shutil.copytree(drawn, directory)
    monkeypatch.setattr(shop, "products", lambda seed: [])
    draw_sample_shop(directory)
    assert hashes(directory) == hashes(drawn)
    assert not is_complete(directory, seed=1)

    (directory / shop.MANIFEST).unlink()
    draw_sample_shop(directory, workers=1)
    assert hashes(directory) == {}


def test_the_command_says_how_far_it_is_where_there_is_no_terminal(tmp_path, monkeypatch):
    monkeypatch.setattr(shop, "products", a_few)
    out = StringIO()
    call_command("draw_sample_shop", str(tmp_path), stdout=out)
    assert out.getvalue().splitlines() == [
        *(f"{drawn} of 3 products drawn." for drawn in range(4)),
        f"The sample shop is in {tmp_path}: import {tmp_path / 'products.csv'}.",
    ]


@pytest.fixture
def drawing(tmp_path) -> Iterator[subprocess.Popen[str]]:
    """The command at work in a process group of its own; it has drawn a few pictures."""
    command = [sys.executable, "manage.py", "draw_sample_shop", str(tmp_path)]
    with subprocess.Popen(
        command,
        cwd=settings.BASE_DIR,
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
        process_group=0,
        # What a shell starts in the background ignores Ctrl-C, and so would its children.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    ) as process:
        try:
            wait_until(lambda: len(list(tmp_path.rglob("*.jpg"))) >= 3 or process.poll() is not None)
            assert len(running(process.pid)) > 1
            yield process
        finally:
            for pid in running(process.pid):
                os.kill(pid, signal.SIGKILL)


def test_ctrl_c_ends_every_process_and_leaves_whole_pictures_alone(drawing, tmp_path):
    os.killpg(drawing.pid, signal.SIGINT)
    _, errors = drawing.communicate(timeout=60)
    assert drawing.returncode == 130
    assert errors == "CommandError: Stopped: the sample shop is not whole. Run it again.\n"
    wait_until(lambda: not running(drawing.pid))
    assert_only_whole_pictures(tmp_path)


def test_a_killed_command_takes_its_processes_with_it(drawing, tmp_path):
    drawing.kill()
    drawing.communicate(timeout=60)
    wait_until(lambda: not running(drawing.pid))
    assert not is_complete(tmp_path)


def assert_only_whole_pictures(directory: Path) -> None:
    assert not is_complete(directory)
    files = [path for path in directory.rglob("*") if path.is_file()]
    assert files and all(path.suffix == ".jpg" for path in files)
    for path in files:
        with Image.open(path) as photo:
            photo.load()


def running(group: int) -> list[int]:
    """Processes of a process group, those that only wait to be reaped left out."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _, its_group = path.read_text().rpartition(") ")[2].split()[:3]
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(its_group) == group and state != "Z":
            found.append(int(path.parent.name))
    return found


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 120
    while not condition():
        assert time.monotonic() < deadline, "nothing happened"
        time.sleep(0.05)
