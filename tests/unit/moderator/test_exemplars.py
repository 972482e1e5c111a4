"""The book of exemplars, and what it changes: with made-up scores and vectors, so that only the rules are at
work."""

import threading
import time
from collections.abc import Mapping, Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from services.moderator.exemplars import DIMENSIONS, Book, Exemplar, Kind, plain
from services.moderator.likeness import Likeness
from services.moderator.policy import Policy
from services.moderator.rules import ExemplarRules
from services.moderator.settled import Settled
from services.moderator.verdict import Verdict, judge_prompt

POLICY = Policy("v", {"sexual": 0.9, "sexual_minors": 0.3, "violence": 0.5, "ip": 0.4}, 0.4, {})
RULES = ExemplarRules()


class Letters:
    """Sentences as counts of their letters: texts with the same letters are alike."""

    def encode_sentences(self, texts: Sequence[str]) -> NDArray[np.float32]:
        rows = np.full((len(texts), DIMENSIONS), 1e-6, np.float32)
        for row, text in enumerate(texts):
            for letter in text:
                rows[row, ord(letter) % DIMENSIONS] += 1
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def exemplar(number: int, prompt: str, kind: Kind = Kind.ALLOW, category: str = "violence") -> Exemplar:
    return Exemplar(f"exm_{number}", kind, category, prompt)


def book_of(*exemplars: Exemplar) -> Book:
    book = Book()
    book.take(exemplars, Letters().encode_sentences([one.prompt for one in exemplars]))
    return book


def settled(book: Book, own: Mapping[str, float] | None = None) -> Settled:
    return Settled(book, Likeness(Letters()), lambda prompt: own or {"violence": 0.6})


def judged(
    book: Book, prompt: str, scores: Mapping[str, float], own: Mapping[str, float] | None = None
) -> Verdict:
    verdict = judge_prompt(scores, speaks_of_minors=False, policy=POLICY, decision_id="dec_x")
    return settled(book, own).settle(verdict, prompt, POLICY, RULES)


def test_an_allow_exemplar_opens_its_prompt_and_says_so() -> None:
    book = book_of(exemplar(1, "a knife and a melon"))
    opened = judged(book, "A KNIFE, and a melon!", {"violence": 0.9})
    assert (opened.allowed, opened.category, opened.exemplar_id) == (True, "", "exm_1")
    assert not judged(book, "a bomb and a school", {"violence": 0.9}).allowed
    assert not judged(book, "a knife and a melon \U0001f52b", {"violence": 0.9}).allowed, (
        "a sign says something too"
    )


def test_a_paraphrase_may_not_score_worse_than_the_exemplar() -> None:
    book = book_of(exemplar(1, "a knife and a melon"))
    assert judged(book, "a melon and a knife", {"violence": 0.7}).allowed
    assert judged(book, "a knife, melon", {"violence": 0.7}).allowed
    assert not judged(book, "melon and knife", {"violence": 0.99}).allowed
    assert not judged(book, "melon and knife", {"violence": 0.6, "ip": 0.9}).allowed, "another category"
    assert judged(book, "melon and knife", {"violence": 0.6, "ip": 0.9}, {"violence": 0.6, "ip": 0.9}).allowed


def test_what_is_never_appealable_is_never_opened() -> None:
    book = book_of(exemplar(1, "a knife and a melon"), exemplar(2, "a girl", category="sexual_minors"))
    assert not judged(book, "a knife and a melon", {"violence": 0.9, "sexual_minors": 0.8}).allowed
    refused = judge_prompt({"sexual": 0.5}, speaks_of_minors=True, policy=POLICY, decision_id="dec_x")
    assert refused.category == "sexual_minors" and not refused.appealable
    assert not settled(book).settle(refused, "a girl", POLICY, RULES).allowed


def test_a_block_exemplar_closes_and_goes_before_an_allow() -> None:
    block = exemplar(2, "the secret sign of the club", Kind.BLOCK, "hate")
    closed = judged(book_of(block), "secret sign of the club", {"violence": 0.1})
    assert (closed.allowed, closed.category, closed.appealable) == (False, "hate", True)
    both = book_of(block, exemplar(3, "the secret sign of the club"))
    assert judged(both, "the secret sign of the club", {"violence": 0.9}).exemplar_id == "exm_2"
    assert settled(both).blocked("the secret sign of the club", RULES) == "exm_2"
    assert settled(both).blocked("something else", RULES) == ""


def test_a_thousand_exemplars_open_a_thousand_prompts_and_no_category() -> None:
    flood = [exemplar(n, f"hostile request number {n} about thing{n}") for n in range(1_000)]
    book = book_of(*flood)
    for n in (0, 500, 999):
        assert judged(book, flood[n].prompt, {"violence": 0.95}, {"violence": 0.95}).allowed
    for stranger in ("a man stabs a man", "hostile request", "hostile request number 1001 about thing1001"):
        assert not judged(book, stranger, {"violence": 0.95}, {"violence": 0.95}).allowed


def test_a_full_book_is_searched_within_its_bound() -> None:
    random = np.random.default_rng(1)
    vectors = random.standard_normal((10_000, DIMENSIONS)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    book = Book()
    book.take([exemplar(n, f"prompt {n}") for n in range(10_000)], vectors)
    shelf, started = book.shelf(Kind.ALLOW), time.process_time()
    for n in range(20):
        assert shelf.nearest(vectors[n], 0.9)[0].id == f"exm_{n}"
    assert (time.process_time() - started) / 20 < 0.05, "seconds of CPU"


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.integers(0, 30)), max_size=60))
def test_the_book_holds_what_was_taken_and_not_dropped(moves: list[tuple[bool, int]]) -> None:
    book, held = Book(), dict[int, Exemplar]()
    for add, number in moves:
        one = exemplar(number, f"prompt {number}", Kind.BLOCK if number % 3 == 0 else Kind.ALLOW)
        if add:
            book.take([one], Letters().encode_sentences([one.prompt]))
            held[number] = one
        else:
            book.drop([one.id])
            held.pop(number, None)
    assert book.ids() == {one.id for one in held.values()} and len(book) == len(held)
    for kind in Kind:
        shelf, there = book.shelf(kind), [one for one in held.values() if one.kind is kind]
        assert sorted(one.id for one in shelf.items) == sorted(one.id for one in there)
        assert shelf.vectors.shape == (len(there), DIMENSIONS)
        for row, one in enumerate(shelf.items):
            assert shelf.vectors[row] == pytest.approx(Letters().encode_sentences([one.prompt])[0])
            assert shelf.equal[plain(one.prompt)] == one


def test_readers_see_one_state_or_the_other_while_the_book_is_written() -> None:
    book, wrong, done = Book(), list[str](), threading.Event()

    def read() -> None:
        while not done.is_set():
            shelf = book.shelf(Kind.ALLOW)
            if len(shelf.items) != len(shelf.vectors) or len(shelf.equal) != len(shelf.items):
                wrong.append("torn")
            for found in shelf.nearest(Letters().encode_sentences(["prompt 7"])[0], 0.999):
                if sorted(found.prompt) != sorted("prompt 7"):
                    wrong.append(found.prompt)

    reader = threading.Thread(target=read)
    reader.start()
    for n in range(300):
        book.take([exemplar(n, f"prompt {n}")], Letters().encode_sentences([f"prompt {n}"]))
        if n % 3 == 0:
            book.drop([f"exm_{n // 2}"])
    done.set()
    reader.join()
    assert not wrong
