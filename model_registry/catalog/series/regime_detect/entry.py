"""A Gaussian hidden Markov model by EM from several starts; the state path by Viterbi."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.cluster.vq import kmeans2

from model_registry.catalog_kit import InvalidInput, Request, Result

Array = NDArray[np.float64]


def density(x: Array, mean: Array, spread: Array) -> Array:
    logs = -0.5 * ((x[:, None] - mean) / spread) ** 2 - np.log(spread)
    return np.exp(logs - logs.max(1, keepdims=True)), logs.max(1)


def forward_backward(b: Array, start: Array, move: Array) -> tuple[Array, Array, float]:
    """Chances of states (n, k), expected moves (k, k), log likelihood."""
    n, k = b.shape
    ahead, scale, back = np.empty((n, k)), np.empty(n), np.ones((n, k))
    ahead[0] = start * b[0]
    scale[0] = ahead[0].sum()
    ahead[0] /= scale[0]
    for t in range(1, n):
        ahead[t] = ahead[t - 1] @ move * b[t]
        scale[t] = ahead[t].sum()
        ahead[t] /= scale[t]
    moves = np.zeros((k, k))
    for t in range(n - 2, -1, -1):
        later = b[t + 1] * back[t + 1] / scale[t + 1]
        moves += np.outer(ahead[t], later) * move
        back[t] = move @ later
    return ahead * back, moves, float(np.log(scale).sum())


def fit(x: Array, k: int, seed: int, by_spread: bool) -> tuple[float, Array, Array, Array, Array]:
    rng = np.random.default_rng(seed)
    if by_spread:
        mean, spread = np.full(k, x.mean()), x.std() * np.geomspace(0.4, 2.0, k) * rng.uniform(0.8, 1.2, k)
    else:
        mean = np.sort(kmeans2(x[:, None], k, seed=seed, minit="++")[0].ravel())
        spread = np.full(k, x.std() / k + 1e-3)
    move = np.full((k, k), 0.05 / max(k - 1, 1)) + np.eye(k) * (0.95 - 0.05 / max(k - 1, 1))
    start, before = np.full(k, 1 / k), -np.inf
    for _ in range(80):
        b, shift = density(x, mean, spread)
        chance, moves, fitness = forward_backward(b + 1e-300, start, move)
        fitness += float(shift.sum())
        weight = chance.sum(0) + 1e-9
        mean = (chance * x[:, None]).sum(0) / weight
        spread = np.sqrt((chance * (x[:, None] - mean) ** 2).sum(0) / weight) + 1e-3
        move = (moves + 1e-6) / (moves + 1e-6).sum(1, keepdims=True)
        start = chance[0] / chance[0].sum()
        if fitness - before < 1e-5 * len(x):
            break
        before = fitness
    return fitness, mean, spread, move, chance


def run(request: Request) -> Result:
    raw, k = request.input["series"].values, request.parameters["states"]
    by_spread = request.parameters["by"] == "spread"
    scale = float(raw.std())
    if not np.isfinite(scale) or scale < 1e-12 * max(abs(float(raw.mean())), 1e-300):
        raise InvalidInput("the series does not vary, or its numbers are too large", field="series")
    x = (raw - raw.mean()) / scale
    _, mean, spread, move, chance = max((fit(x, k, seed, by_spread) for seed in range(3)), key=lambda f: f[0])
    order = np.argsort(spread if by_spread else mean)
    chance, move = chance[:, order], move[np.ix_(order, order)]
    state = chance.argmax(1)
    cuts = [0, *(np.flatnonzero(np.diff(state)) + 1).tolist(), len(x)]
    rows = [{"start": a, "end": b, "regime": int(state[a]) + 1, "mean": round(float(raw[a:b].mean()), 6),
             "spread": round(float(raw[a:b].std()), 6), "certainty": round(float(chance[a:b, state[a]].mean()), 4)}
            for a, b in pairwise(cuts)]
    return Result({"columns": ["start", "end", "regime", "mean", "spread", "certainty"], "rows": rows, "summary": {
        "regimes": [{"regime": i + 1, "mean": round(float(mean[j] * scale + raw.mean()), 6),
                     "spread": round(float(spread[j] * scale), 6), "share": round(float((state == i).mean()), 4),
                     "expected_length": round(float(1 / max(1 - move[i, i], 1e-6)), 1)} for i, j in enumerate(order)]}})
