"""``jqalpha formula``: explain a formula, convert it between its forms."""

from __future__ import annotations

import click

_VOCABULARY = click.option(
    "--vocabulary", help="词表 vocabulary: v1 | v2 | … ；不写则在确定时自动选 chosen if certain"
)
_TOKEN_MODE = click.option(
    "--token-mode", default="postfix", show_default=True, type=click.Choice(["postfix", "prefix"]), help="token 顺序"
)
_JSON = click.option("--json", "as_json", is_flag=True, help="机器可读 machine form")
_FORMULA = click.argument("formula", nargs=-1, required=True, metavar="FORMULA")
_FORMS = ("infix", "postfix", "prefix", "tokens", "tokens-prefix")
_SETTINGS = {"ignore_unknown_options": True}  # (-RET) and -1 are formulas, not options


@click.group()
def formula() -> None:
    """解释、转换公式 · Explain a formula, convert it between its forms.

    \b
    FORMULA is one of
      formula.json, old.json        a file, also of the older kinds
      19 0 18 7 | '[19, 0, 18, 7]'  token ids
      MOM20 RET TSUM20 SUB          names in token order
      '(MOM20 - TSUM20(RET))'       an expression
    """


@formula.command(context_settings=_SETTINGS)
@_FORMULA
@_VOCABULARY
@_TOKEN_MODE
@_JSON
def explain(formula: tuple[str, ...], vocabulary: str | None, token_mode: str, as_json: bool) -> None:
    """词义、树、修复、回看、规范形、警告 · Words, tree, repair, lookback, canonical form, warnings.

    Example: jqalpha formula explain 19 0 18 7
    """
    from sdk import files
    from sdk.formula.explain import explain as explained
    from sdk.formula.reading import read_formula

    explanation = explained(read_formula(" ".join(formula), vocabulary, token_mode))
    if as_json:
        click.echo(files.to_json(explanation.as_json()), nl=False)
        return
    from rich.console import Console

    from sdk.formula.explain_view import show

    show(explanation, Console(highlight=False))


@formula.command(context_settings=_SETTINGS)
@_FORMULA
@click.option("--to", "form", type=click.Choice(_FORMS), help="只输出这一种 print this form only")
@_VOCABULARY
@_TOKEN_MODE
@_JSON
def convert(
    formula: tuple[str, ...], form: str | None, vocabulary: str | None, token_mode: str, as_json: bool
) -> None:
    """在中缀、后缀、前缀与 token 之间转换 · Convert between infix, postfix, prefix and token ids.

    Example: jqalpha formula convert '(MOM20 - TSUM20(RET))' --to tokens
    """
    from sdk import files
    from sdk.formula.forms import forms
    from sdk.formula.reading import read_formula

    reading = read_formula(" ".join(formula), vocabulary, token_mode)
    read = reading.formula
    if read.tokens_raw != read.tokens_repaired:
        click.echo(f"已修复 repaired: {list(read.tokens_raw)} -> {list(read.tokens_repaired)}", err=True)
    found = forms(read.tree, read.vocabulary)
    if as_json:
        click.echo(
            files.to_json({"vocabulary": read.vocabulary, **({form: found[form]} if form else found)}), nl=False
        )
    elif form:
        click.echo(found[form])
    else:
        for name, text in found.items():
            click.echo(f"{name:<14}{text}")
