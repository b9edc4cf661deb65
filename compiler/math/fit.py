"""Fits the polynomials of Functions.cpp: `python fit.py [NAME...]` prints their coefficients and errors (needs mpmath).

Each fit minimises the greatest weighted error over an interval (Remez exchange on a dense grid, 60 digits). The coefficients are rounded one by one
from the lowest power on, the rest being fitted again each time, so that later ones make up for the rounding of earlier ones.
"""

import struct
import sys

from mpmath import mp, mpf

mp.dps = 60


def round_to(value, bits):
    """The nearest number of the format: 32 or 64."""
    if bits == 64:
        return mpf(float(value))
    return mpf(struct.unpack("f", struct.pack("f", float(value)))[0])


def remez(target, basis, count):
    """Coefficients c that minimise max |target - sum c_k basis_k| over the grid, and that maximum. `basis` and `target` are lists over the grid.

    A basis that vanishes inside the interval may keep the exchange from converging, so the best step counts.
    """
    points = len(target)
    best = None
    nodes = [round((1 - mp.cos(mp.pi * i / count)) / 2 * (points - 1)) for i in range(count + 1)]
    nodes = [int(n) for n in nodes]
    for _ in range(30):
        system = mp.matrix(count + 1, count + 1)
        right = mp.matrix(count + 1, 1)
        for row, at in enumerate(nodes):
            for column in range(count):
                system[row, column] = basis[column][at]
            system[row, count] = (-1) ** row
            right[row] = target[at]
        solution = mp.lu_solve(system, right)
        coefficients = [solution[i] for i in range(count)]
        errors = [
            target[i] - sum(c * b[i] for c, b in zip(coefficients, basis)) for i in range(points)
        ]
        worst = max(abs(e) for e in errors)
        if best is None or worst < best[1]:
            best = coefficients, worst
        # One extremum for each run of errors of one sign; the smallest at the ends go until the number fits.
        extrema = []
        for i, error in enumerate(errors):
            if extrema and (errors[extrema[-1]] > 0) == (error > 0):
                if abs(error) > abs(errors[extrema[-1]]):
                    extrema[-1] = i
            else:
                extrema.append(i)
        while len(extrema) > count + 1:
            extrema.pop(0 if abs(errors[extrema[0]]) < abs(errors[extrema[-1]]) else -1)
        if len(extrema) < count + 1 or extrema == nodes:
            break
        nodes = extrema
    return best


def fit(name, function, low, high, powers, weight, bits=32, grid=1200):
    """Fits function(x) by sum c_k x^k, k in powers; the error is multiplied by weight(x)."""
    low, high = mpf(low), mpf(high)
    # Denser at the ends; the middle is never 0 where the function divides by it.
    xs = [(low + high) / 2 - (high - low) / 2 * mp.cos(mp.pi * (i + 0.5) / grid) for i in range(grid)]
    weights = [weight(x) for x in xs]
    values = [function(x) * w for x, w in zip(xs, weights)]
    columns = [[x**p * w for x, w in zip(xs, weights)] for p in powers]
    rounded = []
    rest = values
    coefficients = None
    for done in range(len(powers)):
        again, error = remez(rest, columns[done:], len(powers) - done)
        if done:
            kept = max(
                abs(r - sum(c * column[i] for c, column in zip(coefficients[1:], columns[done:])))
                for i, r in enumerate(rest)
            )
            again = again if error < kept else coefficients[1:]
        coefficients = again
        rounded.append(round_to(coefficients[0], bits))
        rest = [r - rounded[-1] * c for r, c in zip(rest, columns[done])]
    error = max(abs(r) for r in rest)
    print(f"{name}: error 2^{float(mp.log(error, 2)):.2f}")
    for p, c in zip(powers, rounded):
        print(f"  x^{p}: {float(c):.9g}" if bits == 32 else f"  x^{p}: {float(c)!r}")
    return rounded


half_log2 = mp.log(2) / 2 * mpf("1.002")
root_low, root_high = mp.sqrt(0.5) - 1 - mpf("1e-6"), mp.sqrt(2) - 1 + mpf("1e-6")

