"""Reads pictures with the scorer: is the thing there, is the ground right, do two things stand as asked?"""

from collections.abc import Callable, Sequence

import numpy as np

from models.text2image.asked import UNPLACED, Asked
from models.text2image.render import reduced
from models.text2image.scorer import COLOUR_KEYS, CONCEPT_KEYS, SIZE, Scorer, windows

TOP = 5
_LAID_OUT = dict.fromkeys(UNPLACED, "left")
Shares = dict[str, float]


def as_input(pictures: np.ndarray) -> np.ndarray:
    """uint8[N, S, S, 3] to the scorer's float32[N, 3, SIZE, SIZE]."""
    return (reduced(pictures, SIZE).astype(np.float32) / 127.5 - 1.0).transpose(0, 3, 1, 2)


def judge_singles(scorer: Scorer, asked: Sequence[Asked], pictures: np.ndarray) -> dict[str, Shares]:
    """Shares named right by group: all, each language, each style. `object_top5`: among the five likeliest."""
    things, grounds = scorer.likelihoods(as_input(pictures))
    wanted = np.array([CONCEPT_KEYS.index(one.scene.things[0].key) for one in asked])
    grounded = np.array([COLOUR_KEYS[row.argmax()] for row in grounds])
    flags = {
        "object": things.argmax(axis=1) == wanted,
        "object_top5": _rank(things, wanted) < TOP,
        "ground_colour": grounded == np.array([one.scene.ground.colour for one in asked]),
    }
    return _by_group(asked, flags, lambda one: one.scene.style)


def judge_pairs(scorer: Scorer, asked: Sequence[Asked], pictures: np.ndarray) -> dict[str, Shares]:
    """Shares by group: `both` things among the five likeliest of the two places, either way round; of those,
    `placed`: likelier as asked than the other way round."""
    inputs = as_input(pictures)
    both, placed = np.zeros(len(asked), bool), np.zeros(len(asked), bool)
    for relation in sorted({one.scene.relation for one in asked}):
        rows = np.flatnonzero([one.scene.relation == relation for one in asked])
        names = [[CONCEPT_KEYS.index(thing.key) for thing in asked[row].scene.things] for row in rows]
        first, second = np.array(names).T
        here, there = (
            scorer.likelihoods(part)[0] for part in windows(inputs[rows], _LAID_OUT.get(relation, relation))
        )
        straight = (_rank(here, first) < TOP) & (_rank(there, second) < TOP)
        crossed = (_rank(here, second) < TOP) & (_rank(there, first) < TOP)
        both[rows] = straight | crossed
        each = np.arange(len(rows))
        as_asked = here[each, first] + there[each, second]
        placed[rows] = as_asked > here[each, second] + there[each, first]
    shares = _by_group(asked, {"both": both}, lambda one: one.scene.relation)
    for name, members in _groups(asked, lambda one: one.scene.relation).items():
        found = members & both
        shares[name]["placed"] = round(float(placed[found].mean()), 4) if found.any() else 0.0
    return shares


def _rank(likelihoods: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """How many concepts are likelier than the wanted one."""
    own = likelihoods[np.arange(len(wanted)), wanted][:, None]
    return (likelihoods > own).sum(axis=1)


def _groups(asked: Sequence[Asked], kind: Callable[[Asked], str]) -> dict[str, np.ndarray]:
    groups = {"all": np.ones(len(asked), bool)}
    for of in (lambda one: one.language, kind):
        labels = np.array([of(one) for one in asked])
        groups |= {str(label): labels == label for label in sorted(set(labels))}
    return groups


def _by_group(
    asked: Sequence[Asked], flags: dict[str, np.ndarray], kind: Callable[[Asked], str]
) -> dict[str, Shares]:
    return {
        name: {
            "prompts": int(members.sum()),
            **{flag: round(float(values[members].mean()), 4) for flag, values in flags.items()},
        }
        for name, members in _groups(asked, kind).items()
    }
