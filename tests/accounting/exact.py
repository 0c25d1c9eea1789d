"""Writes exact values, 500 at most, of which exact.csv holds the first 422: values of epsilon that the accountants of pretick are tested against.

    pip install numpy scipy dp-accounting
    python exact.py > exact.csv          (some hours on one processor)
    python exact.py --check exact.csv    (are the values inside Google's optimistic and pessimistic estimates?)

One event has a closed form or a sum. So have Gaussians, however many. Everything else is computed by a way that shares no step with
the program: the density of one loss is integrated with 16-point rules, spread over a lattice by cubic interpolation (which
keeps three moments and errs to both sides, where the program rounds upwards only), tilted, transformed, raised to the n-th power and
turned back. Each value is computed on two lattices, one wider and finer than the other; the column `doubt` is how far they differ
(relative), and rows with more than 2e-4 are not written.
"""

import math
import random
import sys

import numpy as np
from scipy import optimize, special

GL = np.polynomial.legendre.leggauss(16)
REACH = 13.0


def log_ndtr(x):
    return special.log_ndtr(x)


def gaussian_delta(mu, eps):
    """Balle & Wang 2018, theorem 8, without cancellation in the tails."""
    a, b = -eps / mu + mu / 2, -eps / mu - mu / 2
    la, lb = log_ndtr(a), log_ndtr(b) + eps
    return math.exp(la) * -math.expm1(lb - la) if lb < la else 0.0


def nodes(low, high, pieces):
    edges = np.linspace(low, high, pieces + 1)
    mid, half = 0.5 * (edges[1:] + edges[:-1]), 0.5 * np.diff(edges)
    x = (mid[:, None] + half[:, None] * GL[0]).ravel()
    return x, (half[:, None] * GL[1]).ravel()


def sample(q, u):
    """ln(1 - q + q e^u)."""
    if q == 1.0:
        return u
    with np.errstate(over="ignore"):
        small = np.log1p(q * np.expm1(np.minimum(u, 30.0)))
    large = u + math.log(q) + np.log1p((1 - q) / q * np.exp(-np.maximum(u, 30.0)))
    return np.where(u > 30.0, large, small)


def event(kind, q, scale, direction, out=1e-30):
    """(losses, ln of their masses) of one event, but for a mass of `out`."""
    if kind == "gaussian":
        shift = 1.0 / scale
        # Without the far tail, which no (epsilon, delta) sees and a tilt would.
        reach = max(-special.ndtri_exp(math.log(out)), shift - special.ndtri_exp(math.log(min(out / q, 0.5))))
        t, w = nodes(-REACH, reach, int(math.ceil((REACH + reach) / min(0.1, 0.5 * scale))))
        u = (t - 0.5 * shift) * shift
        ln_a = -0.5 * t * t - 0.5 * math.log(2 * math.pi) + np.log(w)
    elif kind == "laplace":
        e = 1.0 / scale
        u, w = nodes(-e, e, max(64, int(math.ceil(40 * e))))
        ln_a = math.log(0.25) - 0.5 * (u + e) + np.log(w)
        u = np.concatenate([u, [-e, e]])
        ln_a = np.concatenate([ln_a, [math.log(0.5), math.log(0.5) - e]])
    elif kind == "pure":
        e = scale
        u = np.array([-e, e])
        ln_a = -np.array([0.0, e]) - math.log1p(math.exp(-e))
    elif kind == "discrete_laplace":
        shift, s = q, scale
        k = np.arange(-int(60 * s) - int(shift), int(60 * s) + int(shift) + 1)
        ln_a = -np.abs(k) / s + math.log(math.tanh(0.5 / s))
        u = (np.abs(k) - np.abs(k - shift)) / s
        q = 1.0
    else:
        shift, s = q, scale
        k = np.arange(-int(REACH * s) - 3, int(REACH * s) + 4 + int(shift))
        ln_a = -0.5 * (k / s) ** 2
        ln_a = ln_a - special.logsumexp(ln_a)
        u = shift * (2 * k - shift) / (2 * s * s)
        q = 1.0
    loss = sample(q, u)
    if direction == "remove":
        return loss, ln_a + loss
    return -loss, ln_a


def cumulant(ev, theta):
    return special.logsumexp(ev[1] + theta * ev[0])


