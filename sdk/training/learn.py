"""REINFORCE: sample formulas, reward them, raise the probability of those above the batch's mean.

Reads top to bottom. One seed makes one run: the network's first weights and every draw come from generators made
from ``config.seed``; nothing global is touched. ``learner = "random"`` draws from the same grammar with equal
chances and never updates: the yardstick of the same budget.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import torch

from jq_strategy import formula as language
from sdk.training.config import TrainConfig
from sdk.training.grammar import Grammar
from sdk.training.policy import Policy
from sdk.training.reward import Judge, Judgement
from sdk.training.sampling import Sample, log_probability, sample_formulas


@dataclass(frozen=True)
class StepRecord:
    """What one update saw: rewards a month as fractions, entropy in nats, shares of the batch."""

    step: int
    mean_reward: float
    best_reward: float
    best_so_far: float
    entropy: float
    distinct: float
    judged: int


@dataclass(frozen=True)
class SearchResult:
    """The best formula of a run by reward on the training period; earlier found wins a tie.

    ``weights``: the policy's after the last update, float32 by name; ``last_batch``: the lists of that update.
    """

    tokens: tuple[int, ...]
    judgement: Judgement
    records: list[StepRecord] = field(default_factory=list)
    weights: dict[str, np.ndarray] = field(default_factory=dict)
    last_batch: tuple[tuple[int, ...], ...] = ()


def search(
    config: TrainConfig, judge: Judge, on_step: Callable[[StepRecord], None] = lambda record: None
) -> SearchResult:
    """Run the configured number of updates and return the best formula seen."""
    grammar = Grammar(config.vocabulary, config.max_length, judge.banned)
    policy, optimiser = make_policy(config, grammar)
    generator = torch.Generator().manual_seed(config.seed)
    best: tuple[int, ...] = ()
    best_judgement: Judgement | None = None
    records: list[StepRecord] = []
    elite: Elite | None = None
    for step in range(1, config.steps + 1):
        sample = sample_formulas(policy, grammar, config.batch, generator)
        judgements = judge.judge_all(sample.lists)
        rewards = torch.tensor([judgement.reward for judgement in judgements], dtype=torch.float32)
        chance, entropy = log_probability(policy, sample)
        if config.learner == "reinforce":
            elite = _elite(elite, sample, rewards, config.elite)
            elite_chance, _ = log_probability(policy, elite.sample)
            advantage = (rewards - rewards.mean()) / (rewards.std() + 1e-6)
            loss = -(advantage * chance).mean() - config.entropy * entropy.mean()
            loss = loss - config.imitation * elite_chance.mean()
            optimiser.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(policy.parameters(), 1.0)
            optimiser.step()
        place = int(np.argmax([judgement.reward for judgement in judgements]))
        if best_judgement is None or judgements[place].reward > best_judgement.reward:
            best, best_judgement = sample.lists[place], judgements[place]
        record = StepRecord(
            step=step,
            mean_reward=float(rewards.mean()),
            best_reward=judgements[place].reward,
            best_so_far=best_judgement.reward,
            entropy=float(entropy.mean().detach()),
            distinct=len(set(sample.lists)) / config.batch,
            judged=judge.judged,
        )
        records.append(record)
        on_step(record)
    assert best_judgement is not None
    weights = {name: value.numpy().copy() for name, value in policy.state_dict().items()}
    return SearchResult(best, best_judgement, records, weights, tuple(sample.lists))


@dataclass(frozen=True)
class Elite:
    """The best distinct formulas so far, best first, with the masks they were drawn under."""

    sample: Sample
    rewards: torch.Tensor


def _elite(elite: Elite | None, sample: Sample, rewards: torch.Tensor, size: int) -> Elite:
    """Return the ``size`` best distinct formulas of the elite and a new batch; what was there first wins a tie."""
    merged, all_rewards = sample, rewards
    if elite is not None:
        merged = elite.sample.joined(sample)
        all_rewards = torch.cat([elite.rewards, rewards])
    kept: list[int] = []
    for place in torch.argsort(all_rewards, descending=True, stable=True).tolist():
        if merged.lists[place] not in [merged.lists[before] for before in kept]:
            kept.append(place)
        if len(kept) == size:
            break
    return Elite(merged.rows(kept), all_rewards[kept])


def make_policy(config: TrainConfig, grammar: Grammar) -> tuple[Policy, torch.optim.Optimizer]:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(config.seed)
        tokens = len(language.token_names(config.vocabulary))
        policy = Policy(tokens, grammar.max_length, config.width, config.layers, config.heads)
    return policy, torch.optim.Adam(policy.parameters(), lr=config.learning_rate)
