"""What strategies expect of pandas 1.1 and numpy 1.19 works; what cannot work is an error, not a wrong number."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from sdk.emulator.lib import old_groups, old_pandas
from sdk.emulator.lib.preset import numpy_sum, preset_names
from sdk.emulator.rules import RuleBook
from sdk.emulator.runner import run_backtest
from tests.emulator.markets import made_bundle


@pytest.fixture(autouse=True)
def _installed():
    old_pandas.install()


DAYS = pd.Series([1.0, 2.0, 3.0], index=pd.date_range("2024-01-02", periods=3))
CODES = pd.Series([1.0, 2.0, 3.0], index=["a", "b", "c"])
NUMBERS = pd.Series([1.0, 2.0, 3.0], index=[10, 20, 30])


def test_places_on_an_index_of_dates_or_codes():
    assert DAYS[-1] == 3 and DAYS[0] == 1 and CODES[np.int64(1)] == 2  # noqa: PT018
    assert CODES[[0, 2]].tolist() == [1, 3]
    assert DAYS[-2:].tolist() == [2, 3]


@pytest.mark.parametrize(("series", "key"), [(NUMBERS, 0), (CODES, "d"), (CODES, True), (CODES, [])])
def test_labels_stay_labels(series, key):
    if key == []:
        assert len(series[key]) == 0
    else:
        with pytest.raises(KeyError):
            series[key]
    with pytest.raises(IndexError):
        CODES[7]


def test_setting_by_place():
    series = CODES.copy()
    series[0], series["b"] = 9.0, 8.0
    assert series.tolist() == [9, 8, 3]
    numbers = NUMBERS.copy()
    numbers[0] = 5.0
    assert numbers.index.tolist() == [10, 20, 30, 0], "a new label, as in every pandas"


def test_a_column_of_days_meets_a_date():
    days = pd.Series(pd.to_datetime(["2024-01-02", "2024-01-03"]))
    date = dt.date(2024, 1, 3)
    assert (days < date).tolist() == [True, False]
    assert (days == date).tolist() == [False, True]
    assert (date - days).tolist() == [pd.Timedelta(days=1), pd.Timedelta(0)]
    assert ((date - days) > dt.timedelta(0)).tolist() == [True, False]


def test_a_timestamp_meets_a_date():
    day, date = pd.Timestamp("2024-01-02"), dt.date(2024, 1, 3)
    assert day < date and date > day and day <= date and not day == date  # noqa: PT018, SIM201
    assert date - day == pd.Timedelta(days=1)
    assert (day - date).days == -1
    assert hash(day) == hash(pd.Timestamp("2024-01-02"))
    assert sorted([pd.Timestamp("2024-01-05"), day])[0] is day


def test_methods_that_left_and_arguments_by_place():
    frame = pd.DataFrame({"x": [1.0, np.nan], "y": [3.0, 4.0]}, index=["a", "b"])
    assert frame.drop("x", 1).columns.tolist() == ["y"]
    assert frame.append({"x": 5, "y": 6}, ignore_index=True).shape == (3, 2)
    assert CODES.append(CODES).size == 6
    assert frame.fillna(method="ffill")["x"].tolist() == [1, 1]
    assert frame.fillna(0)["x"].tolist() == [1, 0]
    assert frame.ix["a", "y"] == frame.ix[0, 1] == frame.ix[0, "y"] == 3
    assert pd.concat([frame, frame], 1).shape == (2, 4)
    assert frame.mean(1).tolist() == [2, 4]
    assert frame.sort("y", ascending=False).index.tolist() == ["b", "a"]
    assert dict(CODES.iteritems()) == {"a": 1, "b": 2, "c": 3}
    assert frame.rolling(window=2, axis=1).sum()["y"].tolist()[0] == 4
    assert DAYS.resample("D", how="last").tolist() == [1, 2, 3]
    assert frame.dropna(0, "any").shape == (1, 2)
    assert frame.dropna().shape == (1, 2)
    assert frame.reset_index().pivot("index", "x", "y").shape == (2, 2)
    assert pd.rolling_mean(CODES, 2).tolist()[1:] == [1.5, 2.5]


def test_numpys_old_names():
    assert np.float is float
    assert np.NaN != np.NaN
    assert np.in1d([1, 2], [2]).tolist() == [False, True]


def test_the_sum_of_a_frame_is_the_sum_of_its_columns():
    frame = pd.DataFrame({"x": [1.0, 2.0], "y": [3.0, 4.0]})
    assert numpy_sum(frame)[0] == 3
    assert numpy_sum(frame).iloc[1] == 7
    assert numpy_sum(x for x in (1, 2)) == 3
    assert numpy_sum({"a": 1, "b": 2}.values()) == 3
    assert numpy_sum([[1], [2]], []) == [1, 2]
    assert numpy_sum([1.5, 2.5]) == 4
    assert numpy_sum([]) == 0
    assert numpy_sum([1, 2], 10) == 13
    assert numpy_sum(np.ones((2, 3))) == 6


def test_presets_hide_no_builtin_but_sum():
    import builtins

    names = preset_names(RuleBook())
    assert {name for name in names if hasattr(builtins, name)} == {"sum"}
    assert "sum" not in preset_names(RuleBook({"numpy_sum": "python"}))
    assert {"floor", "sqrt", "sign", "ones", "std", "NaN", "where"} <= set(names)


def run(tmp_path, body):
    market = made_bundle(tmp_path / "bundle", {"600000.XSHG": {"open": [10.0] * 5}})
    lines = "\n".join(f"    {line}" for line in body.strip().splitlines())
    return run_backtest(
        f"import pandas as pd\ndef initialize(context):\n{lines}\n", market, "2024-01-02", "2024-01-02"
    )


def test_a_change_of_a_column_reaches_the_frame_as_it_did(tmp_path):
    result = run(
        tmp_path,
        """
