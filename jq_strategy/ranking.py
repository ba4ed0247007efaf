"""From scores to an order: one rule for ties, independent of the order of the pool.

Order by (score descending, missing scores last, code as text ascending). The order is made in Python, never by a
library's top-k, because those leave the order of equal scores open.

Runs on CPython 3.6 with the standard library alone.
"""

from collections import namedtuple

TieGroup = namedtuple("TieGroup", "first last score")  # ranks counted from 1, both included

TIE_AT_CUT = (
    "Top{k}并列分数影响入选: 排名{a}-{b}分数={v}；该分数全池并列{n}名(排名{i}-{j})，"
    "Top{k}落在并列组内，入选会受股票池顺序影响"
)
TIE_INSIDE = (
    "Top{k}存在并列分数: 排名{a}-{b}分数={v}；该分数在Top{k}内并列{n}名(排名{i}-{j})，"
    "不影响是否入选，仅影响Top{k}内部顺序"
)


def rank_stocks(codes, scores):
    """Return the positions of ``codes`` from best to worst; NaN ranks last, equal scores order by code."""

    def key(place):
        score = float(scores[place])
        return (1, 0.0, codes[place]) if score != score else (0, -score, codes[place])

    return sorted(range(len(codes)), key=key)


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


def choose(codes, scores, k):
    """Return the codes of the k best scores in rank order; a stock without a score is never chosen."""
    return [codes[place] for place in rank_stocks(codes, scores)[:k] if scores[place] == scores[place]]
