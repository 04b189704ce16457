import csv
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from ml.tests.drawing import draw


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two good photos; one cut off, one that is text, one tiny, a copy, and a copy under another product."""
    photos = tmp_path / "photos"
    good = draw(photos / "mug_1.jpg", seed=1, size=(200, 200))
    draw(photos / "cup_1.jpg", seed=2)
    (photos / "mug_2.jpg").write_bytes(good.read_bytes()[:1500])
    (photos / "mug_3.jpg").write_text("not a photo")
    draw(photos / "mug_4.jpg", seed=4, size=(31, 200))
    (photos / "mug_5.jpg").write_bytes(good.read_bytes())
    (photos / "pot_1.jpg").write_bytes(good.read_bytes())
    return photos


def clean(*args: object) -> str:
    out = StringIO()
    call_command("clean_images", *map(str, args), stdout=out)
    return out.getvalue()


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_each_flaw_is_named_and_nothing_moves_unasked(folder: Path) -> None:
    before = names(folder)
    report = clean(folder)
    for line in (
        f"truncated: {folder}/mug_2.jpg: This photo is cut off or damaged.",
        f"not_an_image: {folder}/mug_3.jpg: This file is not a photo we can read.",
        f"tiny: {folder}/mug_4.jpg: 31 x 200 pixels; each side needs 32.",
        f"duplicate: {folder}/mug_5.jpg: The same file as {folder}/mug_1.jpg.",
        f"two_products: {folder}/pot_1.jpg: The same file as {folder}/mug_1.jpg, which shows another product.",
    ):
        assert line in report.splitlines()
    assert "7 photos, 5 flawed" in report
    assert names(folder) == before


def test_moved_files_are_kept_with_a_note_of_where_they_were(folder: Path, tmp_path: Path) -> None:
    flawed = tmp_path / "flawed"
    content = (folder / "mug_3.jpg").read_bytes()
    clean(folder, "--move-to", flawed)
    assert names(folder) == {"mug_1.jpg", "cup_1.jpg"}
    assert (flawed / "mug_3.jpg").read_bytes() == content
    with (flawed / "moved.csv").open() as file:
        assert {(Path(row["from"]).name, row["code"]) for row in csv.DictReader(file)} >= {
            ("mug_2.jpg", "truncated"),
            ("pot_1.jpg", "two_products"),
        }


def test_a_second_run_finds_nothing_and_loses_nothing(folder: Path, tmp_path: Path) -> None:
    flawed = tmp_path / "flawed"
    clean(folder, "--move-to", flawed)
    moved = names(flawed)
    assert "2 photos, 0 flawed" in clean(folder, "--move-to", flawed)
    assert names(flawed) == moved


def test_a_file_of_the_same_name_that_was_moved_before_is_not_overwritten(folder: Path, tmp_path: Path) -> None:
    flawed = tmp_path / "flawed"
    clean(folder, "--move-to", flawed)
    (folder / "mug_3.jpg").write_text("another one")
    clean(folder, "--move-to", flawed)
    assert (flawed / "mug_3.jpg").read_text() == "not a photo"
    assert (flawed / "mug_3-2.jpg").read_text() == "another one"


def test_a_target_inside_the_folder_is_not_cleaned_itself(folder: Path) -> None:
    clean(folder, "--move-to", folder / "flawed")
    assert "2 photos, 0 flawed" in clean(folder, "--move-to", folder / "flawed")


@pytest.mark.parametrize("target", [".", ".."])
def test_a_target_that_holds_the_folder_is_refused(folder: Path, target: str) -> None:
    before = names(folder)
    with pytest.raises(CommandError):
        clean(folder, "--move-to", folder / target)
    assert names(folder) == before


def test_what_is_no_folder_of_photos_is_said_plainly(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="is not a folder"):
        clean(tmp_path / "nowhere")
    with pytest.raises(CommandError, match="There is no photo in"):
        clean(tmp_path)
