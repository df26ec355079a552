"""Ridge regression: functions.py is public; spectrum.py and solver.py solve, by many l2 at once and one by one; design.py gives
them X in blocks; iterative.py is for large sparse X; selection.py chooses an alpha; results.py is what comes back."""
