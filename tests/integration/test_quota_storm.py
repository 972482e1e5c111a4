"""A small storm in every run of the tests; the large one by hand (see `quota_storm`)."""

from tests.integration.quota_storm import storm


async def test_the_books_balance_to_the_unit_while_replicas_are_killed() -> None:
    done, wrong = await storm(clients=16, operations=120, seed=3, told=lambda count: None)
    assert wrong == [], done
