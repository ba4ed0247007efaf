"""R3: the cut falls into a tie if and only if there is an alarm, wherever the tie starts."""

import pytest

from jq_strategy.ranking import tie_sentences

ALARM = "影响入选: "


def _alarms(ranked: list[float], k: int) -> list[str]:
    return [sentence for sentence in tie_sentences(ranked, k) if ALARM in sentence]


def test_ranks_10_11_12_equal_alarm_at_a_cut_after_10() -> None:
    ranked = [20.0 - rank for rank in range(9)] + [3.0, 3.0, 3.0, 1.0, 0.5]
    (alarm,) = _alarms(ranked, 10)
    assert "Top10并列分数影响入选: 排名10-10分数=3；该分数全池并列3名(排名10-12)" in alarm
    assert _alarms(ranked, 11)
    assert not _alarms(ranked, 9)
    assert not _alarms(ranked, 12)


@pytest.mark.parametrize("length", [2, 3, 5])
@pytest.mark.parametrize("start", range(1, 12))
def test_for_every_position_of_the_cut_and_of_the_tie(start: int, length: int) -> None:
    ranked = [100.0 - rank for rank in range(1, 17)]
    for place in range(start - 1, min(start - 1 + length, 16)):
        ranked[place] = ranked[start - 1]
    for k in range(1, 16):
        assert bool(_alarms(ranked, k)) == (ranked[k - 1] == ranked[k]), (start, length, k)
