"""The platform's importable libraries: jqlib.technical_analysis, jqfactor, and what stands in for the rest.

    series      window and recursion steps on (codes, bars)
    indicators  one small function per indicator, from those steps
    technical   the calls a strategy makes: bars in, dict code -> value out
    preprocess  winsorize, winsorize_med, standardlize
    neutral     neutralize
    factors     Factor, calc_factors
    exposures   where both find prices, industries and factors by name
    modules     which module a strategy may import holds which names
    preset      numpy's names without import
    old_pandas  what strategies expect of the platform's pandas, on today's
    absent      a package that is not here: imported, not used
    third_party packages that are not here: what to install, what to use instead

The indicators are loaded when a strategy first imports them.
"""