df = pd.DataFrame({'a': [1, 2, 3], 'b': [1.0, None, 3.0]}, index=['x', 'y', 'z'])
df['a'][df['a'] > 1] = 0
df['a'][0] = 7
df['a']['y'] = 5
df['b'].fillna(0, inplace=True)
kept = df['a']
print(df.values.tolist())
print(kept.tolist())
""",
    )
    assert result.status == "done", result.log
    assert result.log[0].endswith("[[7.0, 1.0], [5.0, 0.0], [0.0, 3.0]]")
    assert result.log[1].endswith("[7, 5, 0]")


def test_a_named_column_is_its_own(tmp_path):
    result = run(tmp_path, "df = pd.DataFrame({'a': [1, 2]})\ns = df['a']\ns[0] = 9\nprint(df['a'].tolist())")
    assert result.log[0].endswith("[1, 2]")


def test_our_own_code_is_left_alone():
    frame = pd.DataFrame({"a": [1, 2]})
    taken = frame["a"]
    taken[0] = 5
    assert frame["a"].tolist() == [1, 2]


def test_a_text_of_json_is_read():
    assert pd.read_json('{"a": {"x": 1}, "b": {"x": 2}}').loc["x"].tolist() == [1, 2]


def test_sums_and_means_leave_out_what_is_no_number():
    frame = pd.DataFrame({"code": ["a", "a", "b"], "day": [dt.date(2024, 1, 2)] * 3, "x": [1.0, 2.0, 4.0]})
    assert frame.groupby("code").sum().columns.tolist() == ["x"]
    assert frame.groupby("code").mean()["x"].tolist() == [1.5, 4.0]
    assert frame[["code", "x"]].groupby("x").sum()["code"].tolist() == ["a", "a", "b"]
    assert frame.mean().tolist() == [pytest.approx(7 / 3)]
    assert frame.corr().shape == (1, 1)
    with pytest.raises(TypeError):
        frame[["day"]].mean()


def test_sort_index_by_a_column():
    frame = pd.DataFrame({"a": [3, 1, 2]}, index=["x", "y", "z"])
    assert frame.sort_index(by="a").index.tolist() == ["y", "z", "x"]
    assert frame.sort_index(by="a", ascending=False).index.tolist() == ["x", "z", "y"]
    assert frame.sort_index(0, None, False).index.tolist() == ["z", "y", "x"]
    assert frame.sort_index(ascending=False).index.tolist() == ["z", "y", "x"]


def test_a_group_has_its_key_and_an_answer_like_the_rows_keeps_their_index():
    frame = pd.DataFrame({"code": list("aabb"), "x": [1.0, 2.0, 3.0, 4.0]}, index=[5, 6, 7, 8])
    top = frame.groupby("code").apply(lambda rows: rows.nlargest(1, "x"))
    assert top["code"].tolist() == ["a", "b"]
    assert top.index.tolist() == [("a", 6), ("b", 8)]
    frame["mean"] = frame.groupby("code")["x"].apply(lambda values: values.rolling(2).mean())
    assert frame["mean"].fillna(0).tolist() == [0.0, 1.5, 0.0, 3.5]
    assert frame.groupby("code").apply(lambda rows, more: rows["x"].sum() + more, 1).tolist() == [4.0, 8.0]
    assert frame.groupby("code").apply(lambda rows: rows - 1)["x"].tolist() == [0.0, 1.0, 2.0, 3.0]


@pytest.mark.parametrize(
    ("old", "new"), [("M", "ME"), ("2Q", "2QE"), ("A-DEC", "YE-DEC"), ("5T", "5min"), ("W-FRI", "W-FRI"), ("D", "D")]
)
def test_old_names_of_frequencies(old, new):
    assert old_groups.frequency(old) == new


def test_calls_with_a_frequency():
    days = pd.Series(range(60), index=pd.date_range("2024-01-01", periods=60))
    for found in (
        *(days.resample("M").last(), days.resample(rule="M").last(), days.asfreq("M")),
        *(days.groupby(pd.Grouper(level=0, freq="M")).last(), days.groupby(pd.TimeGrouper("M")).last()),
    ):
        assert found.tolist() == [30, 59]
    assert len(pd.date_range("2024-01-01", "2024-05-01", freq="M")) == 4
    assert len(pd.date_range("2024-01-01", "2024-05-01", None, "M")) == 4
    assert pd.Timestamp("2024-01-01 10:11").floor("H").minute == 0


def test_a_date_is_a_label_of_an_index_of_days():
    frame = pd.DataFrame({"a": [1, 2, 3]}, index=pd.date_range("2024-01-01", periods=3))
    day = dt.date(2024, 1, 2)
    assert frame.loc[day, "a"] == frame["a"][day] == frame.T[day]["a"] == 2
    assert day in frame.index
    assert dt.date(2024, 2, 1) not in frame.index
    assert frame.T.sort_values(by=day).shape == (1, 3)
    column = frame["a"]
    column[day] = 9
    assert column.tolist() == [1, 9, 3]


def test_the_one_value_of_an_array_is_a_number(tmp_path):
    body = """
