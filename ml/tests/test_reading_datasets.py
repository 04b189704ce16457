from pathlib import Path

import pytest

from ml.data.datasets import Photo, UnusableDataset, read_photos
from ml.tests.drawing import draw


def products(photos: list[Photo]) -> list[tuple[str, str]]:
    return [(photo.path.name, photo.product) for photo in photos]


def test_the_product_is_everything_before_the_last_underscore_of_a_file_name(tmp_path: Path) -> None:
    for name in ("1000_031.jpg", "1000_032.JPG", "RED_SHOE_7.png", "alone.jpg", "notes.txt", ".hidden_1.jpg"):
        (tmp_path / name).touch()
    assert products(read_photos(tmp_path)) == [
        ("1000_031.jpg", "1000"),
        ("1000_032.JPG", "1000"),
        ("RED_SHOE_7.png", "RED_SHOE"),
        ("alone.jpg", "alone"),
    ]


def test_what_a_nas_or_a_mac_puts_into_folders_is_nobodys_product(tmp_path: Path) -> None:
    photo = draw(tmp_path / "shoes" / "E1" / "E1_1.jpg")
    for clutter in ("@eaDir/E1_1.jpg/SYNOPHOTO_THUMB_M.jpg", "#recycle/old/O1_1.jpg", "__MACOSX/shoes/._E1_1.jpg"):
        draw(tmp_path / "shoes" / "E1" / clutter)
        draw(tmp_path / clutter)
    assert [photo.path for photo in read_photos(tmp_path)] == [photo]


def test_a_folder_per_product_wins_over_the_file_names_in_it(tmp_path: Path) -> None:
    draw(tmp_path / "mug" / "IMG_001.jpg")
    draw(tmp_path / "mug" / "IMG_002.jpg")
    assert products(read_photos(tmp_path)) == [("IMG_001.jpg", "mug"), ("IMG_002.jpg", "mug")]


def test_a_folder_above_the_products_is_their_category(tmp_path: Path) -> None:
    path = draw(tmp_path / "kitchen" / "mug" / "1.jpg")
    assert read_photos(tmp_path) == [Photo(path, "kitchen/mug", "kitchen")]


def test_the_parts_of_a_split_folder_are_kept_and_can_be_picked(tmp_path: Path) -> None:
    draw(tmp_path / "train" / "a_1.jpg")
    picked = draw(tmp_path / "test" / "b_1.jpg")
    assert {(photo.product, photo.split) for photo in read_photos(tmp_path)} == {("a", "train"), ("b", "test")}
    assert read_photos(f"{tmp_path}#test") == [Photo(picked, "b", split="test")]


def test_a_csv_names_paths_relative_to_itself(tmp_path: Path) -> None:
    path = draw(tmp_path / "shots" / "x.jpg")
    (tmp_path / "list.csv").write_text("path,product,category\nshots/x.jpg,mug,kitchen\n")
    assert read_photos(tmp_path / "list.csv") == [Photo(path, "mug", "kitchen")]


def test_the_catalogue_csv_of_the_import_is_read_with_all_its_photos(tmp_path: Path) -> None:
    for name in ("a.jpg", "b.jpg"):
        draw(tmp_path / "images" / name)
    (tmp_path / "products.csv").write_text("sku,title,category,images\nM1,Mug,Mugs,images/a.jpg|images/b.jpg\n")
    assert products(read_photos(tmp_path)) == [("a.jpg", "M1"), ("b.jpg", "M1")]


def test_stanford_online_products_are_read_from_their_lists(tmp_path: Path) -> None:
    for name in ("chair_final/1_0.JPG", "bicycle_final/2_0.JPG"):
        draw(tmp_path / name)
    header = "image_id class_id super_class_id path\n"
    (tmp_path / "Ebay_train.txt").write_text(header + "1 1 1 chair_final/1_0.JPG\n")
    (tmp_path / "Ebay_test.txt").write_text(header + "1 11319 2 bicycle_final/2_0.JPG\n")
    assert [(p.product, p.category, p.split) for p in read_photos(tmp_path)] == [
        ("1", "chair", "train"),
        ("11319", "bicycle", "test"),
    ]
    assert len(read_photos(tmp_path / "Ebay_test.txt")) == 1


@pytest.mark.parametrize("images", ["img", "Img/img"])
def test_deepfashion_in_shop_is_read_with_its_query_and_gallery_parts(tmp_path: Path, images: str) -> None:
    for view in ("01_1_front", "02_1_front"):
        draw(tmp_path / images / "WOMEN" / "Dresses" / "id_02" / f"{view}.jpg")
    (tmp_path / "Eval").mkdir()
    (tmp_path / "Eval" / "list_eval_partition.txt").write_text(
        "2\nimage_name item_id evaluation_status\n"
        "img/WOMEN/Dresses/id_02/01_1_front.jpg id_02 query\n"
        "img/WOMEN/Dresses/id_02/02_1_front.jpg id_02 gallery\n"
    )
    (query,) = read_photos(f"{tmp_path}#query")
    assert (query.product, query.category, query.path.name) == ("id_02", "Dresses", "01_1_front.jpg")
    assert len(read_photos(tmp_path / "Eval" / "list_eval_partition.txt")) == 2


@pytest.mark.parametrize(
    ("name", "text", "complaint"),
    [
        ("list.csv", "path,colour\nx.jpg,red\n", "needs a product column"),
        ("list.csv", "path,product\nx.jpg,\n", "line 2: the product is empty"),
        ("list.csv", "path,product\nx.jpg,mug\n", "1 of the 1 photos"),
        ("Ebay_test.txt", "header\n1 2 3\n", "cannot be read as a list of photos"),
        ("notes.txt", "hello", "is not a list of photos"),
    ],
)
def test_a_list_that_does_not_serve_says_why(tmp_path: Path, name: str, text: str, complaint: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(UnusableDataset, match=complaint):
        read_photos(tmp_path / name)


def test_a_missing_and_an_empty_folder_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(UnusableDataset, match="does not exist"):
        read_photos(tmp_path / "nowhere")
    with pytest.raises(UnusableDataset, match="There is no photo in"):
        read_photos(tmp_path)
