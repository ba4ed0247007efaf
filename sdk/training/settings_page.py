"""``docs/training.md``: how to train, the tables of settings and gates; ``python -m sdk.training.settings_page``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic.fields import FieldInfo

from sdk.training.gates import GATES
from sdk.training.settings import (
    EngineSettings,
    GateSettings,
    LearningSettings,
    PeriodSettings,
    PolicySettings,
    RewardSettings,
    Settings,
)

PAGE = Path(__file__).resolve().parents[2] / "docs" / "training.md"
GROUPS: tuple[tuple[str, type[Settings]], ...] = (
    ("时期与股票池 Periods and pool", PeriodSettings),
    ("策略网络 Policy", PolicySettings),
    ("学习 Learning", LearningSettings),
    ("奖励与成本 Reward and costs", RewardSettings),
    ("选择与门槛 Selection and gates", GateSettings),
    ("引擎 Engine", EngineSettings),
)
GATE_SETTINGS = {
    "tie_share": "gate_tie_share",
    "turnover": "gate_turnover",
    "breadth": "gate_breadth",
    "cost_ranking": "gate_cost_ranking",
    "evidence": "gate_sharpe",
}

HEAD = """# 训练、选择与实验 · Training, selection, experiments

<!-- Made by `python -m sdk.training.settings_page` from settings.py and gates.py of sdk/training. -->

```
jqalpha train run.toml --market DIR --out runs            # 搜索、选择、写出一个目录
jqalpha train run.toml --market DIR --out runs --resume   # 中断之后继续，结果逐字节相同
jqalpha runs runs                                         # 列出
jqalpha runs compare runs/A runs/B                        # 不同的设置与各项数字
jqalpha holdout runs/A --market DIR                       # 看一次留出期，计数
jqalpha experiment run.toml --market DIR --out exp --seeds 5 --workers 2
```

`run.toml` 只写与默认不同的设置，一行一个，不分表头：

```toml
train = ["2015-01-01", "2021-12-31"]
valid = ["2022-01-01", "2023-12-31"]
holdout = ["2024-01-01", ""]
steps = 60
batch = 512
reward = {excess = 1.0}
```

A file names only what differs from the defaults, without table headers; unknown names are errors that say the
nearest one. All settings and the hash of the data name the run: `runs/<learner>-seed<N>-<8 digits>/`. The same
settings, data and seed give the same bytes on a CPU.

## 时期 Periods

| 时期 | 谁读它 who reads it |
|---|---|
| `train` | 搜索的奖励；候选按它排序 rewards, and the order of the candidates |
| `valid` | 只有门槛与回测确认；从不参与排序 gates and confirmation only, never the ranking |
| `holdout` | 只有 `jqalpha holdout` 与实验的“测试”栏，每看一次记入 `looks.json` |
| `pressure` | 只有 `jqalpha holdout --period pressure`；全部股票，显示批量评价的数字 every stock |

不设 `valid` 也能训练，但没有公式算“通过”。Without a validation period nothing is called passed.

日期写成 `2024-12-31`，首末两日都包括在内；`train`、`valid`、`holdout` 须依次排开、互不重叠，否则报错；
`pressure` 不限。
Days are ISO and inclusive; train, valid and holdout must follow each other without overlap.

特征要看之前最多 140 个交易日。行情若开始得不够早，最初几次调仓没有分数（等于持币，
RankIC 记 0），训练会说出几次、宜从哪天开始。
Where the bars begin too late for the windows, the run says how many rebalances have no scores and when to begin.

## 目录里有什么 What a run leaves

| 文件 | 内容 |
|---|---|
| `config.json` | 全部设置与其散列 resolved settings and their hash |
| `metrics.csv` | 每次更新一行 one row an update |
| `selection.json` | 全部候选：数字、门槛、回测；选中哪一个，为什么 all candidates with figures and gates |
| `formula.json` | 选中的公式（原始与修复后的 token） the formula that is shipped |
| `policy.safetensors` | 最后一次更新后的网络 weights after the last update |
| `run.json` | 公式、时期、数据散列、版本 |
| `looks.json` | 留出期被看过几次、看到什么（重训不清除） every look at holdout or pressure |

没跑完的训练把检查点放在 `OUT/.working/<id>/`，每 `checkpoint_every` 步一个，随时可被杀死。同一命令再来时须说明：
`--resume` 从最新的检查点继续，`--fresh` 丢弃重来；两者都不写则报错，免得悄悄丢掉或悄悄沿用。
A run that was stopped keeps its checkpoints; the same command then asks for `--resume` or `--fresh`.

## 选择 Selection

1. 候选：搜索中训练奖励最好的 `candidates` 个不同组合，加上各自 `perturbations` 个合法的邻居（换特征、换同元算子、
   换窗口、插入或删去一元算子、交换操作数、只留一个操作数、与一个特征合成；由种子决定）。持股完全相同的公式算一个。
2. 全部候选在训练期与验证期各算一遍，并以 0.5 倍与 1.5 倍成本重算训练期。
3. 按训练奖励从好到坏，第一个通过全部门槛并经回测器确认的公式即为所选；回测器至多问 `confirmations` 次。
   回测器跑的就是导出的 `strategy.py`，成本按设置（冲击成本只在批量评价里有，回测器没有）。