import numpy as np
print(float(np.array([[1.5]])), int(np.array([2.7])), float('3'), int('11', 2), int(), isinstance(1.5, float))
print(np.array([1, 2], dtype=float).dtype, [float(x) for x in (1, 2)], float(x=3) if False else 0)
float(np.array([1.0, 2.0]))
"""
    result = run(tmp_path, body)
    assert [line.split(" - ")[2].strip() for line in result.log[:9]] == [
        *("1.5", "2", "3.0", "3", "0", "True", "float64", "[1.0, 2.0]", "0"),
    ]
    assert "line 6, in initialize\n    float(np.array([1.0, 2.0]))" in result.log[-1]
    own = run(tmp_path / "own", "float = lambda value: 'own'\nprint(float(1))")
    assert own.log[0].endswith("own")
    assert "only 0-dimensional arrays" in result.log[-1] or "only length-1 arrays" in result.log[-1]


def test_the_place_of_the_largest_of_nothing():
    assert np.isnan(pd.Series([np.nan, np.nan]).idxmax())
    assert pd.Series([1.0, np.nan, 3.0], index=list("abc")).idxmax() == "c"
    with pytest.raises(ValueError, match="empty"):
        pd.Series([], dtype=float).idxmin()


def test_names_that_python_and_scikit_learn_moved(tmp_path):
    body = """
