"""What an exported strategy says about itself: digests, the audit line, the self-check of its arithmetic.

The audit line carries, for one rebalance, everything that is needed to say which layer differs first between two
runs: the pool, a digest of the inputs, both token lists, the ties, and for each stock the 64 bits of its score, its
rank and its target shares. The self-check evaluates the formula on made bars, built from whole numbers only, and
compares a digest: another numpy that rounds differently is noticed before it trades.

Runs on CPython 3.6 with numpy alone; the exported strategy contains these very lines.
"""

import hashlib
import struct

import numpy as np


def short_digest(data):
    """Return the first 16 hex digits of the SHA-256 of some bytes."""
    return hashlib.sha256(data).hexdigest()[:16]


def array_bytes(x):
    """Return the bytes of a float64 array in C order, with one zero and one NaN."""
    x = np.asarray(x, dtype="<f8") + 0.0
    return np.ascontiguousarray(np.where(x == x, x, np.nan)).tobytes()


def score_hex(score):
    """Return the 16 hex digits of a score's IEEE-754 bits (big-endian), or ``nan``."""
    return "nan" if score != score else struct.pack(">d", float(score) + 0.0).hex()


def pool_digest(codes):
    """Return size and digest of a pool, whatever its order."""
    return "%d:%s" % (len(codes), short_digest(",".join(sorted(codes)).encode("ascii")))


def inputs_digest(bars, names):
    """Return the digest of the bars that a formula reads, in the order of ``names``."""
    return short_digest(b"".join(array_bytes(bars[name]) for name in names))


def key_parts(keys, held, money):
    """Return the parts of the audit line on the order of equal scores; none where code alone decides.

    ``keys=held,money,code``, then what each key read: ``held=`` the codes held before the rebalance (``none``),
    ``money=`` the digest of the traded values (stocks,) in the order of the pool.
    """
    read = {"held": lambda: ",".join(sorted(held)) or "none", "money": lambda: short_digest(array_bytes(money))}
    told = ["%s=%s" % (key, read[key]()) for key in keys if key in read]
    return ["keys=" + ",".join(keys)] + told if told else []


def audit_line(day, signal_day, codes, scores, order, targets, inputs, raw, repaired, ties, more=()):
    """Return one compact line on one rebalance; ``order`` holds positions best first, ``targets`` code -> shares.

    ``more``: further parts ``name=value``, behind the ties.
    """
    ranks = {place: rank for rank, place in enumerate(order, 1)}
    head = "AUDIT|v1|%s|lag=%s|pool=%s|inputs=%s|raw=%s|repaired=%s|ties=%s" % (
        day,
        signal_day,
        pool_digest(codes),
        inputs,
        ",".join(str(token) for token in raw),
        ",".join(str(token) for token in repaired),
        ties,
    )
    stocks = [
        "%s:%s:%d:%s" % (codes[place], score_hex(scores[place]), ranks[place], targets.get(codes[place], "-"))
        for place in order
    ]
    return "|".join([head] + list(more) + stocks)


def made_bars(names, days, stocks=32):
    """Return made bars, name -> (stocks, days), from a linear congruential generator: the same on every machine.

    Prices are whole cents, volumes whole shares, factors quarters, so every input is exact.
    """
    state, bars = 20240229, {name: np.ones((stocks, days)) for name in names}
    for stock in range(stocks):
        cents, quarters = 1000 + 90 * stock, 4
        for day in range(days):
            draws = []
            for _ in range(6):
                state = (1103515245 * state + 12345) % 2147483648
                draws.append(state // 65536)
            move = (draws[0] % 61 - 30) * (9 if draws[1] % 29 == 0 else 1)
            before, cents = cents, max(200, cents + move)
            quarters += 1 if draws[1] % 97 == 0 else 0
            cell = {
                "open": before + draws[2] % 11 - 5,
                "high": max(before, cents) + 5 + draws[3] % 20,
                "low": min(before, cents) - 5 - draws[4] % 20,
                "close": cents,
                "volume": 0 if draws[5] % 53 == 0 else 100 * (draws[5] % 9973) * (40 if draws[4] % 31 == 0 else 1),
                "money": cents * (draws[5] % 9973),
                "factor": quarters,
                "circulating_market_cap": 40 + stock,
            }
            scale = {"factor": 4.0, "volume": 1.0, "money": 1.0, "circulating_market_cap": 1.0}
            for name in names:
                if name != "benchmark":
                    bars[name][stock, day] = cell[name] / scale.get(name, 100.0)
    if "benchmark" in names:
        bars["benchmark"] = np.array([[3000.0 + (37 * day) % 101 for day in range(days)]])
    return bars