FITS = {
    # e^r = 1 + r + r^2 p(r)
    "exp": lambda n=5, bits=32: fit(
        "exp", lambda r: (mp.expm1(r) - r) / r**2, -half_log2, half_log2, range(n), lambda r: r**2 / mp.exp(r), bits
    ),
    # expm1(r) = r + r^2 p(r), relative to itself
    "expm1": lambda n=6, bits=32: fit(
        "expm1", lambda r: (mp.expm1(r) - r) / r**2, -half_log2, half_log2, range(n), lambda r: r**2 / mp.expm1(r), bits
    ),
    # log1p(f) = f - f^2/2 + f^3 p(f)
    "log": lambda n=9, bits=32: fit(
        "log",
        lambda f: (mp.log1p(f) - f + f**2 / 2) / f**3,
        root_low, root_high, range(n), lambda f: f**3 / mp.log1p(f), bits,
    ),
    # erf(x) = x + x p(x^2)
    "erf small": lambda n=7, bits=32: fit(
        "erf small", lambda t: mp.erf(mp.sqrt(t)) / mp.sqrt(t) - 1, mpf("1e-12"), mpf("0.9") ** 2, range(n), lambda t: mp.sqrt(t) / mp.erf(mp.sqrt(t)), bits
    ),
    # erfc(a) = e^p(a)
    "erf large": lambda n=7, bits=32: fit(
        "erf large", lambda a: mp.log(mp.erfc(a)), mpf("0.9"), mpf("3.95"), range(n), lambda a: mp.erfc(a) / mp.erf(a), bits
    ),
    # sin(r) = r + r^3 p(r^2)
    "sin": lambda n=3, bits=32: fit(
        "sin", lambda t: (mp.sin(mp.sqrt(t)) / mp.sqrt(t) - 1) / t, mpf("1e-12"), (mp.pi / 4 * mpf("1.001")) ** 2, range(n), lambda t: t * mp.sqrt(t) / mp.sin(mp.sqrt(t)), bits
    ),
    # cos(r) = 1 - r^2/2 + r^4 p(r^2)
    "cos": lambda n=3, bits=32: fit(
        "cos", lambda t: (mp.cos(mp.sqrt(t)) - 1 + t / 2) / t**2, mpf("1e-12"), (mp.pi / 4 * mpf("1.001")) ** 2, range(n), lambda t: t**2 / mp.cos(mp.sqrt(t)), bits
    ),
    # atan(t) = t + t^3 p(t^2), t to 1
    "atan": lambda n=8, bits=32: fit(
        "atan", lambda t: (mp.atan(mp.sqrt(t)) / mp.sqrt(t) - 1) / t, mpf("1e-12"), 1, range(n), lambda t: t * mp.sqrt(t) / mp.atan(mp.sqrt(t)), bits
    ),
    # asin(t) = t + t^3 p(t^2), t to 0.5
    "asin": lambda n=5, bits=32: fit(
        "asin", lambda t: (mp.asin(mp.sqrt(t)) / mp.sqrt(t) - 1) / t, mpf("1e-12"), mpf("0.25"), range(n), lambda t: t * mp.sqrt(t) / mp.asin(mp.sqrt(t)), bits
    ),
    # sinh(t) = t + t^3 p(t^2), t to 1
    "sinh": lambda n=4, bits=32: fit(
        "sinh", lambda t: (mp.sinh(mp.sqrt(t)) / mp.sqrt(t) - 1) / t, mpf("1e-12"), 1, range(n), lambda t: t * mp.sqrt(t) / mp.sinh(mp.sqrt(t)), bits
    ),
    # log2((1+s)/(1-s)) = s p(s^2), for powers
    "pow log2": lambda n=5, bits=64: fit(
        "pow log2", lambda t: mp.log((1 + mp.sqrt(t)) / (1 - mp.sqrt(t)), 2) / mp.sqrt(t), mpf("1e-12"), mpf("0.17158") ** 2, range(n), lambda t: mp.sqrt(t) / mp.log((1 + mp.sqrt(t)) / (1 - mp.sqrt(t)), 2), bits
    ),
    # 2^r = p(r), for powers
    "pow exp2": lambda n=8, bits=64: fit("pow exp2", lambda r: mpf(2) ** r, mpf("-0.5"), mpf("0.5"), range(n), lambda r: mpf(2) ** -r, bits),
}

if __name__ == "__main__":
    for name in sys.argv[1:] or FITS:
        name, _, count = name.partition(":")
        FITS[name](*([int(count)] if count else []))
