"""Choosing a model: folds in lockstep, information criteria, relaxed refits."""