4. 没有公式通过时，交出训练奖励最好的一个，标明 `passed: false` 与未过的门槛。

Validation opens or closes a gate; it never ranks, so the choice does not maximise it. Where the exporter is not
installed, the selection says that it is unconfirmed.

### 门槛 Gates

| 门槛 gate | 看什么 measures | 条件 | 设置 setting |
|---|---|---|---|
"""

LUCK = """
牛熊规则：验证期基准（股票池均值；回测器用指数）B ≥ 0 时要求超额 E > 0；B < 0 时要求 E > 0 且总收益 T > 0。

### 运气 How much of it is luck

- **DSR**（通胀修正夏普，Bailey & López de Prado 2014）：
  验证期月度超额的夏普比率，超过“试了 N 次、没有本事时最好的一次”的概率；
  方差取候选在验证期的夏普比率之间的方差，偏度与峰度计入标准误。门槛的 N 由 `gate_sharpe_trials` 定：
  `search` = 搜索评价过的不同组合数加上邻居（最严：两年的验证期要信息比率约 3.5 才过）；`validated` = 候选数；
  `looked`（默认）= 按训练奖励的次序看到它为止的个数加一，方差不低于纯机会（没有本事的一串候选，最多 5 %
  会有一个通过；第一个候选在两年的验证期约要信息比率 1.7）。`selection.json` 总写着按 `search` 算的 DSR。
- **PBO**（过拟合概率，Bailey 等 2017，CSCV）：把训练期与验证期的月份切成偶数块，取一半选出最好的候选，
  看它在另一半是否不如中位数。纯噪声约为 0.5；在报告里，不是门槛。

`sdk/training/overfit.py` has the formulas; they reproduce the numbers of the papers.

## 留出期 The holdout

训练与选择没有读它的途径。每次 `jqalpha holdout`（以及实验的“测试”栏）先在 `looks.json` 记下一次，再计算，
所以中断的一看也算数；次数与数字一起显示。看了再改设置，留出期就成了验证期：请数着用。
Each look is counted before a number is computed and shown with every figure.

## 实验 Experiments

`jqalpha experiment run.toml --market DIR --out EXP --seeds 5` 对种子 1 … 5 各训练、选择、回测一遍，每个时期一张表
（收益、超额、信息比率、RankIC、月换手、并列、门槛），附均值 ± 标准差与通过率，写入 `experiment.json` 与
`experiment.csv`。收益、超额、信息比率、换手都来自回测器，含成本；RankIC 与并列来自批量评价。

- 默认用本机进程，`--workers N` 不改变任何结果；每个种子的线程数按设置。
- `--engine ray`（`pip install 'jqalpha[ray]'`）在本机起 N 个 Ray 工作进程；`--address auto` 或 `ray://…` 用已有集群，
  此时行情包与结果目录须在各机器上同一路径可见。结果与本机相同。
- 中断之后再跑同一命令：已完成的种子不重训（由别的版本训练的则报错），未完成的从检查点继续。测试期会再计一次“看”。

`--tensorboard DIR`（`pip install 'jqalpha[tensorboard]'`）另写每一步的曲线。

## 设置 Settings

"""


def training_page() -> str:
    """Return the page."""
    gates = "".join(
        f"| `{gate.name}` | {gate.measures} | {gate.sign} {_limit(gate.name)} | "
        f"{f'`{GATE_SETTINGS[gate.name]}`' if gate.name in GATE_SETTINGS else ''} |\n"
        for gate in GATES
    )
    return HEAD + gates + LUCK + "\n".join(_table(title, group) for title, group in GROUPS)


def _limit(gate: str) -> str:
    return f"{GateSettings.model_fields[GATE_SETTINGS[gate]].default:g}" if gate in GATE_SETTINGS else "0"


def _table(title: str, group: type[Settings]) -> str:
    lines = [f"### {title}\n", "| 设置 | 默认 | 取值 | 含义 |", "|---|---|---|---|"]
    for name, field in group.model_fields.items():
        lines.append(f"| `{name}` | {_value(field.default)} | {_range(field)} | {field.description or ''} |")
    return "\n".join(lines) + "\n"


def _value(value: Any) -> str:
    if isinstance(value, tuple):
        return f"`[{', '.join(_plain(item) for item in value)}]`"
    if isinstance(value, dict):
        return f"`{{{', '.join(f'{key} = {item:g}' for key, item in value.items())}}}`"
    return f"`{_plain(value)}`"


def _plain(value: Any) -> str:
    return f'"{value}"' if isinstance(value, str) else f"{value:g}" if isinstance(value, float) else str(value)


def _range(field: FieldInfo) -> str:
    choices = getattr(field.annotation, "__args__", ())
    if choices and all(isinstance(choice, str) for choice in choices):
        return " ".join(f"`{choice}`" for choice in choices)
    signs = {"ge": "≥", "gt": ">", "le": "≤", "lt": "<"}
    bounds = [
        f"{sign} {getattr(bound, name):g}"
        for bound in field.metadata
        for name, sign in signs.items()
        if hasattr(bound, name)
    ]
    return "，".join(bounds)


if __name__ == "__main__":
    PAGE.write_text(training_page(), encoding="utf-8")
