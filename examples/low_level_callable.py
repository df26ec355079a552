"""How much a threshold takes off a rounded reading: an integral of a C function, without a call of Python.

A scale rounds to units of 2 h: the true value x is uniform on [m - h, m + h] around the reading m.  Readings are denoised by
the soft threshold sign(x) max(|x| - t, 0), and the mean of what is left is its integral over the interval, divided by 2 h.
The threshold is the `void *` of the function: an array of one number, which may be changed between integrals.

It checks itself: the antiderivative is max(|x| - t, 0)^2 / 2.
"""

import numpy as np
from scipy.integrate import quad

import fastreg as fr


def exact(m, h, t):
    """The mean in closed form."""
    antiderivative = np.maximum(np.abs([m - h, m + h]) - t, 0.0) ** 2 / 2
    return (antiderivative[1] - antiderivative[0]) / (2 * h)


def main():
    h, threshold = 0.5, np.zeros(1)
    denoised = fr.capi.low_level_callable("fr_soft_threshold_user_f64", threshold)
    worst = 0.0
    for t in (0.25, 1.0, 1.75):
        threshold[0] = t
        for m in (-2.0, -1.0, 0.0, 1.0, 2.0):
            kinks = [x for x in (-t, t) if m - h < x < m + h]
            mean = quad(denoised, m - h, m + h, points=kinks or None)[0] / (2 * h)
            worst = max(worst, abs(mean - exact(m, h, t)))
    assert worst < 1e-14
    print(
        f"a reading of 2.0 and a threshold of 1.75 leave {exact(2.0, h, 1.75)} on average, not {fr.soft_threshold(2.0, 1.75)}"
    )
    print("15 integrals agree with their closed form to 1e-14")


if __name__ == "__main__":
    main()
