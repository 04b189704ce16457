"""Staff with a real browser: an import and its progress, photos added and put in order, a model that takes over."""

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.utils import timezone
from django_q.models import OrmQ
from playwright.sync_api import Page, expect

from catalog.models import ImportProfile, ImportRun, Product
from conftest import photo_of
from ml.models import ModelVersion
from ml.tests.tiny_model import write_tiny_model
from search.duplicates import compare_photos
from search.indexing import rollout
from search.indexing.embed import embed_awaiting
from search.models import Query
from search.query import answer, create_query
from search.tests.accessibility import violations
from search.tests.real_worker import Worker, kill, workers

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def start_worker(transactional_db: None, tmp_path: Path, settings: Any) -> Iterator[Callable[[], Worker]]:
    settings.IMPORT_ROOT, settings.UPLOADS_DIR = tmp_path / "inbox", tmp_path / "imports"
    with workers(tmp_path, timeout=120) as start:
        yield start


def put_in_the_inbox(rows: int, settings: Any) -> None:
    """A CSV of a line without a SKU and `rows` products, each with a photo."""
    folder: Path = settings.IMPORT_ROOT / "autumn"
    folder.mkdir(parents=True)
    (folder / "a.jpg").write_bytes(photo_of("a"))
    lines = [f"sku-{number},Mug {number},a.jpg" for number in range(rows)]
    (folder / "products.csv").write_text("\n".join(["sku,title,images", ",Nothing,", *lines, ""]))


def begin_import(page: Page) -> None:
    page.get_by_label("Or from the server").select_option("autumn")
    page.get_by_role("button", name="Look it through").click()
    expect(page.get_by_role("progressbar")).to_be_visible()
    expect(page.get_by_text("The SKU is empty.")).to_be_visible(timeout=60_000)
    assert not Product.objects.exists(), "nothing is written before staff agree"
    page.get_by_role("button", name="Import this").click()


def see_it_move(page: Page) -> None:
    """The bar, watched and never reloaded, goes from one value to a higher one."""
    bar = "document.querySelector('progress')?.value"
    page.wait_for_function(f"(window.seen ??= {bar} || undefined) && {bar} > window.seen", timeout=60_000)


def test_an_import_runs_in_a_worker_and_is_watched_cancelled_and_gone_on_with(visit_admin, start_worker, settings):
    put_in_the_inbox(3000, settings)
    start_worker()
    page = visit_admin("/admin/catalog/importrun/add/")
    begin_import(page)
    see_it_move(page)
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_role("status")).to_have_text("Cancelled", timeout=60_000)
    went_in = Product.objects.count()
    assert 0 < went_in < 3000, "raise the number of rows if the worker is too quick for this test"
    page.get_by_role("button", name="Go on").click()
    expect(page.get_by_role("status")).to_have_text("Done", timeout=120_000)
    run = ImportRun.objects.get()
    assert (run.created_count, run.refused_count, Product.objects.count()) == (3000, 1, 3000)
    assert Product.objects.get(sku="sku-0").images.count() == 1


def test_an_unknown_list_is_uploaded_mapped_looked_through_imported_and_undone(
    visit_admin, start_worker, tmp_path: Path
):
    rows = [f"N{number};Krug {number};{number},50;Keramik;a.jpg" for number in range(400)]
    (tmp_path / "lager.csv").write_text("\n".join(["Nr;Bezeichnung Artikel;VK;Regal;Bilddatei", *rows, ""]))
    (tmp_path / "a.jpg").write_bytes(photo_of("a"))
    start_worker()
    page = visit_admin("/admin/catalog/importrun/add/")
    page.get_by_label("Upload").set_input_files([tmp_path / "lager.csv", tmp_path / "a.jpg"])
    page.get_by_role("button", name="Look it through").click()
    expect(page.get_by_text("Krug 1 · Krug 2")).to_be_visible(timeout=60_000)
    for column, field in [("Nr", "sku"), ("Bezeichnung Artikel", "title"), ("VK", "price"), ("Bilddatei", "images")]:
        page.get_by_label(column, exact=True).select_option(field)
    page.get_by_label("Regal", exact=True).select_option("attribute")
    page.get_by_label("Keep this under the name").fill("Lager")
    page.get_by_role("button", name="Look it through").click()
    expect(page.get_by_role("button", name="Import this")).to_be_visible(timeout=60_000)
    expect(page.get_by_text("title: Krug 0")).to_be_visible()
    assert not Product.objects.exists(), "nothing is written before staff agree"
    page.get_by_role("button", name="Import this").click()
    expect(page.get_by_role("progressbar")).to_be_visible()
    expect(page.get_by_role("status")).to_have_text("Done", timeout=120_000)
    product = Product.objects.get(sku="N7")
    assert (product.title, product.price, product.attributes) == ("Krug 7", Decimal("7.50"), {"Regal": "Keramik"})
    assert product.images.count() == 1 and ImportProfile.objects.get().name == "Lager"
    page.get_by_role("button", name="Undo this import").click()
    expect(page.get_by_role("status")).to_have_text("Undone", timeout=120_000)
    assert not Product.objects.exists()


