"""Ridge regression.

    functions.py, selection.py    ridge, ridge_path and ridge_cv; results.py is what they return
    spectrum.py, tridiagonal.py   many l2 from one reduction of X
    solver.py, iterative.py       one l2; large sparse X
    folds.py                      errors on rows left out
    design.py                     X in blocks, and the penalty as directions

Nothing is imported here: _descent imports solver.py, and functions.py imports _descent by way of _model.
"""
