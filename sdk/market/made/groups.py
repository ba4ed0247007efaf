"""Who belongs to what in a made market: industries (sw_l1, sw_l2, sw_l3, zjw, jq_l1), concepts, index weights.

Industries are dealt out in turn, so that a market of 27 stocks has all of them (each sw_l2 has one sw_l3); one stock
in forty changes its industry in the middle. Concepts are loose groups of a tenth of the stocks each; one stock in
twenty joins late. Index weights are circulating values of the members, in percent, on the last trading day of each
month.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from sdk.market.made.cast import Cast
from sdk.market.made.index import CODE
from sdk.market.made.trading import Bars

# sw_l1 code and name, zjw code and name of what such companies are called there
INDUSTRIES = (
    ("801010", "农林牧渔I", "A01", "农业"),
    ("801030", "基础化工I", "C26", "化学原料和化学制品制造业"),
    ("801040", "钢铁I", "C31", "黑色金属冶炼和压延加工业"),
    ("801050", "有色金属I", "C32", "有色金属冶炼和压延加工业"),
    ("801080", "电子I", "C39", "计算机、通信和其他电子设备制造业"),
    ("801110", "家用电器I", "C38", "电气机械和器材制造业"),
    ("801120", "食品饮料I", "C15", "酒、饮料和精制茶制造业"),
    ("801130", "纺织服饰I", "C18", "纺织服装、服饰业"),
    ("801140", "轻工制造I", "C22", "造纸和纸制品业"),
    ("801150", "医药生物I", "C27", "医药制造业"),
    ("801160", "公用事业I", "D44", "电力、热力生产和供应业"),
    ("801170", "交通运输I", "G54", "道路运输业"),
    ("801180", "房地产I", "K70", "房地产业"),
    ("801200", "商贸零售I", "F52", "零售业"),
    ("801210", "社会服务I", "N78", "公共设施管理业"),
    ("801710", "建筑材料I", "C30", "非金属矿物制品业"),
    ("801720", "建筑装饰I", "E48", "土木工程建筑业"),
    ("801730", "电力设备I", "C38", "电气机械和器材制造业"),
    ("801740", "国防军工I", "C37", "铁路、船舶、航空航天和其他运输设备制造业"),
    ("801750", "计算机I", "I65", "软件和信息技术服务业"),
    ("801760", "传媒I", "R87", "文化艺术业"),
    ("801770", "通信I", "C39", "计算机、通信和其他电子设备制造业"),
    ("801780", "银行I", "J66", "货币金融服务"),
    ("801790", "非银金融I", "J67", "资本市场服务"),
    ("801880", "汽车I", "C36", "汽车制造业"),
    ("801890", "机械设备I", "C34", "通用设备制造业"),
    ("801950", "煤炭I", "B06", "煤炭开采和洗选业"),
)
# sw_l1 code -> sw_l2 code and name, jq_l1 code
FINER: dict[str, tuple[str, str, str]] = {
    "801010": ("801016", "种植业II", "HY005"),
    "801030": ("801034", "化学制品II", "HY002"),
    "801040": ("801045", "普钢II", "HY002"),
    "801050": ("801055", "工业金属II", "HY002"),
    "801080": ("801081", "半导体II", "HY008"),
    "801110": ("801111", "白色家电II", "HY004"),
    "801120": ("801125", "白酒II", "HY005"),
    "801130": ("801132", "服装家纺II", "HY004"),
    "801140": ("801142", "家居用品II", "HY004"),
    "801150": ("801151", "化学制药II", "HY006"),
    "801160": ("801161", "电力II", "HY010"),
    "801170": ("801178", "物流II", "HY003"),
    "801180": ("801181", "房地产开发II", "HY011"),
    "801200": ("801203", "一般零售II", "HY005"),
    "801210": ("801993", "旅游及景区II", "HY004"),
    "801710": ("801711", "水泥II", "HY002"),
    "801720": ("801721", "房屋建设II", "HY003"),
    "801730": ("801735", "光伏设备II", "HY003"),
    "801740": ("801742", "航空装备II", "HY003"),
    "801750": ("801104", "软件开发II", "HY008"),
    "801760": ("801765", "广告营销II", "HY004"),
    "801770": ("801102", "通信设备II", "HY009"),
    "801780": ("801782", "国有大型银行II", "HY007"),
    "801790": ("801193", "证券II", "HY007"),
    "801880": ("801095", "乘用车II", "HY004"),
    "801890": ("801072", "通用设备II", "HY003"),
    "801950": ("801951", "煤炭开采II", "HY001"),
}
SECTORS = {
    **{"HY001": "能源", "HY002": "原材料", "HY003": "工业", "HY004": "可选消费", "HY005": "日常消费"},
    **{"HY006": "医疗保健", "HY007": "金融", "HY008": "信息技术", "HY009": "电信服务", "HY010": "公用事业"},
    **{"HY011": "房地产"},
}
CONCEPTS = (
    ("SC0001", "造市人工智能"),
    ("SC0002", "造市新能源汽车"),
    ("SC0003", "造市芯片概念"),
    ("SC0004", "造市国企改革"),
    ("SC0005", "造市高股息"),
    ("SC0006", "造市一带一路"),
)
INDUSTRY_START = np.datetime64("2003-10-16")


def group_tables(cast: Cast, bars: Bars, member: np.ndarray, rng: np.random.Generator) -> dict[str, pd.DataFrame]:
    """Return the tables ``industries``, ``concepts`` and ``index_weights``."""
    return {
        "industries": _industries(cast, rng),
        "concepts": _concepts(cast, rng),
        "index_weights": _weights(cast, bars, member),
    }


def _industries(cast: Cast, rng: np.random.Generator) -> pd.DataFrame:
    stocks, middle = len(cast.codes), cast.days[len(cast.days) // 2]
    place = np.empty(stocks, dtype=np.int64)
    place[rng.permutation(stocks)] = np.arange(stocks) % len(INDUSTRIES)
    spans = [(row, int(place[row]), cast.listed[row], np.datetime64("NaT")) for row in range(stocks)]
    for row in rng.choice(np.flatnonzero(cast.listed < middle - 30), max(1, stocks // 40), replace=False):
        spans[row] = (int(row), int(place[row]), cast.listed[row], middle - 1)
        spans.append((int(row), int(place[row] + 1) % len(INDUSTRIES), middle, np.datetime64("NaT")))
    rows = [
        (kind, code, name, INDUSTRY_START, cast.codes[row], first, last)
        for row, industry, first, last in spans
        for kind, code, name in _groups_of(industry)
    ]
    names = ["kind", "industry_code", "industry_name", "start_date", "code", "in_date", "out_date"]
    return _dated(pd.DataFrame(rows, columns=names))


def _groups_of(industry: int) -> tuple[tuple[str, str, str], ...]:
    sw_code, sw_name, zjw_code, zjw_name = INDUSTRIES[industry]
    finer_code, finer_name, sector = FINER[sw_code]
    return (
        *(("sw_l1", sw_code, sw_name), ("zjw", zjw_code, zjw_name)),
        *(("sw_l2", finer_code, finer_name), ("sw_l3", f"850{finer_code[3:]}", f"{finer_name}I")),
        ("jq_l1", sector, SECTORS[sector]),
    )


def _concepts(cast: Cast, rng: np.random.Generator) -> pd.DataFrame:
    stocks, begin = len(cast.codes), cast.days[0]
    rows = []
    for code, name in CONCEPTS:
        inside = np.sort(rng.choice(stocks, max(3, stocks // 10), replace=False))
        late = rng.random(len(inside)) < 0.05
        joined = cast.days[rng.integers(1, len(cast.days), len(inside))]
        for row, comes_late, day in zip(inside, late, joined, strict=True):
            first = max(cast.listed[row], day if comes_late else begin)
            rows.append((code, name, begin, cast.codes[row], first, np.datetime64("NaT")))
    return _dated(
        pd.DataFrame(rows, columns=["concept_code", "concept_name", "start_date", "code", "in_date", "out_date"])
    )


def _weights(cast: Cast, bars: Bars, member: np.ndarray) -> pd.DataFrame:
    months = cast.days.astype("datetime64[M]")
    ends = np.flatnonzero(months != np.append(months[1:], months[-1] + 1))
    value = np.where(member, bars.close * bars.shares, 0.0)[:, ends]
    rows, columns = np.nonzero(member[:, ends])
    share = np.round(value / value.sum(axis=0) * 100, 3)
    return pd.DataFrame(
        {
            "index_code": CODE,
            "date": cast.days[ends[columns]].astype("datetime64[ns]"),
            "code": np.array(cast.codes, dtype=object)[rows],
            "weight": share[rows, columns],
        }
    )


def _dated(frame: pd.DataFrame) -> pd.DataFrame:
    dates = {name: pd.to_datetime(frame[name]) for name in ("start_date", "in_date", "out_date")}
    return frame.assign(**dates)
