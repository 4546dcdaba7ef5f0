from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from tests.sentinel.hunting.samples import Script, planned, write

from vedette.sentinel.hunting.answer import Answer, Row
from vedette.sentinel.hunting.asking import THROTTLED_TRIES, TRIES, Asking
from vedette.sentinel.hunting.fate import Fate
from vedette.sentinel.hunting.pace import Pace
from vedette.sentinel.hunting.piece import Piece
from vedette.sentinel.hunting.window import Window
from vedette.sentinel.hunting.wire import NoBatchesError

WHOLE = Window(0, 1000)


class Asks:
    """An asking over a script, with what it took and how long it waited."""

    def __init__(self, folder: Path, script: Script, rules: int = 1, batch: int = 5) -> None:
        for number in range(rules):
            write(folder / "rules", f"rule {number}")
        asks = planned(folder / "rules").asks
        self.fates = [Fate(ask.rule.id, ask.name, ask.query.table) for ask in asks]
        self.taken: list[tuple[int, Window, int, bool]] = []
        self.waits: list[float] = []
        self.most = 10**6
        pace = Pace(lambda: 0.0, self.waits.append, lambda: 0.0)
        pieces = [Piece(number, WHOLE) for number in range(len(asks))]
        self.asking = Asking(script, asks, self.fates, pieces, self.take, batch=batch, pace=pace)

    def take(self, number: int, window: Window, rows: Sequence[Row], whole: bool) -> bool:
        self.taken.append((number, window, len(rows), whole))
        return len(self.taken) < self.most

    def run(self) -> list[float]:
        told = list(self.asking.run())
        self.asking.close()
        return told


def test_queries_go_in_batches_and_each_is_told(tmp_path):
    script = Script()
    asks = Asks(tmp_path, script, rules=7, batch=3)
    told = asks.run()
    assert [len(one) for one in script.asked] == [3, 3, 1]
    assert told == [4000, 1000, 0]
    assert {fate.state for fate in asks.fates} == {"ran"}
    assert len(asks.taken) == 7


def test_one_that_is_throttled_is_asked_again_and_the_others_are_not(tmp_path):
    script = Script([Answer("whole"), Answer("throttled", after=3.0), Answer("whole")])
    asks = Asks(tmp_path, script, rules=3)
    asks.run()
    assert [len(one) for one in script.asked] == [3, 1]
    assert asks.waits == [3.0]
    assert asks.asking.throttled == 1
    assert {fate.state for fate in asks.fates} == {"ran"}


def test_a_storm_ends_and_batches_shrink_in_it_and_grow_after(tmp_path):
    script = Script(*[Answer("throttled")] * 4)
    asks = Asks(tmp_path, script, rules=12, batch=4)
    asks.run()
    assert {fate.state for fate in asks.fates} == {"ran"}
    sizes = [len(one) for one in script.asked]
    assert sizes[:4] == [4, 2, 1, 1]
    assert max(sizes[6:]) > 1


def test_what_is_always_throttled_fails_with_the_reason(tmp_path):
    script = Script(*[Answer("throttled", code="429", message="no room")] * 99)
    asks = Asks(tmp_path, script)
    asks.run()
    assert len(script.asked) == THROTTLED_TRIES
    assert asks.fates[0].state == "failed"
    assert "no room" in asks.fates[0].why


@pytest.mark.parametrize("kind", ["partial", "large", "slow"])
def test_what_is_not_whole_is_asked_over_halves_until_it_is(tmp_path, kind):
    script = Script(Answer(kind, [{}, {}]), Answer(kind, [{}]))
    asks = Asks(tmp_path, script, batch=1)
    asks.run()
    quarters = [Window(0, 250), Window(250, 500), Window(500, 1000)]
    assert [window for _, window, _, whole in asks.taken if whole] == quarters
    assert [rows for _, _, rows, whole in asks.taken if not whole] == [2, 1]
    assert asks.fates[0].state == "ran"
    assert asks.fates[0].split == 2


