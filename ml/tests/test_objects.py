"""Boxes around the likely items of a photo."""

import numpy as np
import pytest
from PIL import Image, ImageDraw

from ml.images import Crop
from ml.objects import propose_boxes
from ml.tests.pictures import on_table


def overlap(crop: Crop, box: tuple[int, int, int, int], size: tuple[int, int] = (320, 240)) -> float:
    """Intersection over union with a box in pixels."""
    left, top, right, bottom = crop.box(*size)
    shared = max(0, min(right, box[2]) - max(left, box[0])) * max(0, min(bottom, box[3]) - max(top, box[1]))
    return shared / ((right - left) * (bottom - top) + (box[2] - box[0]) * (box[3] - box[1]) - shared)


@pytest.mark.parametrize("box", [(100, 60, 220, 180), (30, 40, 130, 200), (180, 90, 300, 220)])
def test_one_item_on_a_table_gets_one_box_around_it(box: tuple[int, int, int, int]) -> None:
    (found,) = propose_boxes(on_table(box))
    assert overlap(found, box) > 0.7


def test_two_items_get_a_box_each_the_larger_first() -> None:
    large, small = (30, 50, 150, 200), (210, 90, 280, 160)
    first, second = propose_boxes(on_table(large, small))
    assert overlap(first, large) > 0.7
    assert overlap(second, small) > 0.6


def test_no_more_boxes_than_asked_for() -> None:
    things = [(x, y, x + 50, y + 50) for x in (20, 90, 160, 230) for y in (30, 140)]
    assert len(propose_boxes(on_table(*things))) == 5
    assert len(propose_boxes(on_table(*things), limit=1)) == 1


def test_a_photo_in_which_nothing_stands_out_gets_none() -> None:
    assert propose_boxes(Image.new("RGB", (300, 200), (90, 120, 90))) == []


def test_a_box_around_nearly_everything_is_not_proposed() -> None:
    assert propose_boxes(on_table((2, 2, 318, 238))) == []


@pytest.mark.parametrize("size", [(2000, 9), (9, 2000), (8, 8)])
def test_photos_of_odd_shapes_are_looked_at_without_a_stumble(size: tuple[int, int]) -> None:
    random = np.random.default_rng(0)
    assert len(propose_boxes(Image.fromarray(random.integers(0, 256, (*size, 3), np.uint8)))) <= 3


def test_things_apart_on_one_ground_get_boxes_of_their_own() -> None:
    chair, lamp = (40, 60, 120, 220), (190, 30, 290, 200)
    canvas = Image.new("RGB", (320, 240), "white")
    ImageDraw.Draw(canvas).rectangle(chair, fill=(120, 80, 40))
    ImageDraw.Draw(canvas).ellipse(lamp, fill=(240, 200, 60))
    boxes = propose_boxes(canvas)
    assert len(boxes) == 2
    assert all(max(overlap(box, thing) for box in boxes) > 0.7 for thing in (chair, lamp))


def test_a_screenshot_finds_the_picture_in_it() -> None:
    screen = Image.new("RGB", (390, 844), "white")
    picture = (0, 120, 390, 510)
    screen.paste(on_table((60, 60, 330, 330), size=(390, 390)), picture[:2])
    draw = ImageDraw.Draw(screen)
    for line in range(540, 700, 24):
        draw.rectangle((16, line, 300, line + 9), fill=(40, 40, 40))
    draw.rectangle((16, 760, 374, 810), fill=(180, 60, 30))
    item = (60, 180, 330, 450)
    first = propose_boxes(screen)[0]
    assert max(overlap(first, picture, screen.size), overlap(first, item, screen.size)) > 0.6


def test_a_busy_ground_still_gets_the_item_that_differs_from_it() -> None:
    random = np.random.default_rng(3)
    photo = Image.fromarray(random.integers(0, 110, (240, 320, 3), np.uint8))
    ImageDraw.Draw(photo).ellipse((90, 50, 230, 190), fill=(250, 220, 40))
    assert max(overlap(box, (90, 50, 230, 190)) for box in propose_boxes(photo)) > 0.5
