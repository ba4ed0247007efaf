"""The platform's importable libraries: jqlib.technical_analysis, jqfactor, and what stands in for the rest.

    series      window and recursion steps on (codes, bars)
    indicators  one small function per indicator, from those steps
    technical   the calls a strategy makes: bars in, dict code -> value out
    preprocess  winsorize, winsorize_med, standardlize
    neutral     neutralize
    factors     Factor, calc_factors
    modules     which module a strategy may import holds which names
    third_party packages that are not here: what to install, what to use instead

Nothing here is imported before a strategy imports it.
"""