def test_a_window_that_is_never_whole_is_told_with_its_time(tmp_path):
    script = Script(*[Answer("partial", [{}], "PartialError", "too many rows")] * 5000)
    asks = Asks(tmp_path, script, batch=1)
    asks.run()
    fate = asks.fates[0]
    assert fate.state == "failed"
    assert len(fate.gaps) == fate.queries - fate.split
    assert sum(window.end - window.start for window, _ in fate.gaps) == pytest.approx(1000)
    assert "too short to halve: PartialError: too many rows" in fate.why
    assert "more windows" in fate.why


def test_a_table_that_is_not_there_is_not_asked_for_again(tmp_path):
    script = Script([Answer("missing", name="imProcessCreate"), Answer("throttled")])
    asks = Asks(tmp_path, script, rules=9, batch=2)
    asks.run()
    assert len(script.asked) == 1
    assert {fate.state for fate in asks.fates} == {"missing"}
    assert asks.fates[8].why == "the workspace has no imProcessCreate"


def test_a_column_that_is_not_there_says_nothing_of_other_rules(tmp_path):
    script = Script([Answer("missing", name="TargetProcessName"), Answer("whole")])
    asks = Asks(tmp_path, script, rules=2)
    asks.run()
    assert [fate.state for fate in asks.fates] == ["missing", "ran"]


def test_one_that_fails_does_not_sink_the_others(tmp_path):
    script = Script([Answer("failed", code="BadArgumentError", message="no"), Answer("denied"), Answer("whole")])
    asks = Asks(tmp_path, script, rules=3)
    asks.run()
    assert [fate.state for fate in asks.fates] == ["failed", "failed", "ran"]
    assert asks.fates[0].why.endswith("BadArgumentError: no")


def test_a_service_that_is_gone_ends_the_hunt_and_says_what_was_not_asked(tmp_path):
    script = Script(Answer("whole"), *[Answer("cut", code="ServiceRequestError", message="refused")] * 99)
    asks = Asks(tmp_path, script, rules=4, batch=1)
    asks.run()
    assert len(script.asked) == 1 + 2 * TRIES
    assert "can't be reached any more: ServiceRequestError: refused" in asks.asking.lost
    assert [fate.state for fate in asks.fates] == ["ran", "failed", "failed", "failed"]
    assert "can't be reached" in asks.fates[3].why


def test_a_query_of_which_no_more_rows_are_wanted_is_asked_no_more(tmp_path):
    script = Script(Answer("partial", [{}]))
    asks = Asks(tmp_path, script, rules=2, batch=1)
    asks.most = 1
    asks.run()
    assert len(script.asked) == 2
    assert [len(text) for text, _ in script.asked[1]] == [len(script.asked[0][0][0])]


def test_a_cut_in_between_is_no_loss(tmp_path):
    script = Script(*[Answer("cut")] * (TRIES - 1))
    asks = Asks(tmp_path, script, rules=2)
    asks.run()
    assert {fate.state for fate in asks.fates} == {"ran"}
    assert len(asks.waits) == TRIES - 1


def test_a_service_without_batches_is_asked_one_by_one(tmp_path):
    script = Script(NoBatchesError())
    asks = Asks(tmp_path, script, rules=3)
    asks.run()
    assert [len(one) for one in script.asked] == [3, 1, 1, 1]
    assert {fate.state for fate in asks.fates} == {"ran"}
    assert "no batches" in asks.asking.notes[0]


@pytest.mark.parametrize("place", ["request", "rows", "wait"])
def test_what_an_interruption_stops_is_not_counted_as_asked(tmp_path, place, monkeypatch):
    stop = KeyboardInterrupt()
    first: list[Answer | BaseException] = [stop] if place == "request" else []
    script = Script(*first, *([Answer("throttled")] if place == "wait" else []))
    asks = Asks(tmp_path, script, rules=4, batch=2)

    def stopped(*_: object) -> None:
        raise stop

    if place == "rows":
        monkeypatch.setattr(asks.asking, "_take", stopped)
    if place == "wait":
        monkeypatch.setattr(asks.asking.pace, "again", stopped)
    with pytest.raises(KeyboardInterrupt):
        asks.run()
    asks.asking.close()
    assert asks.asking.left == 4000
    assert {fate.state for fate in asks.fates} <= {"unasked", "partial"}
    assert not any(fate.complete for fate in asks.fates)
