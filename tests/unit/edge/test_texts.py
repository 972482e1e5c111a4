"""Texts exist for every reason in both languages, hold their facts, and leave no placeholder open."""

import pytest

from services.edge.job import Failure, Refusal, is_job_id, new_job_id
from services.edge.links import Links
from services.edge.messages import failure_text, text
from services.runtime.categories import CATEGORIES
from services.runtime.errors import Fault, Reason, invalid

FACTS = {
    "field": "size", "detail": "must be 64x64 to 1024x1024", "model": "m", "models": "tiny", "limit": 3, "held": 2,
    "reset": "2026-11-25T00:00:00Z", "category": "violence", "decision_id": "dec_1", "scope": "draw",
    "unit": "pictures", "level": "surge", "most": 5,
}  # fmt: skip


@pytest.mark.parametrize("reason", list(Reason))
def test_every_reason_speaks_both_languages(reason: Reason) -> None:
    english, french = (text(Fault(reason, "", **FACTS), language) for language in ("en", "fr"))
    assert english != french
    for sentence in (english, french):
        assert "{" not in sentence and "?" not in sentence


def test_facts_are_in_the_sentence() -> None:
    spent = Fault(Reason.ALLOWANCE_SPENT, "", limit=3, reset="2026-11-25T00:00:00Z")
    assert "3" in text(spent, "fr") and "2026-11-25 00:00 UTC" in text(spent, "fr")
    blocked = failure_text(Failure(Reason.MODERATION_BLOCKED, Refusal("dec_9", "prompt", "violence")), "fr")
    assert "dec_9" in blocked and "violence" in blocked


def test_a_spent_allowance_says_what_it_counts_and_that_the_ovens_are_full() -> None:
    facts = {"limit": 3, "reset": "2026-11-25T00:00:00Z", "unit": "pictures"}
    assert "3 pictures while the ovens are full is" in text(
        Fault(Reason.ALLOWANCE_SPENT, "", level="surge", **facts), "en"
    )
    assert "3 images tant que les fours sont pleins est" in text(
        Fault(Reason.ALLOWANCE_SPENT, "", level="surge", **facts), "fr"
    )
    assert "3 pictures is" in text(Fault(Reason.ALLOWANCE_SPENT, "", level="normal", **facts), "en")


def test_a_detail_is_french_in_french() -> None:
    assert "64x64 à 1024x1024" in text(invalid("size", "must be 64x64 to 1024x1024"), "fr")
    assert "au plus 32000 caractères, pas 40000" in text(
        invalid("prompt", "must be at most 32000 characters, not 40000"), "fr"
    )


def test_every_category_has_two_names() -> None:
    assert all(len(names) == 2 and all(names) for names in CATEGORIES.values())


def test_job_ids_sort_by_time_and_are_checked() -> None:
    ids = [new_job_id() for _ in range(50)]
    assert len(set(ids)) == 50 and all(is_job_id(one) for one in ids)
    assert ids[0][:8] <= ids[-1][:8]
    for bad in ("", "../../etc/passwd", "x" * 25, "I" * 26, ids[0].upper()):
        assert not is_job_id(bad)


def test_links_are_ours_fresh_and_for_one_picture() -> None:
    links = Links(b"secret", "http://edge/")
    job = new_job_id()
    query = dict(part.split("=") for part in links.path(job, 1).split("?")[1].split("&"))
    assert links.url(job, 1).startswith(f"http://edge/v1/jobs/{job}/images/1?")
    assert links.valid(job, 1, query["e"], query["s"])
    assert not links.valid(job, 0, query["e"], query["s"])
    assert not links.valid(new_job_id(), 1, query["e"], query["s"])
    assert not links.valid(job, 1, str(int(query["e"]) + 1), query["s"])
    assert not Links(b"other", "").valid(job, 1, query["e"], query["s"])
    for expires in ("0", "", "-1", "9" * 40, "é"):
        assert not links.valid(job, 1, expires, query["s"])
