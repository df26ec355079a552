"""scikit-learn-compatible classes that never import scikit-learn of themselves.

base.py     parameters, names and number of features, predictions, tags and routing, pickles
linear.py   Lasso, ElasticNet and Ridge
lasso_cv.py LassoCV and ElasticNetCV
ridge_cv.py RidgeCV
routing.py  folds of rows, and metadata for splitters and scorers
"""
