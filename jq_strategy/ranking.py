"""From scores to an order: one rule for ties, independent of the order of the pool.

Order by score descending, missing scores last; equal scores by the secondary keys (KEY_RULES) in the order named:

    held    stocks held before the rebalance first
    money   traded value of the signal day in CNY, descending, missing last
    code    as text, ascending; always the last resort, so the order never depends on the pool's

The order is made in Python, never by a library's top-k, because those leave the order of equal scores open.

Runs on CPython 3.6 with the standard library alone.
"""

from collections import namedtuple

TieGroup = namedtuple("TieGroup", "first last score")  # ranks counted from 1, both included

Stock = namedtuple("Stock", "code held money")  # what the secondary keys see of a stock

# The secondary keys: name -> what is sorted by, ascending.
KEY_RULES = {
    "held": lambda stock: not stock.held,
    "money": lambda stock: descending(stock.money),
    "code": lambda stock: stock.code,
}

TIE_AT_CUT = (
    "Top{k}并列分数影响入选: 排名{a}-{b}分数={v}；该分数全池并列{n}名(排名{i}-{j})，"
    "Top{k}落在并列组内，入选会受股票池顺序影响"
)
TIE_INSIDE = (
    "Top{k}存在并列分数: 排名{a}-{b}分数={v}；该分数在Top{k}内并列{n}名(排名{i}-{j})，"
    "不影响是否入选，仅影响Top{k}内部顺序"
)


def descending(value):
    """Return what to sort by so that larger values come first and NaN last."""
    return (1, 0.0) if value != value else (0, -value)


def ordered_keys(keys):
    """Return the secondary keys as a tuple that ends with code.

    ValueError: a key that is unknown or named twice, or one behind code, which could never decide anything.
    """
    keys = (keys,) if isinstance(keys, str) else tuple(keys)
    for place, key in enumerate(keys):
        if key not in KEY_RULES:
            raise ValueError("unknown rank key %r; known: %s" % (key, ", ".join(KEY_RULES)))
        if key in keys[:place]:
            raise ValueError("rank key %r is named twice" % key)
        if "code" in keys[:place]:
            raise ValueError("rank key %r stands behind 'code' and never decides: put code last" % key)
    return keys if keys[-1:] == ("code",) else keys + ("code",)


def rank_stocks(codes, scores, keys=("code",), held=(), money=None):
    """Return the positions of ``codes`` from best to worst; NaN ranks last, equal scores order by ``keys``.

    ``held``: codes held before the rebalance, read by key held. ``money``: one traded value a stock, read by key
    money. ValueError for keys that have no meaning, and for key money without the values.
    """
    keys = ordered_keys(keys)
    if "money" in keys and money is None:
        raise ValueError("rank key 'money' needs the traded value of each stock")
    holding = frozenset(held)

    def order(place):
        traded = float("nan") if money is None else float(money[place])
        stock = Stock(codes[place], codes[place] in holding, traded)
        return [descending(float(scores[place]))] + [KEY_RULES[key](stock) for key in keys]

    return sorted(range(len(codes)), key=order)


def tie_groups(ranked_scores, k):
    """Return the groups of two or more equal scores that reach into the first k ranks; NaN equals NaN."""
    groups, start = [], 0
    while start < min(k, len(ranked_scores)):
        score, stop = ranked_scores[start], start + 1
        while stop < len(ranked_scores) and (
            ranked_scores[stop] == score or (score != score and ranked_scores[stop] != ranked_scores[stop])
        ):
            stop += 1
        if stop - start > 1:
            groups.append(TieGroup(start + 1, stop, score))
        start = stop
    return groups


def tie_sentences(ranked_scores, k):
    """Return the sentences on ties at and above the cut after rank k, best rank first.

    A tie that the cut falls into alarms wherever it starts, also exactly at rank k.
    """
    sentences = []
    for group in tie_groups(ranked_scores, k):
        text = TIE_AT_CUT if group.last > k else TIE_INSIDE
        sentences.append(
            text.format(
                k=k,
                a=group.first,
                b=min(group.last, k),
                v="NaN" if group.score != group.score else "%.6g" % group.score,
                n=group.last - group.first + 1,
                i=group.first,
                j=group.last,
            )
        )
    return sentences


def choose(codes, scores, k, keys=("code",), held=(), money=None):
    """Return the codes of the k best in the order of ``rank_stocks``; a stock without a score is never chosen."""
    order = rank_stocks(codes, scores, keys, held, money)
    return [codes[place] for place in order[:k] if scores[place] == scores[place]]
