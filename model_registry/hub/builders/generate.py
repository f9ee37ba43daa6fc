"""Texts written token by token: translation and summaries (T5, Marian, BART), captions, and speech (Whisper).

The decoders are run without a cache of their past, since the served graphs differ in its names: a step costs what all
tokens so far cost, which bounds the length here and not the result.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from model_registry.catalog_kit.types import Audio, Nets, Request, Result
from model_registry.hub.builders.audio import RATE, SPEECH, log_mel
from model_registry.hub.builders.pixels import recipe_of
from model_registry.hub.builders.vision import IMAGE, PICTURE
from model_registry.hub.kit import Answer, Array, Builder, Kit

if TYPE_CHECKING:
    from tokenizers import Tokenizer

ROLES = ("encoder", "decoder")
LONGEST = {"max_tokens": {"kind": "integer", "minimum": 1, "maximum": 256, "default": 128,
                          "title": "Most tokens to write", "title_zh": "最多生成词元数"}}
WINDOW_S = 30  # what Whisper hears at once
LANGUAGES = ("en", "zh", "de", "es", "ru", "ko", "fr", "ja", "pt", "tr", "pl", "ca", "nl", "ar", "sv", "it", "id", "hi",
             "fi", "vi", "he", "uk", "el", "ms", "cs", "ro", "da", "hu", "ta", "no", "th", "ur")


class Writer:
    """Greedy decoding: the likeliest token again and again."""

    def __init__(self, kit: Kit) -> None:
        self.decoder = kit.nets["decoder"]
        self.place = self.decoder.output("logits")
        known = kit.read("config.json")
        settings: dict[str, Any] = {}
        for part in (known.get("decoder") or {}, known, kit.read("generation_config.json"), kit.options):
            settings |= {key: value for key, value in part.items() if value is not None}
        self.start = _number(settings.get("decoder_start_token_id"), 0)
        ends = settings.get("eos_token_id", 1)
        self.ends = set(ends if isinstance(ends, list) else [ends])
        self.forced_first = settings.get("forced_bos_token_id")
        self.bad = {n for words in settings.get("bad_words_ids") or [] if len(words) == 1 for n in words}

    def scores(self, nets: Nets, tokens: Sequence[int], states: Array, mask: Array | None) -> Array:
        """Of the token after these, one row."""
        feed: dict[str, Array] = {"input_ids": np.array([tokens]), "encoder_hidden_states": states}
        if self.decoder.has("encoder_attention_mask"):
            feed["encoder_attention_mask"] = np.ones(states.shape[:2]) if mask is None else mask
        return np.asarray(self.decoder.run(nets, feed)[self.place][0, -1])

    def write(self, nets: Nets, states: Array, mask: Array | None, *, most: int, start: Sequence[int] = (),
              barred: Collection[int] = (), barred_from: int | None = None) -> tuple[list[int], bool]:
        """The tokens after `start`, and whether the end came before `most`. `barred` tokens, and all from `barred_from`
        on but the end, are never written."""
        tokens = list(start) or [self.start]
        if not start and self.forced_first is not None:
            tokens.append(int(self.forced_first))
        written: list[int] = []
        for _ in range(most):
            found = self.scores(nets, tokens + written, states, mask).astype(np.float64)
            kept = {n: found[n] for n in self.ends if n < len(found)}
            if barred_from is not None:
                found[barred_from:] = -np.inf
            found[[n for n in {*self.bad, *barred} if n < len(found)]] = -np.inf
            for number, value in kept.items():
                found[number] = value
            best = int(found.argmax())
            if best in self.ends:
                return written, True
            written.append(best)
        return written, False


def _number(value: Any, other: int) -> int:
    return int(value) if isinstance(value, int) else other


def rewrite(kit: Kit) -> Answer:
    """Text to text. Options: `prefix` (the words that T5 takes as the task), `tokens`."""
    tokenizer = kit.tokenizer(int(kit.options.get("tokens", 512)))
    writer, encoder = Writer(kit), kit.nets["encoder"]
    prefix = kit.options.get("prefix", "")

    def answer(request: Request) -> Result:
        encoded = tokenizer.encode(prefix + request.input["text"])
        mask = np.array([encoded.attention_mask])
        states = encoder.run(request.nets, {"input_ids": np.array([encoded.ids]), "attention_mask": mask})[0]
        written, ended = writer.write(request.nets, states, mask, most=request.parameters["max_tokens"])
        warnings = [] if ended else [f"the text was ended after {len(written)} tokens"]
        if encoded.overflowing:
            warnings.append("the text was too long: only its beginning was read")
        return Result({"values": [{"name": "text", "value": tokenizer.decode(written).strip()},
                                  {"name": "tokens", "value": len(written)}]}, warnings=warnings)

    return answer


def caption(kit: Kit) -> Answer:
    """A picture to a line of text: captions and handwriting lines (vision encoder, text decoder)."""
    tokenizer, writer, encoder = kit.tokenizer(), Writer(kit), kit.nets["encoder"]
    recipe = recipe_of(kit, encoder.inputs[0], mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5))

    def answer(request: Request) -> Result:
        states = encoder.run(request.nets, recipe.tensor(request.input["image"]))[0]
        written, ended = writer.write(request.nets, states, None, most=request.parameters["max_tokens"])
        return Result({"values": [{"name": "text", "value": tokenizer.decode(written).strip()}]},
                      warnings=[] if ended else [f"the text was ended after {len(written)} tokens"])

    return answer


def whisper(kit: Kit) -> Answer:
    """Speech to text, 30 s at a time. Options: `english` for the nets that know no other language."""
    tokenizer, writer, encoder = kit.tokenizer(), Writer(kit), kit.nets["encoder"]
    english = bool(kit.options.get("english"))
    bands = encoder.inputs[0].shape[1] if encoder.inputs[0].shape[1] > 0 else 80
    begin, plain, task = (_token(tokenizer, f"<|{word}|>") for word in (
        "startoftranscript", "notimestamps", "transcribe"))
    tongues = {word: tokenizer.token_to_id(f"<|{word}|>") for word in LANGUAGES}
    known = {word: number for word, number in tongues.items() if number is not None}
    writer.ends = {_token(tokenizer, "<|endoftext|>")}

    def answer(request: Request) -> Result:
        sound: Audio = request.input["audio"]
        chosen = "en" if english or not known else request.parameters.get("language", "auto")
        segments: list[dict[str, Any]] = []
        warnings: list[str] = []
        for at in range(0, len(sound.samples), WINDOW_S * RATE):
            part = sound.samples[at:at + WINDOW_S * RATE]
            if len(part) < RATE // 10 and segments:
                break
            states = encoder.run(request.nets, log_mel(part, bands, WINDOW_S)[None])[0]
            if chosen == "auto":
                heard = writer.scores(request.nets, [begin], states, None)
                chosen = max(known, key=lambda word: float(heard[known[word]]))
            start = [begin, plain] if english else [begin, known[chosen], task, plain]
            written, ended = writer.write(request.nets, states, None, most=request.parameters["max_tokens"],
                                          start=start, barred_from=min(writer.ends))
            if not ended:
                warnings.append(f"the part at {at // RATE} s was ended after {len(written)} tokens")
            text = tokenizer.decode(written, skip_special_tokens=True).strip()
            if text:
                segments.append({"start": round(at / RATE, 3), "end": round((at + len(part)) / RATE, 3),
                                 "label": text, "score": 1.0})
        return Result({"duration": round(sound.duration, 3), "segments": segments,
                       "text": " ".join(s["label"] for s in segments), "values": {"language": chosen}},
                      warnings=warnings)

    return answer


def _token(tokenizer: Tokenizer, word: str) -> int:
    number = tokenizer.token_to_id(word)
    if number is None:
        raise ValueError(f"the tokenizer has no {word}")
    return int(number)


_LIBRARIES = ("tokenizers",)
BUILDERS: dict[str, Builder] = {
    "rewrite": Builder(
        rewrite, {"text": {"kind": "text", "max_chars": 4000}}, "key_values", "translation", "text", "1k_chars",
        "1", {"input": {"text": "The meeting was moved to Friday because two people are ill."}},
        parameters=LONGEST, libraries=_LIBRARIES, timeout_ms=300_000, roles=ROLES),
    "caption": Builder(
        caption, IMAGE, "key_values", "image-captioning", "vision", "image", "0.5", {"input": PICTURE},
        parameters={"max_tokens": {**LONGEST["max_tokens"], "default": 32}},
        libraries=("opencv-contrib-python-headless", "tokenizers"), timeout_ms=300_000, roles=ROLES),
    "whisper": Builder(
        whisper, SPEECH, "segments", "speech-recognition", "audio", "second", "0.02",
        {"input": {"audio": {"$file": "audio-austen-a.flac"}}}, parameters={
            **LONGEST, "language": {"kind": "choice", "choices": ["auto", *LANGUAGES], "default": "auto",
                                    "title": "Language", "title_zh": "语言"}},
        libraries=_LIBRARIES, timeout_ms=600_000, roles=ROLES),
}
