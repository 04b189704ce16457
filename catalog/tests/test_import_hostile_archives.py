"""An archive that tries to write elsewhere, read elsewhere or fill the machine is refused as a whole."""

import zipfile
from pathlib import Path

import pytest

from catalog.imports.importer import Action, Outcome, run_import
from catalog.imports.sources import UnusableSource
from catalog.models import Product
from conftest import photo_of

pytestmark = pytest.mark.django_db


def archive(tmp_path: Path, *entries: tuple[str | zipfile.ZipInfo, bytes]) -> Path:
    path = tmp_path / "photos.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, data in entries:
            file.writestr(name, data)
    return path


@pytest.mark.parametrize("name", ["../12_0.jpg", "a/../../12_0.jpg", "/tmp/12_0.jpg", "..\\12_0.jpg", "C:\\12_0.jpg"])
def test_paths_that_point_outside_are_refused(tmp_path, name):
    with pytest.raises(UnusableSource, match="points outside"):
        run_import(archive(tmp_path, ("1_0.jpg", photo_of("1")), (name, photo_of("12"))))
    assert not Product.objects.exists()


def test_symbolic_links_are_refused(tmp_path):
    link = zipfile.ZipInfo("12_0.jpg")
    link.create_system, link.external_attr = 3, 0o120777 << 16
    with pytest.raises(UnusableSource, match="symbolic link"):
        run_import(archive(tmp_path, (link, b"/etc/passwd")))


def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path):
    with pytest.raises(UnusableSource, match="packed so tightly"):
        run_import(archive(tmp_path, ("12_0.jpg", bytes(30_000_000))))


def test_an_archive_of_too_much_is_refused(tmp_path, settings):
    settings.IMPORT_MAX_BYTES = 1000
    with pytest.raises(UnusableSource, match="more than"):
        run_import(archive(tmp_path, ("12_0.jpg", photo_of("12"))))


def test_a_file_over_the_photo_limit_is_read_no_further(tmp_path, settings):
    settings.PHOTO_MAX_BYTES = 1_000_000
    outcomes: list[Outcome] = []
    run_import(archive(tmp_path, ("12_0.jpg", bytes(9_000_000)), ("13_0.jpg", photo_of("13"))), outcomes.extend)
    assert [outcome.action for outcome in outcomes] == [Action.REFUSE, Action.CREATE]


def test_a_damaged_photo_in_an_archive_is_refused_and_the_others_go_in(tmp_path):
    path = archive(tmp_path, ("12_0.jpg", photo_of("12")), ("13_0.jpg", photo_of("13")))
    data = bytearray(path.read_bytes())
    data[60:90] = bytes(30)  # inside the first entry
    path.write_bytes(data)
    outcomes: list[Outcome] = []
    run_import(path, outcomes.extend)
    assert [outcome.action for outcome in outcomes] == [Action.REFUSE, Action.CREATE]


def test_an_archive_with_a_password_says_so(tmp_path):
    path = archive(tmp_path, ("12_0.jpg", photo_of("12")))
    data = bytearray(path.read_bytes())
    data[data.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(data)
    with pytest.raises(UnusableSource, match="password"):
        run_import(path)
