"""One gain to the target loudness, held below a peak ceiling."""

from __future__ import annotations

from model_registry.catalog_kit import InvalidInput, Request, Result, encode_wav
from model_registry.catalog_kit.loudness import integrated_loudness


def run(request: Request) -> Result:
    audio, target = request.input["audio"], request.parameters["target"]
    before = integrated_loudness(audio.samples, audio.rate)
    if before is None:
        raise InvalidInput("the recording is silent or shorter than 0.4 seconds", field="audio")
    peak = float(abs(audio.samples).max())
    wanted, most = 10 ** ((target - before) / 20), 10 ** (request.parameters["ceiling"] / 20) / peak
    gain = min(wanted, most)
    out = audio.samples * gain
    after = integrated_loudness(out, audio.rate)
    result = Result({"duration": round(len(out) / audio.rate, 4), "values": {
        "loudness_before": round(before, 2), "loudness_after": round(after if after is not None else before, 2),
        "peak_after": round(peak * gain, 4)}},
        warnings=["the peak ceiling was reached before the target"] if gain < wanted else [])
    result.output["audio"] = result.add_media("audio/wav", encode_wav(out, audio.rate))
    return result
