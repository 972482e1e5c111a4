"""The state table."""

from services.quota.reservation import TABLE, RefundReason, Reservation, State, may_move


def test_nothing_leaves_a_final_state() -> None:
    assert not [move for move in TABLE if move.source is not None and move.source.final]


def test_every_state_is_reached_and_every_live_one_can_end_refunded() -> None:
    assert {move.target for move in TABLE} == set(State)
    for state in State:
        assert state.final or may_move(state, State.REFUNDED)


def test_a_row_appears_once_and_says_who_and_what_a_crash_leaves() -> None:
    assert len({(move.source, move.target) for move in TABLE}) == len(TABLE)
    assert all(move.by and move.crash for move in TABLE)


def test_only_a_running_reservation_has_a_turn() -> None:
    def turn_in(state: State) -> bool:
        made = Reservation(
            "0" * 26, "ada", "free", "crumb", 1, state, 60.0, attempts=1, generator_id="oven", address="oven:1"
        )
        return made.turn is not None

    assert [state for state in State if turn_in(state)] == [State.RUNNING]


def test_refund_reasons_and_states_are_those_of_the_contract() -> None:
    from fournil.quota.v1 import quota_pb2

    states = {
        name.removeprefix("RESERVATION_STATE_") for name in quota_pb2.ReservationState.DESCRIPTOR.values_by_name
    }
    reasons = {name.removeprefix("REFUND_REASON_") for name in quota_pb2.RefundReason.DESCRIPTOR.values_by_name}
    assert states - {"UNSPECIFIED"} == set(State)
    assert reasons - {"UNSPECIFIED"} == set(RefundReason)