def chernoff(ev, n, delta):
    """The tilt and the epsilon of the Chernoff bound."""
    spread = math.sqrt(max(np.average((ev[0] - np.average(ev[0], weights=np.exp(ev[1]))) ** 2, weights=np.exp(ev[1])), 1e-300))
    top = np.abs(ev[0]).max()
    low, high = math.log(1e-3 / (math.sqrt(n) * spread + top)), math.log(1e4 / min(math.sqrt(n) * spread, top))
    def bound(x):
        theta = math.exp(x)
        return (n * cumulant(ev, theta) - math.log(delta)) / theta
    xs = np.linspace(low, high, 60)
    best = xs[int(np.argmin([bound(x) for x in xs]))]
    r = optimize.minimize_scalar(bound, bounds=(best - 0.5, best + 0.5), method="bounded")
    return math.exp(r.x), r.fun


def log1p(w):
    """ln(1 + w), complex, to its last digits also where w is small (numpy's is not)."""
    return 0.5 * np.log1p(2 * w.real + w.real**2 + w.imag**2) + 1j * np.arctan2(w.imag, 1 + w.real)


def saddle(ev, n, x):
    """The theta at which e^(nK - theta x)/(theta (theta + 1)) is least."""
    f = lambda y: n * cumulant(ev, math.exp(y)) - math.exp(y) * x - y - math.log1p(math.exp(y))
    scale = x + math.sqrt(n) * math.sqrt(float(np.sum(np.exp(ev[1]) * ev[0] ** 2)))
    ys = np.linspace(math.log(1e-3 / scale), math.log(1e6 / scale), 60)
    best = ys[int(np.argmin([f(y) for y in ys]))]
    return math.exp(optimize.minimize_scalar(f, bounds=(best - 0.5, best + 0.5), method="bounded").x)


def spread(loss, w, h, points):
    """Masses on the lattice, by cubic interpolation."""
    x = loss / h
    k = np.floor(x).astype(np.int64)
    f = x - k
    mass = np.zeros(points)
    for shift, weight in (
        (-1, -f * (f - 1) * (f - 2) / 6),
        (0, (f + 1) * (f - 1) * (f - 2) / 2),
        (1, -(f + 1) * f * (f - 2) / 2),
        (2, (f + 1) * f * (f - 1) / 6),
    ):
        np.add.at(mass, (k + shift) % points, w * weight)
    return mass


def window(ev, n, theta):
    """(low, high) between which the tilted total lies but for e^-36."""
    norm = cumulant(ev, theta)
    xs = np.exp(np.linspace(-12, 4, 120)) * theta
    reach = lambda sign: min((n * (cumulant(ev, theta + sign * x) - norm) + 36) / x for x in xs)
    return -reach(-1.0), reach(1.0)


def lattice(ev, n, theta, points, ends, split=None):
    """ln delta as a function of epsilon, on a lattice of so many points between two ends.

    With `split`: of those outcomes alone where at least one loss lies above it.
    """
    loss, ln_p = ev
    norm = cumulant(ev, theta)
    w = np.exp(ln_p + theta * loss - norm)
    h = (ends[1] - ends[0]) / points
    if split is None:
        total = np.fft.irfft(np.fft.rfft(spread(loss, w, h, points)) ** n, points)
    else:
        above = loss > split
        t = np.fft.rfft(spread(loss[above], w[above], h, points))
        b = np.fft.rfft(spread(loss[~above], w[~above], h, points))
        total = np.fft.irfft(b**n * np.expm1(n * log1p(t / b)), points)
    first = int(math.floor(ends[0] / h))
    index = np.arange(first, first + points)
    total = total[index % points]
    at = index * h
    def log_delta(eps):
        # everything relative to e^(nK - theta eps), so that nothing underflows
        above = at > eps
        l = at[above]
        if len(l) == 0:
            return -math.inf
        v = np.sum(total[above] * np.exp(-theta * (l - l[0])) * -np.expm1(eps - l))
        return n * norm - theta * l[0] + (math.log(v) if v > 0 else -math.inf)
    return log_delta


def solve(log_delta, delta, high, theta):
    """The epsilon at which the curve passes delta, looked for from above: far below it a tilted curve is all rounding."""
    a = b = high * (1 + 1e-6) + 1.0 / theta
    step = 2.0 / theta
    while a > 1e-9 * high and log_delta(a) <= math.log(delta):
        a, b, step = max(a - step, 0.7 * a), a, 1.03 * step
    if a <= 1e-9 * high:
        return 0.0
    return optimize.brentq(lambda e: max(log_delta(e), -1e4) - math.log(delta), a, b, xtol=1e-14 * high, rtol=1e-12)


