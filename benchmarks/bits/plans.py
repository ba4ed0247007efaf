"""A formula's plan over features that were computed once: the same text for numpy 3.11, numpy on 3.6, and torch.

What ``jq_strategy.formula.evaluate`` does for one formula, for many: the missing-bar rule and the features run once a
panel, on that back end's own functions, over more days than most formulas need; then each formula follows its plan.

Runs on CPython 3.6 with numpy alone.
"""

from jq_strategy import formula as language

ROWS_AT_ONCE = 40  # rows whose features are computed together: their windows stay small


class SharedFeatures:
    """Formulas on one stack of bars, name -> (rows, days).

    ``kernel`` holds the kernel and the missing-bar rule on one back end; ``join`` puts arrays under each other.
    ``blocks`` are the pools, as slices of rows: stocks are compared within a pool only, and its arrays stay small.
    """

    def __init__(self, kernel, join, bars, blocks):
        self._kernel, self._join, self._blocks = kernel, join, blocks
        self._known = {}  # type: dict
        self._filled = {}  # type: dict
        for name, array in bars.items():
            self._known[name], (self._filled[name],) = kernel.usable_bars([array], [name])
        self._features = {}  # type: dict
        self._masks = {}  # type: dict

    def scores(self, tree):
        """Return the scores of the last day, one part (pool,) for each pool."""
        return [self._follow(tree, block) for block in self._blocks]

    def _follow(self, tree, rows):
        kernel = self._kernel
        values = {}  # type: dict
        scored = self._scored(tree)
        for step in language.plan(tree):
            if step.operands:
                operator = kernel.OPERATOR_TABLE[step.name]
                operands = [kernel.tail(values[label], days) for label, days in step.operands]
                value = operator.function(*(operands + [scored[rows]] if operator.across else operands))
            else:
                value = kernel.tail(self._feature(step.name), step.days)[rows]
            values[step.label] = value
        return kernel.mask_unknown(value, scored[rows], 1)[:, 0]

    def _scored(self, tree):
        """Return whose bars are all known over the whole lookback: (rows, 1)."""
        names, lookback = tuple(language.inputs_of(tree)), language.lookback_days(tree)
        if (names, lookback) not in self._masks:
            known = self._known[names[0]]
            for name in names[1:]:
                known = self._kernel.both(known, self._known[name])
            self._masks[names, lookback] = self._kernel.window_all(self._kernel.tail(known, lookback), lookback)
        return self._masks[names, lookback]

    def _feature(self, name):
        if name not in self._features:
            feature = self._kernel.FEATURE_TABLE[name]
            inputs = [self._filled[field] for field in feature.inputs]
            starts = range(0, len(inputs[0]), ROWS_AT_ONCE)
            parts = [feature.function(*[x[start : start + ROWS_AT_ONCE] for x in inputs]) for start in starts]
            self._features[name] = self._join(parts)
        return self._features[name]