import time
from sklearn.grid_search import GridSearchCV
from sklearn.externals import joblib
import sklearn.cross_validation as cv
print(time.clock() >= 0, GridSearchCV.__name__, hasattr(joblib, 'dump'), hasattr(cv, 'train_test_split'))
"""
    pytest.importorskip("sklearn")
    result = run(tmp_path, body)
    assert [line.rsplit(" ", 1)[1] for line in result.log] == ["True", "GridSearchCV", "True", "True"], result.log


def test_a_third_merge_repeats_a_column():
    one, two = pd.DataFrame({"code": ["a"], "x": [1]}), pd.DataFrame({"code": ["a"], "x": [2]})
    wide = one.merge(two, on="code").merge(one, on="code").merge(two, on="code")
    assert wide.columns.tolist() == ["code", "x_x", "x_y", "x_x", "x_y"]
    assert wide.iloc[0].tolist() == ["a", 1, 2, 1, 2]


def test_a_set_is_a_list_of_labels_in_the_order_of_the_index():
    frame = pd.DataFrame({"a": [1, 2, 3], "b": [4, 5, 6], "c": [7, 8, 9]}, index=["x", "y", "z"])
    assert frame[{"c", "a"}].columns.tolist() == ["a", "c"]
    assert frame.loc[{"z", "x"}].index.tolist() == ["x", "z"]
    assert frame.loc[{"z", "x"}, "b"].tolist() == [4, 6]
    assert frame.loc[["y"], {"b", "a"}].columns.tolist() == ["a", "b"]
    assert frame["a"][{"z", "y"}].tolist() == [2, 3]
    with pytest.raises(KeyError, match="q"):
        frame.loc[{"x", "q"}]
    weights = pd.Series(0.0, index=["x", "y", "z"])
    weights[{"z", "x"}] = 1
    assert weights.tolist() == [1, 0, 1]


def test_a_column_of_texts_takes_any_object():
    frame = pd.DataFrame({"code": ["a", "b"], "time": ["2024-01-02", "2024-01-03"]})
    frame.loc[:, "time"] = dt.date(2024, 1, 4)
    assert frame["time"].tolist() == [dt.date(2024, 1, 4)] * 2
    assert frame["code"].dtype == object


def test_an_empty_frame_gives_its_columns_to_what_is_appended():
    empty = pd.DataFrame(columns=["code", "gain", "price"])
    one = empty.append({"price": 2.0, "name": "x", "code": "a"}, ignore_index=True)
    assert one.columns.tolist() == ["code", "gain", "price", "name"]
    assert one["gain"].isna().all()
    assert one["price"].dtype == float
    two = one.append(pd.DataFrame({"gain": [1.0], "code": ["b"]}))
    assert two.columns.tolist() == ["code", "gain", "price", "name"]
    assert two["code"].tolist() == ["a", "b"]


def test_a_series_of_one_value_is_a_number():
    assert float(pd.Series([1.5])) + int(pd.Series([2.7])) == 3.5
    ranks = pd.Series([3.0, 1.0, 2.0]).rolling(2).apply(lambda rows: pd.Series(rows).rank().tail(1))
    assert ranks.tolist()[1:] == [1.0, 2.0]
    with pytest.raises(TypeError, match="cannot convert"):
        float(pd.Series([1.0, 2.0]))
