"""Staff with a real browser: an import and its progress, photos added and put in order, a model that takes over."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.test import Client
from playwright.sync_api import Page, expect

from catalog import import_runs
from catalog.models import ImportRun, Product
from conftest import photo_of
from ml.models import ModelVersion
from ml.tests.tiny_model import write_tiny_model
from search import tasks
from search.embedding import embed_awaiting

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def visit(browser, live_server, settings, tmp_path):
    """visit("/admin/..."): the page, signed in as a superuser. A script error on it fails the test."""
    settings.UPLOADS_DIR = tmp_path / "uploads"
    client = Client()
    client.force_login(User.objects.create_superuser("boss"))
    context = browser.new_context(viewport={"width": 1280, "height": 900}, locale="en-GB")
    context.add_cookies([{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": live_server.url}])
    context.set_default_timeout(20_000)
    errors: list[str] = []
    expect.set_options(timeout=20_000)

    def visit(path: str) -> Page:
        page = context.new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(live_server.url + path)
        return page

    yield visit
    context.close()
    assert not errors


def test_an_import_is_looked_through_agreed_to_and_watched(visit: Callable[[str], Page], tmp_path):
    (tmp_path / "list.csv").write_text("sku,title,images\n12,Blue mug,a.jpg\n,Nothing,\n")
    (tmp_path / "a.jpg").write_bytes(photo_of("a"))
    page = visit("/admin/catalog/importrun/add/")
    page.get_by_label("Upload").set_input_files([tmp_path / "list.csv", tmp_path / "a.jpg"])
    page.get_by_role("button", name="Look it through").click()
    expect(page.get_by_role("progressbar")).to_be_visible()
    run = ImportRun.objects.get()
    import_runs.work(run.pk)  # what the worker does; the page notices by itself
    expect(page.get_by_text("The SKU is empty.")).to_be_visible()
    page.get_by_role("button", name="Import this").click()
    expect(page.get_by_role("progressbar")).to_be_visible()
    import_runs.work(run.pk)
    expect(page.get_by_role("status")).to_have_text("Done")
    assert Product.objects.get(sku="12").images.count() == 1


def test_photos_are_chosen_many_at_once_and_another_one_leads(visit, make_product, model, tmp_path):
    product = make_product("mug", photos=1)
    for name in ("left", "right"):
        (tmp_path / f"{name}.jpg").write_bytes(photo_of(name))
    address = f"/admin/catalog/product/{product.pk}/change/"
    page = visit(address)
    page.get_by_label("Drop files here").set_input_files([tmp_path / "left.jpg", tmp_path / "right.jpg"])
    expect(page.locator(".staff-drop__chosen img")).to_have_count(2)
    page.get_by_role("button", name="Save and continue editing").click()
    expect(page.locator(".staff-photo")).to_have_count(3)
    page.locator(".staff-photo").nth(2).get_by_role("button", name="Let it lead").press("Enter")
    page.locator(".staff-photo").nth(2).get_by_role("button", name="Earlier").press("Enter")
    page.get_by_role("button", name="Save", exact=True).click()
    page.wait_for_url("**/admin/catalog/product/")
    assert [image.view_id for image in product.images.all()] == ["right", "left", "000"]


def test_a_model_takes_over_while_staff_watch(visit, make_product, model, settings):
    make_product("a", photos=2)
    embed_awaiting(model)
    version = ModelVersion.objects.register(write_tiny_model(settings.MODELS_DIR / "tiny-20261123-0000001", seed=1))
    page = visit("/admin/ml/modelversion/")
    page.get_by_role("button", name="Embed everything with it").click()
    expect(page.get_by_text("0 of 2 photos embedded")).to_be_visible()
    tasks.prepare(version.pk)
    embed_awaiting(version)
    tasks.finish_preparing(version.pk)
    page.get_by_role("button", name="Activate").click()
    expect(page.locator(".staff-panel--active h2")).to_have_text(version.version)
    assert ModelVersion.objects.active() == version
