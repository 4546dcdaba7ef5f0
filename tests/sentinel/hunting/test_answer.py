from __future__ import annotations

import pytest

from vedette.sentinel.hunting.answer import MAX_MESSAGE, error_of


@pytest.mark.parametrize(
    ("code", "message", "kind"),
    [
        ("429", "Too many requests", "throttled"),
        ("ThrottledError", "Query throttled; try again", "throttled"),
        ("503", "", "throttled"),
        ("504", "gateway", "slow"),
        ("GatewayTimeout", "The query timed out", "slow"),
        ("BadArgumentError", "Query execution has exceeded the allowed limits (80DA0001)", "slow"),
        ("ResponsePayloadTooLarge", "Response is too large", "large"),
        ("413", "", "large"),
        ("500", "oh", "cut"),
        ("502", "", "cut"),
        ("403", "", "denied"),
        ("InsufficientAccessError", "The provided credentials have insufficient access", "denied"),
        ("BadArgumentError", "'where' operator: Failed to resolve table or column expression named 'imX'", "missing"),
        ("SEM0260", "Unknown function: 'imX'.", "missing"),
        ("BadArgumentError", "Query could not be parsed at 'x'", "failed"),
        (None, None, "failed"),
    ],
)
def test_an_error_is_told_by_what_has_to_be_done_next(code, message, kind):
    answer = error_of(code, message)
    assert answer.kind == kind
    assert answer.name == ("imX" if kind == "missing" else "")


def test_a_message_of_a_stranger_is_bounded_and_on_one_line():
    answer = error_of("x" * 1000, "a\nb\x00" * 100_000)
    assert len(answer.code) <= 80
    assert len(answer.message) <= MAX_MESSAGE
    assert "\n" not in answer.message
    assert error_of("", "").told == "no reason was given"
