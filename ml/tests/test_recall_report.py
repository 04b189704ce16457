import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from conftest import photo_of
from ml.data.datasets import Photo
from ml.evaluation.recall import Evaluation, evaluate, with_colours
from ml.evaluation.report import render_report, report_context


@pytest.fixture
def evaluation(tmp_path: Path) -> Evaluation:
    """Three photos of each of five products, and one whose two photos look like two others."""
    photos = []
    for i in range(5):
        for view in range(3):
            path = tmp_path / f"p{i}_{view}.jpg"
            path.write_bytes(photo_of(f"p{i}", view))
            photos.append(Photo(path, f"p{i}", "low" if i < 2 else "high"))
    for view, alike in enumerate(("p0", "p1")):
        path = tmp_path / f"torn_{view}.jpg"
        path.write_bytes(photo_of(alike, view=7))
        photos.append(Photo(path, "torn", "low"))
    return evaluate("colours", with_colours, photos, ks=[1, 3])


def test_the_page_needs_nothing_from_elsewhere(evaluation: Evaluation) -> None:
    sources: list[str] = []

    class Collector(HTMLParser):
        def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
            sources.extend(value or "" for name, value in attributes if name in ("src", "href", "srcset"))

    page = render_report(evaluation)
    Collector().feed(page)
    assert sources
    assert all(source.startswith("data:image/jpeg;base64,") for source in sources)
    assert "url(" not in page and "@import" not in page and "<script" not in page


def test_every_picture_says_in_words_whether_it_is_right(evaluation: Evaluation) -> None:
    page = render_report(evaluation)
    marks = re.findall(r'alt="(Right|Wrong): [^"]+".*?aria-hidden="true">(.)</span>', page)
    assert {("Right", "✓"), ("Wrong", "✗")} == set(marks)


def test_wrong_and_right_queries_come_with_what_they_found(evaluation: Evaluation) -> None:
    (_, _, wrong, wrong_total), (_, _, right, right_total) = report_context(evaluation)["examples_of"]
    assert wrong_total + right_total == 17
    assert all(example.rank > 1 and not example.answers[0].right for example in wrong)
    assert all(example.rank == 1 and example.answers[0].right for example in right)
    assert {"torn"} <= {example.product for example in wrong}


def test_the_worst_product_is_shown_with_what_it_was_taken_for(evaluation: Evaluation) -> None:
    worst = report_context(evaluation)["worst"]
    assert (worst[0]["name"], worst[0]["queries"], worst[0]["recall_1"]) == ("torn", 2, 0)
    assert worst[0]["mistaken_for"] in ("p0", "p1")


def test_categories_are_weighed_by_their_queries(evaluation: Evaluation) -> None:
    rows = {row["name"]: row for row in report_context(evaluation)["categories"]}
    assert {name: row["queries"] for name, row in rows.items()} == {"low": 8, "high": 9}
    assert rows["low"]["mistaken_for"] == "low"  # torn looks like p0 and p1, of its own category
    overall = sum(row["queries"] * row["recall_1"] for row in rows.values()) / 17
    assert overall == pytest.approx(100 * evaluation.recalls[1].value)


def test_the_baseline_is_shown_only_when_it_was_measured(evaluation: Evaluation) -> None:
    assert "colours: " not in render_report(evaluation)
    assert render_report(evaluation, baseline=evaluation).count("colours: ") == 4


def test_names_from_files_are_not_markup(tmp_path: Path) -> None:
    photos = []
    for view in range(3):
        path = tmp_path / f"{view}.jpg"
        path.write_bytes(photo_of("x", view))
        photos.append(Photo(path, "<b>bold</b>" if view < 2 else "plain"))
    page = render_report(evaluate("<i>m</i>", with_colours, photos, ks=[1]))
    assert "<b>bold" not in page and "<i>m" not in page
    assert "&lt;b&gt;bold" in page
