"""Sparse parameters of a training loop: L1 by proximal steps gives exact zeros, its subgradient does not; L2 is weight decay.

After each step of gradient descent a proximal map goes over the parameters in place, through a view that copies nothing: numpy
arrays always, and PyTorch tensors on the CPU where torch is installed.
"""

import importlib.util

import numpy as np

import fastreg as fr

rng = np.random.default_rng(0)
X, w_true = rng.standard_normal((400, 60)), np.where(np.arange(60) < 6, 2.0, 0.0)
y = X @ w_true + 0.5 * rng.standard_normal(400)
STEP, L1, L2 = 0.1, 0.1, 0.01


def train(after_step, subgradient=0.0, steps=1000):
    """w of 1/(2n) |y - Xw|^2 and a penalty: by its map after every step, or by its subgradient within."""
    w = np.zeros(60)
    for _ in range(steps):
        gradient = X.T @ (X @ w - y) / len(y) + subgradient * fr.subgradient(w, "l1")
        w -= STEP * gradient
        after_step(w)
    return w


def train_torch(steps=1000):
    """The same by torch: autograd and its optimizer, and a map on the memory of the parameters."""
    import torch

    model = torch.nn.Linear(60, 1, bias=False).double()
    optimizer = torch.optim.SGD(model.parameters(), lr=STEP)
    inputs, target = torch.from_numpy(X), torch.from_numpy(y)
    w = model.weight.detach().numpy()  # shares the memory
    for _ in range(steps):
        optimizer.zero_grad()
        (torch.square(model(inputs)[:, 0] - target).mean() / 2).backward()
        optimizer.step()
        fr.prox.l1(w, STEP * L1, out=w)
    return model.weight.detach().numpy()[0]


proximal = train(lambda w: fr.prox.l1(w, STEP * L1, out=w))
subgradient = train(lambda w: None, subgradient=L1)
decayed = train(lambda w: fr.prox.squared_l2(w, STEP * L2, out=w))
exact = fr.lasso(X, y, L1, fit_intercept=False, tol=1e-12).coef
ridge = np.linalg.solve(X.T @ X / 400 + L2 * np.eye(60), X.T @ y / 400)
assert np.array_equal(proximal == 0, exact == 0)
assert abs(proximal - exact).max() < 1e-8  # the lasso itself
assert not (subgradient == 0).any()
assert abs(decayed - ridge).max() < 1e-8
if importlib.util.find_spec("torch"):
    assert abs(train_torch() - exact).max() < 1e-8
print(f"zeros of 60: {(proximal == 0).sum()} by the map, {(subgradient == 0).sum()} by the subgradient")
