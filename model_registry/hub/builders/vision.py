"""Pictures to labels and vectors: classifiers, embeddings, and pictures against texts (CLIP, SigLIP)."""

from __future__ import annotations

from typing import Any

import numpy as np

from model_registry.catalog_kit.types import Request, Result
from model_registry.hub.builders.pixels import IMAGENET_MEAN, IMAGENET_STD, recipe_of
from model_registry.hub.kit import Answer, Array, Builder, Kit, activate, sigmoid, softmax, top

IMAGE = {"image": {"kind": "image", "max_bytes": 10_000_000}}
PICTURE = {"image": {"$file": "astronaut.jpg"}}
TOP = {"top": {"kind": "integer", "minimum": 1, "maximum": 100, "default": 5, "title": "Labels to answer",
               "title_zh": "返回标签数"}}


def classify(kit: Kit) -> Answer:
    """Options: `image` (a Recipe's words), `activation` (softmax, sigmoid, none), `labels`."""
    net = kit.net
    recipe = recipe_of(kit, net.inputs[0], mean=IMAGENET_MEAN, std=IMAGENET_STD)
    how = kit.options.get("activation", "softmax")

    def answer(request: Request) -> Result:
        scores = activate(net.run(request.nets, recipe.tensor(request.input["image"]))[0].reshape(-1), how)
        return Result({"labels": top(kit, scores, request.parameters["top"])})

    return answer


def embed(kit: Kit) -> Answer:
    """Options: `image`, `pool` (first token, mean of all, or none where the net answers a vector)."""
    net = kit.net
    recipe = recipe_of(kit, net.inputs[0], mean=IMAGENET_MEAN, std=IMAGENET_STD)
    pool = kit.options.get("pool", "none")

    def answer(request: Request) -> Result:
        vectors = []
        for image in request.input["images"]:
            found = net.run(request.nets, recipe.tensor(image))[0][0].astype(np.float64)
            if found.ndim == 2:
                found = found[0] if pool == "first" else found.mean(axis=0)
            vectors.append(unit(found.reshape(-1)))
        return Result({"dimensions": len(vectors[0]), "embeddings": [v.round(6).tolist() for v in vectors]})

    return answer


def match_texts(kit: Kit) -> Answer:
    """CLIP and SigLIP: a picture and texts in one net with `logits_per_image`. Options: `activation`, `tokens`
    (a fixed length where the net wants one), `template`."""
    net = kit.net
    recipe = recipe_of(kit, next(p for p in net.inputs if p.name == "pixel_values"), mode="crop", size=224, short=224)
    fixed = int(kit.options.get("tokens", 0))
    tokenizer = kit.tokenizer(fixed or 77)
    if fixed:
        pad = tokenizer.padding or {"pad_id": 0, "pad_token": "<pad>"}
        tokenizer.enable_padding(length=fixed, pad_id=pad["pad_id"], pad_token=pad["pad_token"])
    template = kit.options.get("template", "a photo of {}")
    place = net.output("logits_per_image")

    def answer(request: Request) -> Result:
        texts = request.input["labels"]
        encoded = tokenizer.encode_batch([template.format(text) for text in texts])
        found = net.run(request.nets, {
            "pixel_values": recipe.tensor(request.input["image"]),
            "input_ids": np.array([e.ids for e in encoded]),
            "attention_mask": np.array([e.attention_mask for e in encoded])})[place].reshape(-1)
        scores = sigmoid(found) if kit.options.get("activation") == "sigmoid" else softmax(found)
        order = np.argsort(-scores, kind="stable")
        return Result({"labels": [{"label": texts[i], "score": round(float(scores[i]), 6)} for i in order]})

    return answer


def unit(vector: Array) -> Array:
    """The vector with length 1; zeros stay."""
    length = float(np.linalg.norm(vector))
    return vector / length if length > 0 else vector


LABELS: dict[str, Any] = {"kind": "texts", "min_items": 2, "max_items": 50, "max_chars": 200, "title": "Labels",
                           "title_zh": "候选标签"}

BUILDERS: dict[str, Builder] = {
    "classify_image": Builder(
        classify, IMAGE, "label_scores", "image-classification", "vision", "image", "0.15", {"input": PICTURE},
        parameters=TOP, libraries=("opencv-contrib-python-headless",)),
    "embed_image": Builder(
        embed, {"images": {"kind": "images", "max_items": 8, "max_bytes": 10_000_000}}, "embedding",
        "image-similarity", "vision", "image", "0.15", {"input": {"images": [{"$file": "astronaut.jpg"}]}},
        libraries=("opencv-contrib-python-headless",)),
    "match_texts": Builder(
        match_texts, {**IMAGE, "labels": LABELS}, "label_scores", "image-classification", "vision", "image", "0.3",
        {"input": {**PICTURE, "labels": ["an astronaut", "a cup of coffee", "a brick wall"]}},
        libraries=("opencv-contrib-python-headless", "tokenizers")),
}
