"""Run by CPython 3.6: compute stored operators and formulas with the ground floor itself.

usage: run_on_36.py asked.npz answered.npz
"""

import os
import sys

import numpy as np

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))

from jq_strategy import formula, kernel

stored = np.load(sys.argv[1], allow_pickle=False)
panels = {}
arguments = {}
for key in stored.files:
    number, name, place = key.split("|")
    if number == "panel":
        panels.setdefault(name, {})[place] = stored[key]
    else:
        arguments.setdefault((number, name), {})[int(place)] = stored[key]
answers = {}
for (number, name), values in arguments.items():
    if name == "formula":
        ((panel, tokens),) = values.items()
        tree = formula.parse([int(token) for token in tokens], "v3")
        answers[number] = formula.evaluate(tree, panels[str(panel)])[:, 0]
    else:
        with np.errstate(all="ignore"):
            answers[number] = kernel.OPERATOR_TABLE[name].function(*[values[place] for place in sorted(values)])
np.savez(sys.argv[2], **answers)
