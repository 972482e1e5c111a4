"""The moderator's bench averages over slices, counts a pair only whole, and says which way a ratio should go."""

from bench.moderator.__main__ import _row, _summary


def test_shares_are_averaged_over_slices() -> None:
    asked = [("unsafe_t2i", "large", 0)] * 4 + [("unsafe_t2i", "small", 1)]
    asked += [("pair_safe", "0", -1), ("pair_unsafe", "0", -1), ("pair_safe", "1", -1), ("pair_unsafe", "1", -1)]
    flags = [True, False, False, False, True, False, True, True, True]
    found = _summary(asked, flags)
    assert found["unsafe_t2i"] == (0.25 + 1) / 2
    assert found["pairs"] == 0.5


def test_a_row_holds_in_its_own_direction() -> None:
    assert _row("recall", 0.8, 0.4)["holds"] and not _row("recall", 0.3, 0.4)["holds"]
    assert _row("cost", 5.0, 6.0, lower=True)["holds"] and not _row("cost", 7.0, 6.0, lower=True)["holds"]
    assert _row("recall", 0.8, 0.0)["holds"]
