"""The search: sample formulas, reward them, raise the chances of the good ones.

Reads top to bottom. One seed makes one run: the network's first weights and every draw come from generators made
from ``config.seed``; nothing global is touched for longer than the run. ``learner = "random"`` draws from the same
grammar with equal chances and never updates: the yardstick of the same budget.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Protocol

import numpy as np
import torch

from jq_strategy import formula as language
from sdk.training import low_rank, schedules
from sdk.training.archive import Archive, Find
from sdk.training.checkpoint import Checkpoint, Checkpoints
from sdk.training.config import TrainConfig
from sdk.training.grammar import Grammar
from sdk.training.judgement import Judgement
from sdk.training.objective import advantages, entropy_of, ppo_loss, reinforce_loss, standardised
from sdk.training.perturb import Words, perturbations
from sdk.training.policy import Policy
from sdk.training.progress import Seen, StepRecord
from sdk.training.sampling import Chances, Sample, Tokens, chances_of, sample_formulas, sample_of


class Rewarding(Protocol):
    """What the search needs of a judge: rewards of legal lists, and the features that no formula may use."""

    banned: frozenset[str]

    def judge_all(self, lists: tuple[Tokens, ...]) -> list[Judgement]:
        """Return the judgements of some legal lists, in their order."""


@dataclass(frozen=True)
class SearchResult:
    """The best formula of a run by reward on the training period; earlier found wins a tie.

    ``raw`` as it was written, ``tokens`` as it was repaired. ``candidates``: the best repaired lists that differ from
    each other, best first. ``weights``: the policy's after the last update, float32 by name. ``trials``: how many
    different portfolios were tried. ``last_batch``: the lists of the last update.
    """

    raw: Tokens
    tokens: Tokens
    judgement: Judgement
    candidates: tuple[Tokens, ...] = ()
    trials: int = 0
    records: list[StepRecord] = field(default_factory=list)
    weights: dict[str, np.ndarray] = field(default_factory=dict)
    last_batch: tuple[Tokens, ...] = ()


def search(
    config: TrainConfig,
    judge: Rewarding,
    on_step: Callable[[StepRecord], None] = lambda record: None,
    checkpoints: Checkpoints | None = None,
) -> SearchResult:
    """Run the configured number of updates and return the best formula seen.

    With ``checkpoints`` the run goes on from the newest one, bit for bit, and writes one every
    ``config.checkpoint_every`` steps.
    """
    with _settled(config):
        run = Search(config, judge)
        newest = checkpoints.newest() if checkpoints else None
        if newest is not None:
            run.restore(newest)
            for record in run.records:
                on_step(record)
        while run.step < config.steps:
            on_step(run.update())
            due = config.checkpoint_every and run.step % config.checkpoint_every == 0
            if checkpoints is not None and due and run.step < config.steps:
                checkpoints.save(run.step, *run.state())
        return run.result()


class Search:
    """The mutable state of a run, and one update of it."""

    def __init__(self, config: TrainConfig, judge: Rewarding) -> None:
        self._config, self._judge = config, judge
        self.grammar = Grammar(config.vocabulary, config.max_length, judge.banned, raw=config.masking == "raw")
        self._words = Words.of(config.vocabulary, config.max_length, judge.banned)
        self.policy, self.optimiser = make_policy(config, self.grammar)
        self._generator = torch.Generator(config.device).manual_seed(config.seed)
        self._elite, self._candidates = Archive(config.elite), Archive(config.candidates)
        self._seen, self.records, self.step = Seen(), [], 0  # type: ignore[var-annotated]
        self._last: tuple[Tokens, ...] = ()
        self._entropy = config.entropy

    def update(self) -> StepRecord:
        """Sample a batch, judge it, learn from it."""
        self.step += 1
        config, calm = self._config, schedules.is_calm(self._config, self.step)
        if not calm and self.step > 1 and schedules.is_calm(config, self.step - 1):
            self._elite = self._by_all_months(self._elite)
        epsilon = 0.0 if config.learner == "random" else schedules.epsilon(config, self.step)
        near = self._neighbours()
        drawn = config.batch - len(near)
        sample = sample_formulas(self.policy, self.grammar, drawn, self._generator, epsilon)
        everything = self._judged((*sample.raw, *near), (*sample.lists, *near), calm)
        judgements, earned = [f.judgement for f in everything[:drawn]], [f.reward for f in everything[:drawn]]
        overlap = self._elite.overlap(judgements)
        self._remember(everything)
        portfolios = len({judgement.portfolio for judgement in judgements}) / drawn
        earlier = self.records[-1].portfolios if self.records else portfolios
        self._entropy = schedules.entropy_weight(config, self._entropy, portfolios, earlier)
        entropy = self._learn(sample, np.asarray(earned), overlap)
        best = self._candidates.finds[0]
        self._last = sample.lists
        record = StepRecord(
            step=self.step,
            mean_reward=float(np.mean(earned)),
            best_reward=float(np.max(earned)),
            best_so_far=best.reward,
            entropy=entropy,
            distinct=len(set(sample.lists)) / drawn,
            portfolios=portfolios,
            entropy_weight=self._entropy,
            overlap=float(overlap.mean()),
            epsilon=epsilon,
            stable_rank=low_rank.stable_rank(self.policy.attention_weights()),
            judged=self._seen.lists,
            trials=self._seen.portfolios,
        )
        self.records.append(record)
        return record

    def _earned(self, tokens: Tokens, judgement: Judgement, calm: bool) -> float:
        """Return what the search is paid: the reward of the judge less the price of the length."""
        reward = judgement.calm_reward if calm else judgement.reward
        return reward - self._config.length_penalty * len(tokens)

    def _of_all_months(self, find: Find) -> Find:
        return replace(find, reward=self._earned(find.tokens, find.judgement, calm=False))

    def _by_all_months(self, archive: Archive) -> Archive:
        """Return the pool ranked by the reward of all months, when the calm part of the curriculum is over."""
        return Archive(archive.size).with_batch([self._of_all_months(find) for find in archive.finds])

    def _neighbours(self) -> tuple[Tokens, ...]:
        """Return formulas one small change away from those of the pool, as many of each: a share of the batch."""
        finds, wanted = self._elite.finds, round(self._config.neighbours * self._config.batch)
        if not finds or not wanted or self._config.learner == "random":
            return ()
        each, seed = -(-wanted // len(finds)), [self._config.seed, self.step]
        near = [one.tokens for find in finds for one in perturbations(find.tokens, self._words, each, seed)]
        return tuple(dict.fromkeys(near))[:wanted]

    def _remember(self, finds: list[Find]) -> None:
        self._elite = self._elite.with_batch(finds)
        self._candidates = self._candidates.with_batch([self._of_all_months(find) for find in finds])
        self._seen.add([find.tokens for find in finds], [find.judgement.portfolio for find in finds])

    def _learn(self, sample: Sample, earned: np.ndarray, overlap: np.ndarray) -> float:
        """Update the policy; return the entropy before the (first) update, in nats a token."""
        config = self._config
        distinct, which = sample.unique()
        which = which.to(distinct.tokens.device)
        rewards = torch.as_tensor(earned, dtype=torch.float32, device=which.device)
        if config.novelty > 0.0:
            too_close = np.maximum(0.0, overlap - config.novelty_from) / (1.0 - config.novelty_from)
            penalty = torch.as_tensor(config.novelty * too_close, dtype=torch.float32, device=which.device)
            rewards = standardised(rewards) - penalty
        with torch.set_grad_enabled(config.learner != "random"):
            chances = chances_of(self.policy, distinct)
            entropy = entropy_of(chances, which)
        if config.learner == "random":
            return float(entropy)
        if config.learner == "reinforce":
            self._minimise(reinforce_loss(chances, advantages(rewards, config), which), entropy)
        else:
            self._proximal(distinct, chances, standardised(rewards), which)
        return float(entropy.detach())

    def _proximal(self, distinct: Sample, first: Chances, rewards: torch.Tensor, which: torch.Tensor) -> None:
        counts = torch.bincount(which, minlength=len(distinct.lists)).to(torch.float32)
        of_each = torch.zeros(len(counts), device=which.device).index_copy_(0, which, rewards)
        old = first.detached()
        chances = first
        for epoch in range(self._config.ppo_epochs):
            if epoch > 0:
                chances = chances_of(self.policy, distinct)
            self._minimise(ppo_loss(chances, old, of_each, counts, self._config), entropy_of(chances, which))

    def _minimise(self, loss: torch.Tensor, entropy: torch.Tensor) -> None:
        """Take one step of the optimiser on the loss with its additions, then the low-rank step."""
        config, strength = self._config, schedules.decay(self._config, self.step)
        loss = loss - self._entropy * entropy
        if config.imitation > 0.0:
            elite = sample_of([find.raw for find in self._elite.finds], self.grammar, entropy.device)
            loss = loss - config.imitation * chances_of(self.policy, elite).taken.sum(dim=-1).mean()
        if config.low_rank == "nuclear":
            loss = loss + strength * low_rank.nuclear_norm(self.policy.attention_weights())
        self.optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.policy.parameters(), 1.0)
        self.optimiser.step()
        if config.low_rank == "newton_schulz":
            with torch.no_grad():
                low_rank.shrink(self.policy.attention_weights(), strength)

    def state(self) -> tuple[dict[str, torch.Tensor], dict]:
        """Return what a checkpoint holds: tensors, and the rest as JSON."""
        tensors = {f"policy.{name}": value for name, value in self.policy.state_dict().items()}
        for place, moments in self.optimiser.state_dict()["state"].items():
            tensors.update({f"optimiser.{place}.{name}": value for name, value in moments.items()})
        tensors["generator"] = self._generator.get_state()
        tensors.update(self._seen.tensors())
        about = {
            "entropy_weight": self._entropy,
            "records": [record.as_dict() for record in self.records],
            "elite": [find.raw for find in self._elite.finds],
            "candidates": [find.raw for find in self._candidates.finds],
        }
        return tensors, about

    def restore(self, found: Checkpoint) -> None:
        """Go back to a checkpoint."""
        tensors = found.tensors
        self.policy.load_state_dict({name: tensors[f"policy.{name}"] for name in self.policy.state_dict()})
        state: dict[int, dict[str, torch.Tensor]] = {}
        for name, value in tensors.items():
            if name.startswith("optimiser."):
                _, place, moment = name.split(".")
                state.setdefault(int(place), {})[moment] = value
        groups = self.optimiser.state_dict()["param_groups"]
        self.optimiser.load_state_dict({"state": state, "param_groups": groups})
        self._generator.set_state(tensors["generator"])
        self._seen = Seen.from_tensors(tensors)
        self.records = [StepRecord(**record) for record in found.about["records"]]
        self.step, self._entropy = found.step, found.about["entropy_weight"]
        calm = schedules.is_calm(self._config, self.step)
        self._elite = self._again(self._config.elite, found.about["elite"], calm)
        self._candidates = self._again(self._config.candidates, found.about["candidates"], calm=False)

    def _judged(self, raw: tuple[Tokens, ...], lists: tuple[Tokens, ...], calm: bool) -> list[Find]:
        """Judge formulas: as they were written, as they were repaired."""
        return [
            Find(written, tokens, self._earned(tokens, judgement, calm), judgement)
            for written, tokens, judgement in zip(raw, lists, self._judge.judge_all(lists), strict=True)
        ]

    def _again(self, size: int, lists: list[list[int]], calm: bool) -> Archive:
        """Return an archive again from its raw lists, in their order."""
        raw = tuple(tuple(tokens) for tokens in lists)
        return Archive(size, tuple(self._judged(raw, tuple(map(self.grammar.legal, raw)), calm)))

    def result(self) -> SearchResult:
        """Return what the run found."""
        best = self._candidates.finds[0]
        return SearchResult(
            raw=best.raw,
            tokens=best.tokens,
            judgement=best.judgement,
            candidates=tuple(find.tokens for find in self._candidates.finds),
            trials=self._seen.portfolios,
            records=self.records,
            weights={name: value.cpu().numpy().copy() for name, value in self.policy.state_dict().items()},
            last_batch=self._last,
        )


@contextmanager
def _settled(config: TrainConfig) -> Iterator[None]:
    """Set torch's threads, and on a GPU its deterministic algorithms, for a run and put them back.

    On a CPU all operations used here are deterministic as they are, and the switch would cost time: it fills every
    new tensor and imports a compiler.
    """
    threads, deterministic = torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()
    torch.set_num_threads(config.network_threads)
    torch.use_deterministic_algorithms(deterministic or config.device != "cpu")
    try:
        yield
    finally:
        torch.set_num_threads(threads)
        torch.use_deterministic_algorithms(deterministic)


def make_policy(config: TrainConfig, grammar: Grammar) -> tuple[Policy, torch.optim.Optimizer]:
    """Return a policy with the first weights of the seed, on the device, and its optimiser."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(config.seed)
        tokens = len(language.token_names(config.vocabulary))
        shape = (config.width, config.layers, config.heads, config.loops, config.mixture)
        policy = Policy(tokens, grammar.max_length, *shape).to(config.device)
    return policy, torch.optim.Adam(policy.parameters(), lr=config.learning_rate)
