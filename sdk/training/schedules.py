"""What changes with the step: ε of the ε-greedy draw, the entropy, the curriculum, the low-rank decay.

Steps count from 1. All but one are functions of the settings and the step alone; ``entropy_weight`` depends on the
weight and the batch before it, which a checkpoint holds. So a resumed run goes on where it was.
"""

from __future__ import annotations

import math

from sdk.training.config import TrainConfig

_LARGEST_ENTROPY = 300.0  # times the setting
_DAMPING = 10.0  # batches; with 3 to 6 the share still swings by 0.2


def epsilon(config: TrainConfig, step: int) -> float:
    """Return ε: from ``epsilon_start`` linearly to ``epsilon_end`` over the first ``epsilon_share`` of the steps."""
    falling = config.epsilon_share * config.steps
    done = min(1.0, (step - 1) / falling) if falling > 0 else 1.0
    return config.epsilon_start + (config.epsilon_end - config.epsilon_start) * done


def entropy_weight(config: TrainConfig, before: float, portfolios: float, earlier: float) -> float:
    """Return the weight of the entropy after a batch of which ``portfolios`` were different ones (share).

    It grows by the distance below ``diversity`` and by the fall since the batch before (``earlier``), and shrinks by
    the same measures, never under ``entropy``. The policy answers some batches late: by the distance alone the share
    swings between 0.3 and 0.95, because the weight goes on growing until it has arrived.
    """
    if config.diversity == 0.0 or config.entropy == 0.0:
        return config.entropy
    moved = before * math.exp(config.diversity - portfolios + _DAMPING * (earlier - portfolios))
    return min(max(moved, config.entropy), _LARGEST_ENTROPY * config.entropy)


def is_calm(config: TrainConfig, step: int) -> bool:
    """Return whether this step is paid for calm months only: the first ``calm_share`` of the steps."""
    return step <= config.calm_share * config.steps


def decay(config: TrainConfig, step: int) -> float:
    """Return the strength of the low-rank decay: from a tenth of ``low_rank_decay`` linearly to all of it."""
    done = (step - 1) / max(1, config.steps - 1)
    return config.low_rank_decay * (0.1 + 0.9 * done)
