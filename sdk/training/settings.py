"""The settings of a training run, in groups that follow the road: periods, policy, learning, reward, gates, engine.

Flat names: a TOML file writes ``steps = 60`` without a table. Everything that can change a result is here, so the
hash of the resolved settings names a run. Bounds are checked by config.py.
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

# first and last day; "" = as early or as late as the bundle allows; both "" = no such period
Period = tuple[str, str]


class Settings(BaseModel):
    """Frozen values; unknown keys are errors. Defaults are validated too, so that 1 and 1.0 have one hash."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)


class PeriodSettings(Settings):
    """When and on which stocks. Training reads nothing later than the last day of ``train``."""

    train: Period = Field(("", ""), description="训练期首末日")
    valid: Period = Field(("", ""), description="验证期：选择公式用")
    holdout: Period = Field(("", ""), description="留出期：只在最后看，每看一次计一次")
    pressure: Period = Field(("", ""), description="压力期：不过滤股票池")
    warm_up_days: int = Field(730, ge=0, description="训练期之前读取的自然日数，算完特征即释放")
    pool_index: str = Field("000300.XSHG", description="股票池指数，按当日成分")
    min_listed_days: int = Field(180, ge=0, description="上市不足此交易日数不入池")
    top_k: int = Field(10, ge=1, description="持股数")
    rank_keys: tuple[str, ...] = Field(("code",), description="同分先后：held（只能在首位）、money、code")


class PolicySettings(Settings):
    """The looped transformer and the language it writes."""

    vocabulary: str = Field("v2", description="词表")
    max_length: int = Field(12, ge=1, le=64, description="公式最长 token 数")
    masking: Literal["grammar", "raw"] = Field("grammar", description="raw = 不加语法掩码，采样后修复")
    width: int = Field(64, ge=8, description="模型宽度")
    layers: int = Field(2, ge=1, description="层数")
    loops: int = Field(3, ge=1, description="每层循环次数（共享权重）")
    heads: int = Field(4, ge=1, description="注意力头数")
    mixture: int = Field(2, ge=1, description="输出头数，按门控混合")


class LearningSettings(Settings):
    """How the policy learns from rewards."""

    seed: int = Field(1, ge=0, description="随机种子")
    learner: Literal["reinforce", "ppo", "random"] = Field("reinforce", description="random = 同预算的随机搜索")
    steps: int = Field(30, ge=1, description="更新次数")
    batch: int = Field(64, ge=2, description="每次采样的公式数")
    learning_rate: float = Field(3e-3, gt=0, description="学习率")
    entropy: float = Field(0.1, ge=0, description="熵奖励系数（下限）")
    diversity: float = Field(0.65, ge=0, le=1, description="批内不同组合的目标占比；低于它熵系数自动升高；0 = 不变")
    epsilon_start: float = Field(0.1, ge=0, le=1, description="ε-greedy 起始值")
    epsilon_end: float = Field(0.01, ge=0, le=1, description="ε-greedy 终值")
    epsilon_share: float = Field(0.3, ge=0, le=1, description="ε 线性下降所占的步数比例")
    risk_quantile: float = Field(1.0, gt=0, le=1, description="只学批内最好的这一份；1 = 全部；只用于 reinforce")
    elite: int = Field(12, ge=1, description="记住的最好公式数，也是新颖性所比的公式池")
    imitation: float = Field(0.3, ge=0, description="模仿最好公式的损失系数；0 = 不模仿")
    length_penalty: float = Field(0.0, ge=0, description="每个 token 的罚系数，奖励的单位；简短的公式少拟合噪声")
    neighbours: float = Field(0.25, ge=0, le=0.5, description="批内由公式池中公式改动一处而来的份额，计入预算")
    novelty: float = Field(0.0, ge=0, description="与公式池分数相关的罚系数；0 = 不罚")
    novelty_from: float = Field(0.7, ge=0, lt=1, description="相关系数高于此值才罚")
    calm_share: float = Field(0.0, ge=0, lt=1, description="课程：前这一份步数只用平静月份；0 = 不用课程")
    ppo_clip: float = Field(0.2, gt=0, description="PPO 截断")
    ppo_epochs: int = Field(3, ge=1, description="PPO 每批更新遍数")
    gae_lambda: float = Field(0.95, ge=0, le=1, description="GAE λ")
    value_weight: float = Field(0.5, ge=0, description="价值头损失系数")
    low_rank: Literal["off", "newton_schulz", "nuclear"] = Field("off", description="注意力权重的低秩衰减")
    low_rank_decay: float = Field(5e-4, ge=0, description="低秩衰减 λ，从 0.1 λ 线性升到 λ")