def sampled_once(q, e, whole):
    """delta of one sampled event from the curve of the whole one: the worse of removing and adding.

    ((1 - q) A + q A') - e^e A = q (A' - e^x A), e^x = 1 + (e^e - 1)/q;
    A - e^e ((1 - q) A + q A') = c (A - e^y A'), c = 1 - (1 - q) e^e, e^y = q e^e / c, where c is more than 0.
    """
    remove = q * whole(math.log1p(math.expm1(e) / q) if e < 600 else e - math.log(q))
    c = 1 - (1 - q) * math.exp(min(e, 600))
    return max(remove, c * whole(math.log(q) + e - math.log(c))) if c > 0 else remove


def one(kind, q, scale, delta):
    """epsilon of a single event, by closed form or by the sum itself."""
    if kind == "gaussian":
        def d(e):
            return sampled_once(q, e, lambda x: gaussian_delta(1 / scale, x))
        high = 1 / (2 * scale * scale) + 40 / scale
    elif kind == "laplace":
        e0 = 1 / scale
        def d(e):
            return sampled_once(q, e, lambda x: -math.expm1(0.5 * (min(x, e0) - e0)) if x > -e0 else -math.expm1(x))
        high = math.log1p(q * math.expm1(e0))
    else:
        loss, ln_p = event(kind, q, scale, "remove")
        def d(e):
            a = loss > e
            return float(np.sum(np.exp(ln_p[a]) * -np.expm1(e - loss[a])))
        high = float(loss.max())
    if d(0.0) <= delta:
        return 0.0
    return optimize.brentq(lambda e: math.log(max(d(e), 1e-300)) - math.log(delta), 0.0, high, xtol=1e-15 * high, rtol=1e-13)


def exact(kind, q, scale, n, delta):
    """(epsilon, doubt)."""
    if n == 1:
        return one(kind, q, scale, delta), 0.0
    if kind == "gaussian" and q == 1.0:
        mu = math.sqrt(n) / scale
        return solve(lambda e: math.log(max(gaussian_delta(mu, e), 1e-300)), delta, mu * (mu / 2 + 40), 1 / mu), 0.0
    values = []
    for direction in ("remove", "add") if kind in ("gaussian", "laplace") and q < 1 else ("remove",):
        ev = event(kind, q, scale, direction, 1e-7 * delta / n)
        theta, high = chernoff(ev, n, delta)
        # The tilt is that of the saddle point at the answer: a window around another place would not hold it.
        x, ok = high, False
        for _ in range(12):
            theta = saddle(ev, n, x)
            ends = window(ev, n, theta)
            rough = solve(lattice(ev, n, theta, 1 << 17, ends), delta, x, theta)
            ok = abs(rough - x) < 0.02 * x
            x = rough
            if ok or x == 0.0:
                break
        # The finer lattice is also the wider one: what a window misses, or what wraps around its ends, is seen as a difference.
        def by(bits, wide=1.0):
            return solve(lattice(ev, n, theta, 1 << bits, tuple(wide * e for e in ends)), delta, 1.2 * x, theta)
        if x == 0.0 or not ok or n * cumulant(ev, theta) - theta * x - math.log(delta) > 12:
            # Far tails that no tilt brings down: outcomes with and without a large loss apart, the large ones not tilted.
            x = min(v for v in (x, high) if v > 0)
            for _ in range(12):
                cut = 0.3 * x
                bulk = tuple(v[ev[0] <= cut] for v in ev)
                theta_b = saddle(bulk, n, x)
                low, top = window(bulk, n, theta_b)
                ends_b = (min(low, 0.5 * x), max(top, 2 * x))
                drift = abs(n * np.sum(np.exp(ev[1]) * np.minimum(ev[0], cut)))
                ends_r = (-0.5 * x - 3 * drift, 3 * ev[0].max() + 3 * x)
                def by(bits, wide=1.0):
                    far, near = (tuple(wide * e for e in ends) for ends in (ends_r, ends_b))
                    rest, few = lattice(ev, n, 0.0, 1 << bits, far, cut), lattice(bulk, n, theta_b, 1 << bits, near)
                    return solve(lambda e: np.logaddexp(rest(e), few(e)), delta, 1.3 * x, 20 / x)
                rough = by(18)
                ok = abs(rough - x) < 0.1 * x
                x = rough
                if ok or x == 0.0:
                    break
            if not ok or x == 0.0:
                raise ValueError("not found")
        coarse, fine = by(17), by(19, 1.7)
        for bits, wide in ((21, 1.0), (22, 1.7)):
            if abs(fine - coarse) <= 5e-5 * fine:
                break
            coarse, fine = fine, by(bits, wide)
        values.append((fine, abs(fine - coarse) / max(fine, 1e-300)))
    return max(values)


