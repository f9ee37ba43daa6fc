"""What the picture capabilities answer on pictures whose content is known, beyond their stored examples."""

from __future__ import annotations

import io
import json
from typing import Any

import numpy as np
from PIL import Image

from model_registry.catalog_kit import Media
from model_registry.catalog_kit.runner import SAMPLES, run_capability


def ask(name: str, *, parameters: dict[str, Any] | None = None, **files: str) -> tuple[dict[str, Any], list[Media]]:
    media = [(SAMPLES / file).read_bytes() for file in files.values()]
    fields = {field: {"$media": index} for index, field in enumerate(files)}
    response, found = run_capability(name, json.dumps({"input": fields, "parameters": parameters or {}}), media)
    return response["output"], found


def picture(media: Media) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(media.data)))


def test_the_astronauts_face_is_where_it_is() -> None:
    output, _ = ask("face-detect", image="astronaut.jpg")
    (face,) = output["boxes"]
    assert face["score"] > 0.85
    assert abs(face["x"] + face["width"] / 2 - 225) < 15
    assert abs(face["y"] + face["height"] / 2 - 125) < 25
    eyes = {point["name"]: point for point in face["keypoints"]}
    assert eyes["right_eye"]["x"] < eyes["nose_tip"]["x"] < eyes["left_eye"]["x"]
    assert eyes["mouth"]["y"] > eyes["nose_tip"]["y"]


def test_a_picture_without_people_has_no_face() -> None:
    assert ask("face-detect", image="coins.png")[0]["boxes"] == []


def test_the_person_is_inside_the_mask_and_the_rocket_is_not() -> None:
    mask = picture(ask("person-segment", image="astronaut.jpg")[1][0])
    assert mask.shape == (512, 512)
    assert [int(mask[y, x]) for y, x in ((125, 225), (330, 200), (40, 420), (20, 120))] == [255, 255, 0, 0]


def test_the_face_is_covered_and_the_rest_untouched() -> None:
    _, media = ask("face-anonymise", image="astronaut.jpg")
    original = np.asarray(Image.open(SAMPLES / "astronaut.jpg"))
    covered = picture(media[0])
    assert np.abs(covered[85:170, 180:270].astype(int) - original[85:170, 180:270]).mean() > 15
    assert np.array_equal(covered[300:], original[300:])


def test_the_page_contains_its_words() -> None:
    text = ask("ocr-document", image="page.png")[0]["text"]
    for words in ("Region-based segmentation", "histogram of grey values", "unambiguously"):
        assert words in text


def test_both_codes_are_read() -> None:
    codes = {code["format"]: code["text"] for code in ask("barcode-read", image="codes.png")[0]["codes"]}
    assert codes == {"QRCode": "https://example.org/pay?id=42", "EAN13": "4006381333931"}


def test_there_are_24_coins() -> None:
    assert ask("count-round-parts", image="coins.png")[0]["values"]["count"] == 24


def test_the_defect_is_found_at_its_place() -> None:
    (region,) = ask("surface-anomaly", image="brick-defect.png")[0]["values"]["regions_x_y_width_height"]
    assert np.abs(np.array(region) - (150, 100, 30, 30)).max() <= 8


def test_denoising_comes_closer_to_the_clean_picture() -> None:
    clean = np.asarray(Image.open(SAMPLES / "astronaut.jpg")).astype(float)
    noisy = np.asarray(Image.open(SAMPLES / "astronaut-noisy.jpg")).astype(float)
    restored = picture(ask("image-denoise", image="astronaut-noisy.jpg")[1][0]).astype(float)
    assert ((restored - clean) ** 2).mean() < 0.5 * ((noisy - clean) ** 2).mean()


def test_other_pictures_are_not_duplicates() -> None:
    assert ask("near-duplicate-image", image="astronaut.jpg", other="coffee.jpg")[0]["verdict"] == "different"
