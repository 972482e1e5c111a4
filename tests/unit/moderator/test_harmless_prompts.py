"""The grammar of harmless prompts gives whole sentences in both languages, the same ones every time."""

import random
from collections import Counter

from models.moderation.captions import harmless

CONCEPTS = [("crab", "crabe"), ("boat", "bateau")]


def test_the_same_seed_gives_the_same_prompts() -> None:
    assert harmless(random.Random(3), 50, CONCEPTS) == harmless(random.Random(3), 50, CONCEPTS)


def test_prompts_are_whole_and_in_both_languages() -> None:
    made = harmless(random.Random(1), 3_000, CONCEPTS)
    languages = Counter(language for language, _ in made)
    assert min(languages["fr"], languages["en"]) > 600
    for _, prompt in made:
        assert prompt.strip() == prompt
        assert prompt
        assert not set("{}|") & set(prompt)
        assert "  " not in prompt
    assert len({prompt for _, prompt in made}) > 2_000
