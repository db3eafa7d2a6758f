"""Room: how many rows a belt asks for, and when."""

from bot.sending.room import AHEAD, GROUPS, Room

AT_ONCE = 20


def claimed(room: Room, *, landing: int = 0, waiting: int = 10_000) -> int:
    """Ask and get, while so many land; tell how many were asked for."""
    asked, landed = room.to_ask(alone=False), room.landed
    for _ in range(landing):
        room.land()
    room.answered(asked, min(asked, waiting), landed)
    return asked


def test_where_no_more_wait_each_place_counts_and_nothing_is_ahead() -> None:
    room = Room(AT_ONCE, AT_ONCE)
    claimed(room, waiting=3)
    assert room.to_ask(alone=False) == AT_ONCE - 3


def test_where_more_wait_several_places_have_to_be_free() -> None:
    room = Room(AT_ONCE, AT_ONCE)
    claimed(room)
    claimed(room)
    while room.taken:
        room.land()
        assert bool(room.to_ask(alone=False)) == (room.taken <= AT_ONCE - AT_ONCE // GROUPS)


def test_more_are_asked_for_ahead_than_landed_while_we_asked() -> None:
    room = Room(AT_ONCE, AT_ONCE)
    claimed(room)
    claimed(room, landing=8)
    assert room.taken + room.to_ask(alone=False) == AT_ONCE + AHEAD * 8


def test_whoever_finds_that_all_have_landed_asks_for_more_and_more_ahead() -> None:
    room, most = Room(AT_ONCE, AT_ONCE), 0
    for _ in range(12):
        claimed(room, landing=room.taken)
        most = max(most, room.taken)
        assert room.taken + room.to_ask(alone=False) <= 2 * AT_ONCE
    assert most > 1.5 * AT_ONCE


def test_whoever_tries_alone_waits_until_all_have_landed() -> None:
    room = Room(AT_ONCE, AT_ONCE)
    claimed(room)
    room.put_back(AT_ONCE - 1)
    assert room.to_ask(alone=True) == 0
    room.land()
    assert room.to_ask(alone=True) == 1


def test_a_lane_that_bears_nothing_ahead_asks_for_its_free_places_only() -> None:
    room = Room(AT_ONCE)
    for _ in range(12):
        claimed(room, landing=room.taken)
        assert room.taken + room.to_ask(alone=False) <= AT_ONCE