class RewardSettings(Settings):
    """What a formula is paid for, and at which costs."""

    reward: dict[str, float] = Field({"excess": 1.0}, description="奖励名 = 权重，见 sdk/scoring/rewards.py")
    tie_penalty: float = Field(0.01, ge=0, description="切口落在并列组内的月份占比的罚系数")
    turnover_penalty: float = Field(0.0, ge=0, description="月换手的罚系数")
    commission: float = Field(0.0003, ge=0, description="佣金率")
    stamp_tax: float = Field(0.001, ge=0, description="卖出印花税率")
    half_spread: float = Field(0.00123, ge=0, description="单边滑点")
    impact_low: float = Field(1e-5, ge=0, description="冲击成本率：成交占比趋于 0 时")
    impact_high: float = Field(3e-5, ge=0, description="冲击成本率：成交占 20 日均成交额 20 % 时，其间线性")
    capital: float = Field(1_000_000, gt=0, description="资金（元），冲击成本用")
    neutralise: tuple[str, ...] = Field(
        (), description="中性化因子：size value momentum volatility liquidity beta industry"
    )
    standardise: Literal["rank", "zscore"] = Field("rank", description="中性化前的横截面变换")


class GateSettings(Settings):
    """What a formula must pass after the search, on the validation period. See sdk/training/gates.py."""

    candidates: int = Field(24, ge=1, description="进入选择的公式数")
    perturbations: int = Field(8, ge=0, description="每个候选的局部扰动数")
    confirmations: int = Field(3, ge=1, description="至多交回测器确认几个过门槛的公式")
    gate_tie_share: float = Field(0.05, ge=0, le=1, description="并列切口月份占比上限")
    gate_turnover: float = Field(1.0, gt=0, description="月换手上限")
    gate_breadth: float = Field(0.5, ge=0, le=1, description="池内有分数的股票占比下限")
    gate_cost_ranking: float = Field(0.9, ge=-1, le=1, description="成本 ±50 % 时候选排名的 Spearman 相关下限")
    gate_sharpe: float = Field(0.95, ge=0, le=1, description="验证期通胀修正夏普（DSR）概率下限；0 = 不查")
    gate_sharpe_trials: Literal["search", "validated", "looked"] = Field(
        "looked",
        description="DSR 门槛的试验次数：search = 搜索评价过的组合，validated = 候选数，looked = 看到它为止",
    )


class EngineSettings(Settings):
    """Where and how fast; only ``precision``, ``device`` and ``network_threads`` can change a bit."""

    precision: Literal["float64", "float32"] = Field(
        "float64", description="搜索精度；float32 较快，分数不再逐位一致"
    )
    device: str = Field("cpu", description="cpu；cuda … = 策略网络与打分都在 GPU（尚未在 GPU 上运行过）")
    threads: int = Field(1, ge=1, le=64, description="打分线程数；不改变任何结果")
    network_threads: int = Field(1, ge=1, le=64, description="策略网络线程数")
    remembered: int = Field(100_000, ge=1, description="记住的公式数上限（约 3 KB 一个）")
    checkpoint_every: int = Field(10, ge=0, description="每多少步写一个检查点；0 = 不写")


class AllSettings(PeriodSettings, PolicySettings, LearningSettings, RewardSettings, GateSettings, EngineSettings):
    """The settings of a run."""
