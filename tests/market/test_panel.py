"""A panel shows what was there, refuses what was not, and says what is nearest."""

from __future__ import annotations

import numpy as np
import pytest

from sdk.errors import MarketError
from sdk.market.bundle import Bundle
from sdk.market.panel import Panel

DAYS = np.array(["2024-01-02", "2024-01-03", "2024-01-04", "2024-01-05"], dtype="datetime64[D]")


def panel(**fields: list[list[float]]) -> Panel:
    arrays = {name: np.array(rows, dtype=np.float64) for name, rows in fields.items()}
    return Panel(("000001.XSHE", "600519.XSHG"), DAYS, arrays)


def test_a_field_is_an_array_of_stocks_by_days_that_cannot_be_written(made: Bundle) -> None:
    close = made.panel()["close"]
    assert close.shape == made.panel().shape
    assert close.dtype == np.float64
    with pytest.raises(ValueError, match="read-only"):
        close[0, 0] = 1.0
    for part in (made.panel().window(made.days[50], 10), made.panel().select(made.panel().codes[:3])):
        assert not part["close"].flags.writeable


def test_an_unknown_field_names_the_nearest(made: Bundle) -> None:
    with pytest.raises(MarketError, match=r"no field 'clse'; did you mean 'close'\?"):
        made.panel()["clse"]
    with pytest.raises(MarketError, match=r"did you mean 'volume'"):
        made.panel(fields=["volum"])


def test_an_unknown_code_names_the_nearest(made: Bundle) -> None:
    code = made.panel().codes[5]
    with pytest.raises(MarketError, match=f"did you mean {code!r}"):
        made.panel().row(code.replace(".XSH", ".XXH"))
    with pytest.raises(MarketError, match="did you mean"):
        made.panel(codes=[code.replace(".XSH", ".XXH")])


@pytest.mark.parametrize(
    ("day", "words"),
    [
        ("2024-01-01", "before the first trading day.*2024-01-02 … 2024-01-05"),
        ("2024-01-06", "after the last trading day.*nearest is 2024-01-05"),
        ("soon", "'soon' is not a day"),
        (None, "is not a day"),
    ],
)
def test_a_day_outside_is_an_error_that_names_the_bounds(day: str, words: str) -> None:
    with pytest.raises(MarketError, match=words):
        panel(close=[[1, 2, 3, 4], [5, 6, 7, 8]]).day_index(day)


def test_a_day_without_trading_names_its_neighbours(made: Bundle) -> None:
    with pytest.raises(MarketError, match="2019-05-04 is not a trading day; nearest are 2019-04-30 and 2019-05-06"):
        made.panel().day_index("2019-05-04")


def test_a_window_ends_at_its_day_and_may_not_start_before_the_panel() -> None:
    whole = panel(close=[[1, 2, 3, 4], [5, 6, 7, 8]])
    assert whole.window("2024-01-04", 2)["close"].tolist() == [[2, 3], [6, 7]]
    assert whole.window("2024-01-04", 3).days[0] == DAYS[0]
    with pytest.raises(MarketError, match=r"a window of 4 trading days ending at 2024-01-04 needs 1 … 3"):
        whole.window("2024-01-04", 4)


def test_select_keeps_ascending_order_and_drops_repetitions() -> None:
    whole = panel(close=[[1, 2, 3, 4], [5, 6, 7, 8]])
    part = whole.select(["600519.XSHG", "000001.XSHE", "600519.XSHG"])
    assert part.codes == whole.codes
    assert whole.select(["600519.XSHG"])["close"].tolist() == [[5, 6, 7, 8]]


def test_pre_adjusted_prices_and_volume_are_those_of_the_reference_day() -> None:
    split = panel(
        close=[[10, 10, 5, 5], [np.nan, 8, 8, np.nan]],
        volume=[[100, 100, 200, 200], [np.nan, 1, 1, np.nan]],
        factor=[[1, 1, 2, 2], [np.nan, 3, 3, np.nan]],
    )
    assert split.pre_adjusted("close", "2024-01-04")[0].tolist() == [5, 5, 5, 5]
    assert split.pre_adjusted("close", "2024-01-02")[0].tolist() == [10, 10, 10, 10]
    assert split.pre_adjusted("volume", "2024-01-05")[0].tolist() == [200, 200, 200, 200]
    # delisted before the reference day: the last factor known by then
    np.testing.assert_array_equal(split.pre_adjusted("close", "2024-01-05")[1], [np.nan, 8, 8, np.nan])
    # not yet listed on the reference day: nothing to refer to
    assert np.isnan(split.pre_adjusted("close", "2024-01-02")[1]).all()
    with pytest.raises(MarketError, match="'factor' is not adjusted"):
        split.pre_adjusted("factor", "2024-01-05")


def test_nothing_is_filled_before_listing_or_after_delisting(made: Bundle) -> None:
    whole = made.panel()
    listed = made.securities.loc[list(whole.codes), "start_date"].to_numpy()[:, np.newaxis]
    gone = made.securities.loc[list(whole.codes), "end_date"].to_numpy()[:, np.newaxis]
    outside = (whole.days < listed) | (~np.isnat(gone) & (whole.days > gone))
    assert outside.sum() > 100
    for field in whole.values:
        assert np.isnan(whole[field][outside]).all(), field
        if not field.endswith("_limit"):
            assert not np.isnan(whole[field][~outside]).any(), field
