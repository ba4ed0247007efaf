"""What an update minimises: REINFORCE and PPO on a batch of rewarded formulas.

Both work on the distinct lists of a batch, each with the number of times it was drawn: copies have the same reward
and the same gradient, so a converged policy costs less, and the sum is the same.

REINFORCE      − mean over samples of  A × log-chance of the formula,   A = (reward − baseline) ÷ deviation
  baseline: the mean of the batch; with ``risk_quantile`` q < 1 the batch's (1 − q) quantile, and only samples above
  it count (risk-seeking policy gradient: the best of the batch matter, not the mean; Petersen et al. 2021).
PPO            per token, ratio r of new to old chance:  − min(r A, clip(r, 1 ± c) A), A by generalised advantage
  estimation over the tokens of a formula with the value head, the reward at the last token, no discount.
"""

from __future__ import annotations

import torch
from torch import Tensor

from sdk.training.config import TrainConfig
from sdk.training.sampling import Chances


def standardised(rewards: Tensor) -> Tensor:
    """Return rewards minus their mean, over their deviation; 0 where all are equal."""
    centred = rewards - rewards.mean()
    return centred / (rewards.std(correction=0) + 1e-6)


def advantages(rewards: Tensor, config: TrainConfig) -> Tensor:
    """Return the weight of each sample's log-chance: (batch,)."""
    if config.risk_quantile >= 1.0:
        return standardised(rewards)
    cut = torch.quantile(rewards, 1.0 - config.risk_quantile)
    above = (rewards - cut).clamp(min=0.0)
    return above / (above.max() + 1e-6) / config.risk_quantile


def reinforce_loss(chances: Chances, advantage: Tensor, which: Tensor) -> Tensor:
    """Return the loss; ``advantage`` (batch,), ``which`` (batch,) says which distinct list a sample is."""
    weight = torch.zeros(len(chances.taken), device=advantage.device).index_add_(0, which, advantage)
    return -(weight * chances.taken.sum(dim=-1)).sum() / len(advantage)


def entropy_of(chances: Chances, which: Tensor) -> Tensor:
    """Return the mean entropy of a written token over the batch, in nats; places without a choice do not count."""
    each = (chances.entropy * chances.free).sum(dim=-1) / chances.free.sum(dim=-1).clamp(min=1)
    return each[which].mean()


def generalised_advantages(value: Tensor, rewards: Tensor, last: Tensor, decay: float) -> Tensor:
    """Return the advantage of each token (formulas, places); ``last`` is the place of each formula's final token.

    The step reward is 0 before ``last`` and the formula's reward there; nothing comes after.
    """
    places = value.shape[1]
    result, following = torch.zeros_like(value), torch.zeros_like(rewards)
    for place in reversed(range(places)):
        next_value = value[:, place + 1] if place + 1 < places else torch.zeros_like(rewards)
        at_end = last == place
        error = torch.where(at_end, rewards, next_value) - value[:, place]
        following = torch.where(last >= place, error + torch.where(at_end, 0.0, decay * following), 0.0)
        result[:, place] = following
    return result


def ppo_loss(chances: Chances, old: Chances, rewards: Tensor, counts: Tensor, config: TrainConfig) -> Tensor:
    """Return the clipped loss plus the value loss, of distinct formulas with ``counts`` (formulas,) copies each.

    ``old`` are the chances before the first update of the batch, without a gradient; ``rewards`` are standardised.
    """
    places = torch.arange(chances.taken.shape[1], device=counts.device)
    last = torch.where(chances.free, places, 0).amax(dim=1)  # after it nothing was chosen
    counted = counts[:, None] * chances.free
    advantage = generalised_advantages(old.value, rewards, last, config.gae_lambda)
    centre = (counted * advantage).sum() / counted.sum()
    spread = ((counted * (advantage - centre).square()).sum() / counted.sum()).sqrt()
    scaled = (advantage - centre) / (spread + 1e-6)
    ratio = (chances.taken - old.taken).exp()
    clipped = ratio.clamp(1.0 - config.ppo_clip, 1.0 + config.ppo_clip)
    gain = (counted * torch.minimum(ratio * scaled, clipped * scaled)).sum() / counted.sum()
    target = advantage + old.value
    miss = (counted * (chances.value - target).square()).sum() / counted.sum()
    return config.value_weight * miss - gain
