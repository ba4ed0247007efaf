"""gplearn's own genetic search on our language and our reward, of the same budget as the policy's search.

gplearn evolves programs of functions over columns of numbers. Windows and ranks need whole panels, which a column
cannot be; so a column here does not hold values but *the formula that made it*: its first number is the length, the
others are tokens. A feature's column is its one token, a function appends its token to its operands' columns, and
the fitness reads the formula out of the column and asks the judge that the policy's search asks. gplearn itself is
not changed: its trees, its tournament of 20, its crossover and mutations, its default chances.

What differs from the policy's search, and for whom it speaks:

* Trees may outgrow ``max_length``; such a formula gets the floor of the reward and its place of the budget is spent.
* A token's price is gplearn's parsimony coefficient, of the same amount.
* gplearn would ship the best of its last generation; here the best of all generations counts, as for the policy.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from jq_strategy import formula as language
from sdk.scoring.rewards import floor_of
from sdk.training.config import TrainConfig
from sdk.training.judgement import Judgement
from sdk.training.learn import Rewarding

ROOM = 64  # numbers a column holds; far more than a formula may have tokens
Column = np.ndarray


@dataclass
class Genetic:
    """What the search found: the best list by reward less the price of its tokens, the first of equals.

    ``portfolios`` is one entry for each program in the order of evolution, None for one that was too long.
    """

    tokens: tuple[int, ...] = ()
    reward: float = -np.inf
    seconds: float = 0.0
    portfolios: list[int | None] = field(default_factory=list)

    def distinct_at(self, step: int, batch: int) -> float:
        """Return the share of different portfolios in the ``step``-th generation, the last one if there are fewer."""
        last = min(step * batch, len(self.portfolios))
        chosen = [portfolio for portfolio in self.portfolios[last - batch : last] if portfolio is not None]
        return len(set(chosen)) / batch


def genetic_search(config: TrainConfig, judge: Rewarding) -> Genetic:
    """Evolve ``steps`` generations of ``batch`` programs and return the best formula among them."""
    from gplearn.fitness import make_fitness
    from gplearn.genetic import SymbolicRegressor

    names = language.token_names(config.vocabulary)
    features = [token for token, name in enumerate(names) if not language.arity_of(name) and name not in judge.banned]
    found, floor = Genetic(), floor_of(config.reward)

    def fitness(y: Column, column: Column, weight: Column) -> float:
        if len(column) != ROOM:
            return 0.0  # gplearn tries the function on two numbers before it starts
        tokens = tokens_of(column)
        if len(tokens) > config.max_length:
            found.portfolios.append(None)
            return floor
        judgement: Judgement = judge.judge_all((tokens,))[0]
        found.portfolios.append(judgement.portfolio)
        earned = judgement.reward - config.length_penalty * len(tokens)
        if earned > found.reward:
            found.tokens, found.reward = tokens, earned
        return judgement.reward

    engine = SymbolicRegressor(
        population_size=config.batch,
        generations=config.steps,
        function_set=[function_of(name, token) for token, name in enumerate(names) if language.arity_of(name)],
        metric=make_fitness(function=fitness, greater_is_better=True, wrap=False),
        stopping_criteria=np.inf,
        const_range=None,
        parsimony_coefficient=config.length_penalty,
        random_state=config.seed,
    )
    start = time.process_time()
    engine.fit(np.stack([_column((token,)) for token in features], axis=1), np.zeros(ROOM))
    found.seconds = time.process_time() - start
    return found


def function_of(name: str, token: int) -> object:
    """Return gplearn's function for an operator: it writes the formula of its operands and itself."""
    from gplearn.functions import make_function

    def together(*columns: Column) -> Column:
        if len(columns[0]) != ROOM:
            return np.zeros(len(columns[0]))  # gplearn tries the function on ten numbers before it starts
        return _column((*(token for column in columns for token in tokens_of(column)), token))

    # gplearn counts a function's arguments by its code.
    shapes: dict[int, Callable[..., Column]] = {
        1: lambda a: together(a),
        2: lambda a, b: together(a, b),
        3: lambda a, b, c: together(a, b, c),
    }
    arity = language.arity_of(name)
    return make_function(function=shapes[arity], name=name, arity=arity, wrap=False)


def tokens_of(column: Column) -> tuple[int, ...]:
    """Return the formula that a column holds."""
    return tuple(int(token) for token in column[1 : 1 + int(column[0])])


def _column(tokens: tuple[int, ...]) -> Column:
    """Return the column of a formula; one that does not fit stays too long."""
    kept = tokens[-(ROOM - 1) :]
    column = np.zeros(ROOM)
    column[0], column[1 : 1 + len(kept)] = len(kept), kept
    return column
