"""The illusion of a formula as one self-contained page: RankIC and NAV under both normalisations, month by month."""

from __future__ import annotations

from itertools import accumulate
from pathlib import Path

import numpy as np
from markupsafe import Markup, escape

from sdk import files
from sdk.report.charts import Curve, line_chart
from sdk.scoring.figures import compounded
from sdk.scoring.illusion import Illusion

GLOBAL, ROLLING = "#c53030", "#2f6fd0"
_STYLE = """body{margin:0;background:#f3f5f8;color:#2b3440;font:14px/1.6 "Noto Sans CJK SC","PingFang SC",sans-serif}
main{max-width:1100px;margin:0 auto;padding:16px 20px 40px}section{background:#fff;border:1px solid #e3e8ef;
border-radius:6px;padding:14px 18px;margin:0 0 14px}h1{font-size:30px;margin:0}h2{font-size:15px;margin:0 0 8px}
svg{display:block;width:100%;height:auto}svg text{font-size:12px;fill:#8a96a3}svg .v{text-anchor:end}
svg .d{text-anchor:middle}svg .grid{stroke:#eef1f5}svg .zero{stroke:#c4ccd6}table{border-collapse:collapse;width:100%}
th,td{text-align:right;padding:4px 8px;border-bottom:1px solid #eef1f5}th:first-child,td:first-child{text-align:left}
code{overflow-wrap:anywhere}"""
_PAGE = Markup("""<!DOCTYPE html>
<html lang="zh-CN"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>归一化幻觉 · {year}</title><style>{style}</style></head><body><main>
<section><h1>幻觉 {gap} 个百分点</h1><p><code>{formula}</code></p>
<p>{year} 年月度 Top {k}：全期归一化看上去收益 {one}，滚动归一化（可交易）收益 {other}；
RankIC 均值 {ic_one} 对 {ic_other}。差额来自用到了未来的中位数与 MAD，没有人能交易它。</p></section>
<section><h2>净值，%（月度，含费用）</h2>{nav}</section>
<section><h2>RankIC，%（月度）</h2>{ic}</section>
<section><h2>逐月</h2><table><tr><th>月</th><th>RankIC 全期</th><th>RankIC 滚动</th>
<th>收益 全期</th><th>收益 滚动</th></tr>{rows}</table></section></main></body></html>
""")


def write_page(found: Illusion, path: Path) -> None:
    """Write the page in one step; it asks for nothing."""
    files.write_text(path, str(page(found)))


def page(found: Illusion) -> Markup:
    """Return the page."""
    labels = [f"{month}-01" for month in found.months]
    nav = [
        Curve("全期（幻觉）", GLOBAL, grown(found.returns_global)),
        Curve("滚动", ROLLING, grown(found.returns_rolling)),
    ]
    ic = [
        Curve("全期（幻觉）", GLOBAL, (found.rank_ic_global * 100).tolist()),
        Curve("滚动", ROLLING, (found.rank_ic_rolling * 100).tolist()),
    ]
    return _PAGE.format(
        year=found.year,
        style=Markup(_STYLE),
        gap=f"{found.return_gap * 100:+.2f}",
        formula=found.formula,
        k=found.top_k,
        one=f"{compounded(found.returns_global):+.2%}",
        other=f"{compounded(found.returns_rolling):+.2%}",
        ic_one=f"{np.mean(found.rank_ic_global):+.4f}",
        ic_other=f"{np.mean(found.rank_ic_rolling):+.4f}",
        nav=line_chart(labels, nav, 300),
        ic=line_chart(labels, ic, 220),
        rows=Markup("").join(_row(cells) for cells in rows(found)),
    )


def rows(found: Illusion) -> list[tuple[str, ...]]:
    """Return the table: month, RankIC global and rolling, return global and rolling; the year last."""
    columns = (found.rank_ic_global, found.rank_ic_rolling, found.returns_global, found.returns_rolling)
    told = [
        (month, f"{a:+.4f}", f"{b:+.4f}", f"{c:+.2%}", f"{d:+.2%}")
        for month, a, b, c, d in zip(found.months, *columns, strict=True)
    ]
    means = [f"{np.mean(column):+.4f}" for column in columns[:2]]
    return [*told, (f"{found.year} 年", *means, *(f"{compounded(column):+.2%}" for column in columns[2:]))]


def grown(returns: np.ndarray) -> list[float]:
    """Return the cumulative return in percent after each month."""
    return [(value - 1) * 100 for value in accumulate((1.0 + returns).tolist(), lambda a, b: a * b)]


def _row(cells: tuple[str, ...]) -> Markup:
    return Markup("<tr>{}</tr>").format(Markup("").join(Markup("<td>{}</td>").format(escape(cell)) for cell in cells))
