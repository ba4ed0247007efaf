"""What a strategy does besides when it is switched on: lines of the rebalance that are put in, a table of rewrites.

Switched off, strategy.py is what it is without this file. The functions that the lines call are copied from
jq_strategy/rebalance_options.py like everything else (source_text.py).
"""

from __future__ import annotations

from dataclasses import dataclass

from jq_strategy.exposed import made_neutral_digest
from jq_strategy.exposures import STYLES, Style
from sdk.errors import ExportError
from sdk.scoring.neutral_choice import NOTHING, NeutralChoice

# switch -> (line of rebalance.py, what stands there when it is on)
REWRITES = {
    "listed": (
        (
            "        pool = sorted(get_index_stocks(POOL_INDEX))\n",
            "        pool = listed_long_enough(sorted(get_index_stocks(POOL_INDEX)), signal_day)\n",
        ),
    ),
    "neutral": (
        (
            "        scores = score_stocks(bars)\n",
            "        exposed = fetch_exposures(pool, signal_day)\n"
            "        scores = without_exposures(score_stocks(bars), exposed)\n",
        ),
        (
            "            key_parts(*tie_break),\n",
            "            key_parts(*tie_break) + [neutral_part(NEUTRALISE, STANDARDISE, exposed)],\n",
        ),
        (
            '    run_monthly(rebalance, 1, time="open")',
            "    g.same_arithmetic = same_neutral_arithmetic() and g.same_arithmetic\n"
            '    run_monthly(rebalance, 1, time="open")',
        ),
    ),
}
# switch -> the functions that its lines call
CALLED = {
    "listed": ("listed_long_enough",),
    "neutral": ("fetch_exposures", "without_exposures", "neutral_part", "same_neutral_arithmetic"),
}


@dataclass(frozen=True)
class Switches:
    """What is on: the exposures taken out of the scores, the trading days a stock must have been listed."""

    neutral: NeutralChoice = NOTHING
    min_listed_days: int = 0

    @property
    def on(self) -> tuple[str, ...]:
        """The names of REWRITES that are on."""
        found = {"listed": self.min_listed_days > 0, "neutral": bool(self.neutral.names)}
        return tuple(name for name in REWRITES if found[name])

    @property
    def called(self) -> set[str]:
        """The names that strategy.py needs besides."""
        names = {name for switch in self.on for name in CALLED[switch]}
        return names | {style.function.__name__ for style in _styles(self.neutral)}


def rewritten(texts: list[str], switches: Switches) -> list[str]:
    """Return the texts of definitions with the lines of what is on; ExportError for a line that is not there once."""
    for switch in switches.on:
        for before, after in REWRITES[switch]:
            count = sum(text.count(before) for text in texts)
            if count != 1:
                raise ExportError(
                    f"switch {switch!r}: {before.strip()!r} stands {count} times in the rebalance, not once"
                )
            texts = [text.replace(before, after) for text in texts]
    return texts


def header_lines(switches: Switches) -> list[str]:
    """Return the sentences of the header on what is on."""
    words = [style.words for style in _styles(switches.neutral)]
    words += ["申万一级行业均值"] if switches.neutral.by_industry else []
    said = {
        "listed": f"上市不足 {switches.min_listed_days} 个交易日的成分股不参与排名。",
        "neutral": f"排名前先从分数中剔除（横截面回归残差）：{'、'.join(words)}。",
    }
    return [said[switch] for switch in switches.on]


def setting_lines(switches: Switches) -> list[str]:
    """Return the lines of the settings of what is on."""
    lines = []
    if "listed" in switches.on:
        lines += ["# 上市不足此交易日数的股票不入池", f"MIN_LISTED_DAYS = {switches.min_listed_days}"]
    if "neutral" in switches.on:
        lines += [
            "# 中性化：从分数中剔除的暴露，及横截面变换 rank 排名 | zscore 标准分；改动请重新导出，否则自检不一致",
            f"NEUTRALISE = {switches.neutral.names}",
            f'STANDARDISE = "{switches.neutral.standard}"',
            f'NEUTRAL_CHECK = "{neutral_check(switches.neutral)}"',
        ]
    return lines


def exposure_table(neutral: NeutralChoice) -> str:
    """Return the text of EXPOSURES: name, function, inputs and days of each style that is taken out, in order."""
    rows = [
        f'    ("{style.name}", {style.function.__name__}, {style.inputs}, {style.days}),  # {style.words}'
        for style in _styles(neutral)
    ]
    return "\n".join(["# 剔除的风格暴露，按此顺序：名称、函数、输入、所需交易日数", "EXPOSURES = (", *rows, ")"])


def neutral_check(neutral: NeutralChoice) -> str:
    """Return the digest that the strategy has to reproduce before it trades."""
    table = [(style.name, style.function, style.inputs, style.days) for style in _styles(neutral)]
    return made_neutral_digest(table, neutral.by_industry, neutral.standard)


def _styles(neutral: NeutralChoice) -> list[Style]:
    return [style for style in STYLES if style.name in neutral.styles]
