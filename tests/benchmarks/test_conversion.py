from __future__ import annotations

import pytest
from benchmarks.conversion import medians


def test_only_files_that_both_convert_count_and_the_median_run_is_told():
    runs = [
        [[1.0, 0.002], None, [1.0, 0.004]],
        [[1.0, 0.020], None, [1.0, 0.040]],
        [[1.0, 0.001], None, [1.0, 0.001]],
    ]
    assert medians(runs, [0, 2], 1) == pytest.approx(3.0)
    assert medians(runs, [0, 2], 0) == pytest.approx(1000.0)
