"""How an explanation looks in a terminal: a few lines, the tree, the findings."""

from __future__ import annotations

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text
from rich.tree import Tree as RichTree

from jq_strategy import formula as language
from jq_strategy import kernel
from sdk.formula.explain import REPAIR_WORDS, Explanation, range_text
from sdk.formula.ranges import range_of
from sdk.formula.trees import Tree

SEVERITIES = {"error": ("✗", "red"), "warning": ("!", "yellow"), "note": ("·", "cyan")}


def show(explanation: Explanation, console: Console) -> None:
    """Print an explanation."""
    console.print(Text(explanation.formula.expression, style="bold"))
    console.print(Text(explanation.words, style="dim"))
    console.print()
    console.print(_facts(explanation))
    console.print()
    console.print(_tree(explanation.tree))
    console.print()
    console.print(_findings(explanation))


def _grid() -> Table:
    grid = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    grid.add_column(no_wrap=True, style="dim")
    grid.add_column(overflow="fold")
    return grid


def _facts(explanation: Explanation) -> Table:
    formula = explanation.formula
    facts = _grid()
    facts.add_row("词表 vocabulary", f"{formula.vocabulary}, {formula.token_mode}")
    facts.add_row("原始 raw", _ids(formula.tokens_raw))
    facts.add_row("修复 repaired", _repaired(explanation))
    facts.add_row("回看 lookback", _chain(explanation))
    facts.add_row("输入 inputs", ", ".join(formula.inputs))
    facts.add_row("取值 range", range_text(range_of(explanation.tree)))
    facts.add_row("规范形 canonical", _canonical(explanation))
    facts.add_row("指纹 hash", explanation.hash)
    return facts


def _ids(tokens: tuple[int, ...]) -> Text:
    return Text("[" + ", ".join(str(token) for token in tokens) + "]")


def _repaired(explanation: Explanation) -> RenderableType:
    names = language.token_names(explanation.formula.vocabulary)
    if not explanation.repair.steps:
        return Text("原样合法，未改 · legal as it is")
    lines: list[RenderableType] = [_ids(explanation.formula.tokens_repaired)]
    end = "开头 start" if explanation.formula.token_mode == "prefix" else "末尾 end"
    for step in explanation.repair.steps:
        where = end if step.position is None else f"位置 position {step.position}"
        change = "+" if step.position is None else "−"
        words = f"{change} {names[step.token]} ({step.token})  {where}  {REPAIR_WORDS[step.rule]}  {step.rule}"
        lines.append(Text(words, style="yellow"))
    return Group(*lines)


def _chain(explanation: Explanation) -> Text:
    parts = [f"{name} {days}" for name, days in reversed(explanation.chain) if days]
    text = Text(f"{explanation.formula.lookback_days} 个交易日 days")
    return text.append(f" = {' + '.join(parts)}", style="dim")


def _canonical(explanation: Explanation) -> RenderableType:
    if explanation.canonical.tree == explanation.tree:
        return Text("就是它自己 · it is its own")
    rules = (
        ", ".join(dict.fromkeys(step.rule for step in explanation.canonical.steps)) or "delay_inward, delay_outward"
    )
    return Group(Text(explanation.canonical.expression), Text(rules, style="dim"))


def _tree(tree: Tree) -> RichTree:
    root = RichTree(_label(tree), guide_style="dim")
    _grow(root, tree)
    return root


def _grow(branch: RichTree, tree: Tree) -> None:
    for operand in tree[1:]:
        _grow(branch.add(_label(operand)), operand)


def _label(tree: Tree) -> Text:
    name = tree[0]
    label = Text(name, style="bold" if len(tree) == 1 else "")
    entry = kernel.FEATURE_TABLE.get(name) or kernel.OPERATOR_TABLE[name]
    depth = 0 if len(tree) == 1 else kernel.OPERATOR_TABLE[name].depth
    label.append(f"  {entry.words}", style="green")
    if depth:
        label.append(f"  +{depth} 日", style="magenta")
    return label.append(f"  {range_text(range_of(tree))}", style="dim")


def _findings(explanation: Explanation) -> RenderableType:
    if not explanation.findings:
        return Text("检查：没有发现 · checks: nothing found", style="green")
    table = _grid()
    for finding in explanation.findings:
        mark, colour = SEVERITIES[finding.severity]
        lines: list[RenderableType] = [Text(finding.text)]
        if finding.node != explanation.formula.expression:
            lines.append(Text(finding.node, style="dim"))
        table.add_row(Text(f"{mark} {finding.code}", style=f"not dim {colour}"), Group(*lines))
    return table
