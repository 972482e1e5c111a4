"""Fits the head of the prompt moderator: one logistic unit a category over sentence vector and n-grams.

A convex problem, solved by L-BFGS for all categories at once; the same data give the same weights.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy.sparse
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit

from models.moderation.corpus import CATEGORIES, Example
from services.moderator.ngrams import BUCKETS, buckets
from services.moderator.normalise import fold, normalise
from services.moderator.text import Head, SentenceVectors, split

# Categories whose borders the sources draw differently: neither is a counter-example of the other.
NEIGHBOURS = {
    "sexual": {"sexual_minors"},
    "sexual_minors": {"sexual"},
    "violence": {"shocking", "self_harm"},
    "shocking": {"violence", "self_harm"},
    "hate": {"harassment"},
    "harassment": {"hate"},
    "illicit": {"dangerous"},
    "dangerous": {"illicit"},
}
OTHER_CATEGORY = 0.15
"""Weight of an unsafe prompt as a counter-example for the other categories: what matters is safe or not."""


@dataclass(frozen=True)
class Features:
    """The first window of N prompts."""

    vectors: NDArray[np.float32]  # [N,512]
    grams: scipy.sparse.csr_matrix  # [N,BUCKETS]; a row with m buckets holds 1/sqrt(m) in each


@dataclass(frozen=True)
class Recipe:
    """Hyper-parameters, chosen with whole sources left out. The scales set how fast each part learns."""

    dense_scale: float = 10.0
    gram_scale: float = 3.0
    dense_decay: float = 1e-4
    gram_decay: float = 2e-5
    iterations: int = 40


def featurise(prompts: Sequence[str], encoder: SentenceVectors, batch: int = 64) -> Features:
    """The same features as the service computes."""
    texts = [split(normalise(prompt))[0] for prompt in prompts]
    order = np.argsort([len(t) for t in texts])  # equal lengths together, so that little is padding
    vectors = np.zeros((len(texts), 512), np.float32)
    for start in range(0, len(texts), batch):
        rows = order[start : start + batch]
        vectors[rows] = encoder.encode_sentences([texts[i] for i in rows])
    found = [buckets(fold(text)) for text in texts]
    lengths = np.array([len(f) for f in found])
    values = np.repeat(1 / np.sqrt(np.maximum(lengths, 1)), lengths).astype(np.float32)
    starts = np.concatenate([[0], np.cumsum(lengths)])
    shape = (len(texts), BUCKETS)
    return Features(vectors, scipy.sparse.csr_matrix((values, np.concatenate(found), starts), shape))


def targets(examples: Sequence[Example]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Labels [N,K] and the weight of each [N,K]."""
    labels = np.zeros((len(examples), len(CATEGORIES)), np.float32)
    weights = np.ones_like(labels)
    for row, example in enumerate(examples):
        if example.category == "other":
            weights[row] = 0.0
        elif example.category != "none":
            weights[row] = OTHER_CATEGORY
            for neighbour in NEIGHBOURS.get(example.category, ()):
                weights[row, CATEGORIES.index(neighbour)] = 0.0
            labels[row, CATEGORIES.index(example.category)] = 1.0
            weights[row, CATEGORIES.index(example.category)] = 1.0
        weights[row] *= example.weight
    return labels, weights


def fit(
    features: Features,
    labels: NDArray[np.float32],
    weights: NDArray[np.float32],
    rows: NDArray[np.int64],
    recipe: Recipe,
) -> Head:
    """Train on the given rows of the features."""
    mean = features.vectors[rows].mean(axis=0)
    dense = ((features.vectors[rows] - mean) * recipe.dense_scale).astype(np.float32)
    grams = features.grams[rows] * recipe.gram_scale
    grams_by_bucket = grams.T.tocsr()
    label, weight = labels[rows], weights[rows]
    total = weight.sum() / weight.shape[1]
    width, classes = dense.shape[1], label.shape[1]
    decay = np.concatenate([np.full(width, recipe.dense_decay), np.full(BUCKETS, recipe.gram_decay)])
    decay = decay.astype(np.float32)[:, None]

    def loss(flat: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        """Weighted cross-entropy plus L2, and its gradient, over [dense; grams; bias] x classes."""
        parameters = flat.reshape(-1, classes).astype(np.float32)
        logits = dense @ parameters[:width] + grams @ parameters[width:-1] + parameters[-1]
        entropy = (weight * (np.logaddexp(0, logits) - label * logits)).sum() / total
        slope = weight * (expit(logits) - label) / total
        gradient = np.concatenate([dense.T @ slope, grams_by_bucket @ slope, slope.sum(axis=0)[None]])
        gradient[:-1] += decay * parameters[:-1]
        penalty = 0.5 * float((decay * parameters[:-1] ** 2).sum())
        return float(entropy) + penalty, gradient.ravel().astype(np.float64)

    start = np.zeros((width + BUCKETS + 1, classes))
    start[-1] = -3.0
    options = {"maxiter": recipe.iterations, "maxcor": 6}
    found = minimize(loss, start.ravel(), jac=True, method="L-BFGS-B", options=options).x
    parameters = found.reshape(-1, classes).astype(np.float32)
    return Head(
        CATEGORIES,
        mean.astype(np.float32),
        parameters[:width] * recipe.dense_scale,
        parameters[width:-1] * recipe.gram_scale,
        parameters[-1],
    )


def predict(head: Head, features: Features, rows: NDArray[np.int64]) -> NDArray[np.float32]:
    """Probabilities [len(rows), K] from stored features."""
    logits = (features.vectors[rows] - head.mean) @ head.dense + features.grams[rows] @ head.grams + head.bias
    return expit(logits).astype(np.float32)
