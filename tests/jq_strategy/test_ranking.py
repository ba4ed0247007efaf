"""One rule for ties, whatever the order of the pool."""

from hypothesis import given
from hypothesis import strategies as st

from jq_strategy.ranking import choose, rank_stocks, tie_groups, tie_sentences

NAN = float("nan")
SCORES = st.lists(st.sampled_from([0.0, -0.0, 1.0, 2.0, -1.5, NAN]), min_size=1, max_size=40)


@given(SCORES, st.randoms())
def test_the_choice_does_not_depend_on_the_order_of_the_pool(scores: list[float], random) -> None:
    stocks = [(f"{place:06d}.XSHE", score) for place, score in enumerate(scores)]
    shuffled = stocks[:]
    random.shuffle(shuffled)
    first = choose([code for code, _ in stocks], [score for _, score in stocks], 10)
    second = choose([code for code, _ in shuffled], [score for _, score in shuffled], 10)
    assert first == second


def test_missing_scores_rank_last_and_are_never_chosen() -> None:
    codes = ["a", "b", "c", "d"]
    assert [codes[place] for place in rank_stocks(codes, [NAN, -3.0, 1.0, NAN])] == ["c", "b", "a", "d"]
    assert choose(codes, [NAN, -3.0, 1.0, NAN], 3) == ["c", "b"]


@given(SCORES, st.integers(1, 12))
def test_cut_inside_a_tie_if_and_only_if_alarm(scores: list[float], k: int) -> None:
    ranked = [scores[place] for place in rank_stocks([str(n) for n in range(len(scores))], scores)]
    tied = k < len(ranked) and (ranked[k - 1] == ranked[k] or (ranked[k - 1] != ranked[k - 1]))
    alarms = [sentence for sentence in tie_sentences(ranked, k) if "影响入选: " in sentence]
    assert bool(alarms) == tied


def test_the_sentences_are_verbatim() -> None:
    ranked = [5.0, 5.0, 3.0, 1.23456789, 1.23456789, 1.0]
    assert tie_sentences(ranked, 4) == [
        "Top4存在并列分数: 排名1-2分数=5；该分数在Top4内并列2名(排名1-2)，不影响是否入选，仅影响Top4内部顺序",
        "Top4并列分数影响入选: 排名4-4分数=1.23457；该分数全池并列2名(排名4-5)，"
        "Top4落在并列组内，入选会受股票池顺序影响",
    ]
    assert "分数=NaN；" in tie_sentences([1.0, NAN, NAN], 2)[0]


def test_groups_below_the_cut_are_not_reported() -> None:
    assert tie_groups([3.0, 2.0, 1.0, 1.0], 2) == []
