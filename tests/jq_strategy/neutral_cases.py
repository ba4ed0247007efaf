"""Made cross-sections for neutral scores, from whole numbers and divisions alone: the same on any Python and numpy.

Run as a script (any Python from 3.6 on) it prints the hex digits of the neutral scores, one line a case.
"""

import sys

import numpy as np

from jq_strategy.audit import score_hex
from jq_strategy.exposures import industry_groups
from jq_strategy.neutral import neutral_score

NAN = float("nan")


def made_numbers(count, seed):
    """Return ``count`` numbers in [-2, 2], bell-shaped, from a linear congruential generator."""
    state, found = seed * 7919 + 20240229, np.empty(count)
    for place in range(count):
        total = 0
        for _ in range(4):
            state = (1103515245 * state + 12345) % 2147483648
            total += state // 65536 - 16384
        found[place] = total / 32768.0
    return found


def made_case(seed):
    """Return score, styles, industry codes: gaps, ties, a copied style, a flat one, few or many stocks."""
    stocks = (1, 2, 3, 7, 40, 127, 128, 300)[seed % 8]
    styles = [made_numbers(stocks, 10 * seed + place) for place in range(4)]
    styles[1] = styles[1] + 3.0 * styles[0]
    score = made_numbers(stocks, 10 * seed + 9) + styles[1] - 0.5 * styles[2]
    if seed % 3 == 0:
        score = np.floor(score)
    if seed % 5 == 1:
        styles.append(styles[0] * 2.0)
    if seed % 5 == 2:
        styles.append(np.ones(stocks))
    if seed % 7 == 3:
        score = score * 1e300
    score[5::11], styles[2][3::13], styles[0][6::29] = NAN, NAN, float("inf")
    industries = [f"I{row * row % 9}" if row % 17 else "" for row in range(stocks)]
    return score, styles, industries


def neutral_of(score, styles, industries, standard):
    """Return the neutral scores (stocks,); ``industries`` None leaves them in."""
    groups = None if industries is None else industry_groups(industries)
    with np.errstate(all="ignore"):
        return neutral_score(score[:, None], [style[:, None] for style in styles], groups, standard)[:, 0]


def main():
    """Print each case in both standards, with and without industries."""
    for seed in range(24):
        score, styles, industries = made_case(seed)
        for standard in ("rank", "zscore"):
            for given in (None, industries):
                found = neutral_of(score, styles, given, standard)
                sys.stdout.write(" ".join(score_hex(value) for value in found) + "\n")


if __name__ == "__main__":
    main()