def test_an_import_whose_worker_is_killed_goes_on_with_the_next_one(visit_admin, start_worker, settings):
    put_in_the_inbox(3000, settings)
    worker = start_worker()
    page = visit_admin("/admin/catalog/importrun/add/")
    begin_import(page)
    see_it_move(page)
    kill(worker)
    assert 0 < Product.objects.count() < 3000, "raise the number of rows if the worker is too quick for this test"
    OrmQ.objects.update(lock=timezone.now() - timedelta(hours=1))  # as if Q_RETRY were over: it is handed out again
    start_worker()
    expect(page.get_by_role("status")).to_have_text("Done", timeout=120_000)
    run = ImportRun.objects.get()
    assert (run.created_count, run.kept_count, run.refused_count) == (3000, 0, 1), "no product was gone through twice"
    assert Product.objects.count() == 3000


def test_photos_are_chosen_many_at_once_and_another_one_leads(visit_admin, make_product, model, tmp_path):
    product = make_product("mug", photos=1)
    for name in ("left", "right"):
        (tmp_path / f"{name}.jpg").write_bytes(photo_of(name))
    address = f"/admin/catalog/product/{product.pk}/change/"
    page = visit_admin(address)
    page.get_by_label("Drop files here").set_input_files([tmp_path / "left.jpg", tmp_path / "right.jpg"])
    expect(page.locator(".staff-drop__chosen img")).to_have_count(2)
    page.get_by_role("button", name="Save and continue editing").click()
    expect(page.locator(".staff-photo")).to_have_count(3)
    page.locator(".staff-photo").nth(2).get_by_role("button", name="Let it lead").press("Enter")
    page.locator(".staff-photo").nth(2).get_by_role("button", name="Earlier").press("Enter")
    page.get_by_role("button", name="Save", exact=True).click()
    page.wait_for_url("**/admin/catalog/product/")
    assert [image.view_id for image in product.images.all()] == ["right", "left", "000"]


@pytest.fixture
def twins(model, make_product) -> tuple[Product, Product]:
    """Two products with the same photo, and a third whose photo cannot be read; compared, searched for and measured."""
    first, second = make_product("first", photos=2), make_product("second")
    second.images.get().file.save("same.jpg", ContentFile(photo_of("first")))
    make_product("broken").images.update(error="This photo is cut off.")
    embed_awaiting(model)
    compare_photos(model)
    rollout.compare(model)
    answer(create_query([photo_of("first")]))
    return first, second


def test_a_product_entered_twice_is_merged_by_keyboard_alone(visit_admin: Callable[[str], Page], twins):
    first, second = twins
    page = visit_admin("/admin/search/photopair/?show=file")
    expect(page.locator(".staff-pair img")).to_have_count(2)
    merge = page.get_by_role("link", name=re.compile("Merge into this product.*first"))
    for _ in range(60):
        page.keyboard.press("Tab")
        if merge.evaluate("link => link === document.activeElement"):
            break
    page.keyboard.press("Enter")
    expect(page.get_by_text("1 photo is there already")).to_be_visible()
    page.get_by_role("button", name="Merge").press("Enter")
    expect(page.get_by_text("second is part of first now.")).to_be_visible()
    expect(page.get_by_text("Nothing to look at.")).to_be_visible()
    second.refresh_from_db()
    assert (first.images.count(), second.images.count(), second.is_active) == (2, 0, False)


def test_filters_open_by_keyboard_take_the_focus_and_give_it_back(visit_admin: Callable[[str], Page], make_product):
    make_product("mug")
    page = visit_admin("/admin/catalog/product/")
    filters = page.get_by_role("button", name="Filters", exact=True)
    page.get_by_role("searchbox").or_(page.locator("[name=q]")).focus()
    page.keyboard.press("Tab")
    expect(filters).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#changelist-filter :focus")).to_have_count(1)
    page.keyboard.press("Escape")
    expect(filters).to_be_focused()