def most(kind, q, scale, n):
    """What n events cost at most at any delta.

    Within a thousandth of it a curve is its last atom alone, which a lattice blurs: 30 events of pure 2 cost 60 + ln(1 - 1e-3/p),
    p = (1 + e^-2)^-30, that is 59.954, at delta = 1e-3, where the lattice says 59.993.
    """
    pure = {"laplace": 1 / scale, "pure": scale, "discrete_laplace": q / scale}.get(kind)
    if pure is None:
        return math.inf
    return n * (float(sample(q, np.float64(pure))) if kind == "laplace" else pure)


def rows():
    rng = random.Random(20261128)
    deltas = [1e-3, 1e-5, 1e-6, 1e-9, 1e-12, 1e-15]
    named = [
        ("gaussian", 1e-7, 0.5, n, d) for n in (1, 100, 10**6) for d in (1e-9, 1e-12, 1e-15)
    ] + [("gaussian", 1e-4, 1.0, n, d) for n in (1, 1000, 10**6) for d in (1e-5, 1e-9, 1e-15)] + [
        ("gaussian", 1e-3, 1.0, 10**6, 1e-6), ("gaussian", 0.01, 4.0, 10**6, 1e-15), ("gaussian", 1e-3, 20.0, 10**6, 1e-6),
    ]
    yield from named
    while True:
        n = rng.choice([1, 2, 3, 10, 30, 100, 1000, 10**4, 10**5, 10**6])
        delta = rng.choice(deltas)
        kind = rng.choice(["gaussian"] * 8 + ["laplace"] * 5 + ["pure", "discrete_laplace", "discrete_gaussian"])
        q = rng.choice([1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 0.01, 0.1, 0.5])
        if kind == "gaussian":
            scale = rng.choice([0.3, 0.5, 0.7, 1.0, 1.5, 3.0, 10.0, 50.0])
        elif kind == "laplace":
            q = rng.choice([q, q, 1.0])
            scale = rng.choice([0.2, 0.5, 1.0, 3.0, 20.0, 200.0])
        elif kind == "pure":
            q, scale = 1.0, rng.choice([1e-3, 0.01, 0.1, 0.5, 2.0])
        else:
            q, scale = float(rng.choice([1, 2, 5])), rng.choice([1.0, 4.0, 17.0, 60.0])
        yield kind, q, scale, n, delta


def main():
    print("mechanism,q_or_shift,scale,events,delta,epsilon,doubt")
    seen, written = set(), 0
    for row in rows():
        if row in seen:
            continue
        seen.add(row)
        try:
            epsilon, doubt = exact(*row)
        except (ValueError, OverflowError) as e:
            print("left out", row, e, file=sys.stderr)
            continue
        # Near 0 an epsilon says that delta alone is nearly enough: no relative bar has a meaning there.
        if not (1e-7 < epsilon < 2000) or doubt > 2e-4 or (row[3] > 1 and epsilon > 0.999 * most(*row[:4])):
            print("left out", row, epsilon, doubt, file=sys.stderr)
            continue
        print(",".join(str(x) for x in row) + f",{epsilon:.12g},{doubt:.1e}", flush=True)
        written += 1
        if written == 500:
            break


def check(path):
    """Every value that Google's accountant can bracket to one per cent lies inside its bracket."""
    from dp_accounting.pld import privacy_loss_distribution as pld
    inside = tried = 0
    for line in open(path).read().splitlines()[1:]:
        kind, q, scale, n, delta, epsilon, _ = line.split(",")
        q, scale, n, delta, epsilon = float(q), float(scale), int(n), float(delta), float(epsilon)
        if kind not in ("gaussian", "laplace") or n > 10_000 or delta < 1e-9 or epsilon < 1e-3:
            continue
        make = pld.from_gaussian_mechanism if kind == "gaussian" else pld.from_laplace_mechanism
        h = min(1e-3, 0.002 * epsilon / n)
        if (1 / scale + 1 / scale**2) / h > 1e6:
            continue
        low, high = (
            make(scale, value_discretization_interval=h, sampling_prob=q, pessimistic_estimate=p).self_compose(n)
            .get_epsilon_for_delta(delta) for p in (False, True)
        )
        if high > 1.01 * low:
            continue
        tried += 1
        ok = low * (1 - 1e-6) <= epsilon <= high * (1 + 1e-6)
        inside += ok
        if not ok:
            print("outside", line, low, high)
    print(f"{inside} of {tried} values are inside the bracket")


if __name__ == "__main__":
    check(sys.argv[2]) if len(sys.argv) > 2 else main()