def staff_pages(first: Product, second: Product) -> list[str]:
    shared = first.images.get(view_id="000")  # the photo that both have
    return [
        "/admin/",
        "/admin/catalog/product/",
        f"/admin/catalog/product/{first.pk}/change/",
        "/admin/catalog/importrun/add/",
        "/admin/search/photopair/?show=broken",
        "/admin/search/photopair/?show=file",
        f"/admin/search/photopair/merge/{first.pk}/{second.pk}/",
        f"/admin/search/photopair/remove/{shared.pk}/",
        "/admin/search/query/",
        "/admin/search/query/add/",
        f"/admin/search/query/{Query.objects.get().pk}/change/",
        "/admin/ml/modelversion/",
        "/admin/search/training/add/",
    ]


# What one can click that is seen, each named once: of radio buttons of one name, Tab visits a single one. A select that
# select2 replaces is not: its stand-in is.
CLICKABLE = """() => [...document.querySelectorAll(
    "a[href], button, input, select, textarea, summary, [role=button], [tabindex='0'], [onclick], [x-on\\\\:click]"
)].filter(element => element.checkVisibility({visibilityProperty: true, opacityProperty: true})
    && element.offsetWidth && !element.disabled && getComputedStyle(element).pointerEvents !== "none"
    && !element.matches(".select2-hidden-accessible")
).map((element, place) => {
    const known = element.outerHTML.slice(0, 160);
    return element.dataset.place = element.type === "radio" ? `radio ${element.name}` : `${place} ${known}`;
})"""


def test_all_that_can_be_clicked_on_staff_pages_is_reached_with_tab(visit_admin: Callable[[str], Page], twins):
    page = visit_admin("/admin/")
    origin = page.url.removesuffix("/admin/")
    missed = {}
    for path in staff_pages(*twins):
        page.goto(origin + path, wait_until="networkidle")
        clickable = set(page.evaluate(CLICKABLE))
        assert len(clickable) > 10, path
        reached = set()
        for _ in range(len(clickable) + 20):
            page.keyboard.press("Tab")
            reached.add(page.evaluate("document.activeElement.dataset.place"))
        if clickable - reached:
            missed[path] = clickable - reached
    assert not missed


def test_staff_sign_out_by_keyboard_alone(visit_admin: Callable[[str], Page]):
    page = visit_admin("/admin/")
    account = page.get_by_role("button", name="boss")
    account.focus()
    page.keyboard.press("Enter")
    expect(account).to_have_attribute("aria-expanded", "true")
    expect(page.get_by_role("button", name="Light")).to_be_focused()
    page.keyboard.press("Escape")
    expect(account).to_be_focused()
    expect(account).to_have_attribute("aria-expanded", "false")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Log out").press("Enter")
    expect(page.get_by_text("Log in again")).to_be_visible()


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
def test_staff_pages_pass_axe_and_fit_the_screen(visit_admin: Callable[[str], Page], twins, width, scheme):
    page = visit_admin("/admin/")
    page.set_viewport_size({"width": width, "height": 844})
    page.emulate_media(color_scheme=scheme)
    origin = page.url.removesuffix("/admin/")
    for path in staff_pages(*twins):
        page.goto(origin + path, wait_until="networkidle")
        assert violations(page, runOnly=["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]) == [], path
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path


def test_a_model_takes_over_while_staff_watch(visit_admin, start_worker, make_product, model, settings):
    write_tiny_model(settings.MODELS_DIR / model.version)
    make_product("a", photos=2)
    embed_awaiting(model)
    version = ModelVersion.objects.register(write_tiny_model(settings.MODELS_DIR / "tiny-20261123-0000001", seed=1))
    page = visit_admin("/admin/ml/modelversion/")
    page.get_by_role("button", name="Embed everything with it").click()
    expect(page.get_by_text("0 of 2 photos embedded")).to_be_visible()
    start_worker()
    page.get_by_role("link", name="Activate…").click(timeout=60_000)
    page.get_by_role("button", name="Let it serve").click()
    expect(page.locator(".staff-panel--active h2")).to_have_text(version.version)
    assert ModelVersion.objects.active() == version
