"""The indicators of ``jqlib.technical_analysis`` as formulas on the bars of a code.

Each function takes ``bar`` (fields O H L C, V in shares, A = money in CNY; arrays (codes, bars)) and the
documented parameters with the documented defaults; it gives one array or a tuple of arrays in the documented
order. What a strategy calls is made from these functions by ``technical.py``. The formulas are 通达信's, which the
platform's page 技术分析指标 says it follows; VOL and what is made from it is in 手 (100 shares), money in 万元.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sdk.emulator.lib.series import (
    AVEDEV,
    HHV,
    IF,
    KNOWN,
    LLV,
    MAX,
    MIN,
    REF,
    SINCE_HIGHEST,
    SINCE_LOWEST,
    SLOPE,
    STD,
    SUM,
    Array,
)
from sdk.emulator.lib.series import (
    DMA as DYNAMIC,
)
from sdk.emulator.lib.series import (
    EMA as EMA_,
)
from sdk.emulator.lib.series import (
    MA as MA_,
)
from sdk.emulator.lib.series import (
    SMA as SMA_,
)

Arrays = tuple[Array, ...]


@dataclass(frozen=True)
class Bars:
    """Adjusted bars of some codes, right-aligned: (codes, bars) each."""

    O: Array  # noqa: E741 - the letters of the formula language
    H: Array
    L: Array
    C: Array
    V: Array
    A: Array

    @property
    def lots(self) -> Array:
        """Volume in 手 (100 shares)."""
        return self.V / 100


# ------------------------------------------------------------------------------------------ moving averages
def MA(bar: Bars, timeperiod: int = 5) -> Array:
    return MA_(bar.C, timeperiod)


def EMA(bar: Bars, timeperiod: int = 30) -> Array:
    return EMA_(bar.C, timeperiod)


def EXPMA(bar: Bars, timeperiod: int = 12) -> Array:
    return EMA_(bar.C, timeperiod)


def SMA(bar: Bars, N: int = 7, M: int = 1) -> Array:
    return SMA_(bar.C, N, M)


def HMA(bar: Bars, timeperiod: int = 12) -> Array:
    return MA_(bar.H, timeperiod)


def LMA(bar: Bars, timeperiod: int = 12) -> Array:
    return MA_(bar.L, timeperiod)


def VMA(bar: Bars, timeperiod: int = 12) -> Array:
    return MA_((bar.O + bar.H + bar.L + bar.C) / 4, timeperiod)


def AMV(bar: Bars, timeperiod: int = 13) -> Array:
    weighted = bar.lots * (bar.O + bar.C) / 2
    return SUM(weighted, timeperiod) / SUM(bar.lots, timeperiod)


def BBI(bar: Bars, timeperiod1: int = 3, timeperiod2: int = 6, timeperiod3: int = 12, timeperiod4: int = 24) -> Array:
    spans = (timeperiod1, timeperiod2, timeperiod3, timeperiod4)
    return np.sum([MA_(bar.C, span) for span in spans], axis=0) / 4


def BBIBOLL(bar: Bars, N: int = 11, M: int = 6) -> Arrays:
    middle = BBI(bar)
    width = M * STD(middle, N)
    return middle, middle + width, middle - width


def PBX(bar: Bars, timeperiod: int = 9) -> Array:
    return (EMA_(bar.C, timeperiod) + MA_(bar.C, timeperiod * 2) + MA_(bar.C, timeperiod * 4)) / 3


# ------------------------------------------------------------------------------------------------- channels
def Bollinger_Bands(bar: Bars, timeperiod: int = 20, nbdevup: float = 2, nbdevdn: float = 2) -> Arrays:
    middle, width = MA_(bar.C, timeperiod), STD(bar.C, timeperiod, ddof=0)
    return middle + nbdevup * width, middle, middle - nbdevdn * width


def ENE(bar: Bars, N: int = 25, M1: float = 6, M2: float = 6) -> Arrays:
    middle = MA_(bar.C, N)
    upper, lower = (1 + M1 / 100) * middle, (1 - M2 / 100) * middle
    return upper, lower, (upper + lower) / 2


def GDX(bar: Bars, N: int = 30, M: float = 9) -> Arrays:
    mean = MA_(bar.C, N)
    line = DYNAMIC(bar.C, np.abs((2 * bar.C + bar.H + bar.L) / 4 - mean) / mean)
    return line, (1 + M / 100) * line, (1 - M / 100) * line


# --------------------------------------------------------------------------------------------------- trends
def MACD(bar: Bars, SHORT: int = 12, LONG: int = 26, MID: int = 9) -> Arrays:
    dif = EMA_(bar.C, SHORT) - EMA_(bar.C, LONG)
    dea = EMA_(dif, MID)
    return dif, dea, (dif - dea) * 2


def QACD(bar: Bars, N1: int = 12, N2: int = 26, M: int = 9) -> Arrays:
    dif = EMA_(bar.C, N1) - EMA_(bar.C, N2)
    dea = EMA_(dif, M)
    return dif, dea, dif - dea


def VMACD(bar: Bars, SHORT: int = 12, LONG: int = 26, MID: int = 9) -> Arrays:
    dif = EMA_(bar.lots, SHORT) - EMA_(bar.lots, LONG)
    dea = EMA_(dif, MID)
    return dif, dea, dif - dea


def DMA(bar: Bars, N1: int = 10, N2: int = 50, M: int = 10) -> Arrays:
    dif = MA_(bar.C, N1) - MA_(bar.C, N2)
    return dif, MA_(dif, M)


def DPO(bar: Bars, N: int = 20, M: int = 6) -> Arrays:
    dpo = bar.C - REF(MA_(bar.C, N), N // 2 + 1)
    return dpo, MA_(dpo, M)


def TRIX(bar: Bars, N: int = 12, M: int = 9) -> Arrays:
    triple = EMA_(EMA_(EMA_(bar.C, N), N), N)
    trix = (triple - REF(triple)) / REF(triple) * 100
    return trix, MA_(trix, M)


def EMV(bar: Bars, N: int = 14, M: int = 9) -> Arrays:
    volume = MA_(bar.lots, N) / bar.lots
    middle = 100 * (bar.H + bar.L - REF(bar.H + bar.L)) / (bar.H + bar.L)
    emv = MA_(middle * volume * (bar.H - bar.L) / MA_(bar.H - bar.L, N), N)
    return emv, MA_(emv, M)


def JS(bar: Bars, N: int = 5, M1: int = 5, M2: int = 10, M3: int = 20) -> Arrays:
    js = 100 * (bar.C - REF(bar.C, N)) / (N * REF(bar.C, N))
    return js, MA_(js, M1), MA_(js, M2), MA_(js, M3)


def CYE(bar: Bars) -> Arrays:
    short = MA_(bar.C, 5)
    long = MA_(MA_(bar.C, 20), 5)
    return (short - REF(short)) / REF(short) * 100, (long - REF(long)) / REF(long) * 100


def CHO(bar: Bars, N1: int = 10, N2: int = 20, M: int = 6) -> Arrays:
    flow = bar.lots * (2 * bar.C - bar.H - bar.L) / (bar.H + bar.L)
    middle = np.cumsum(np.where(np.isnan(flow), 0.0, flow), axis=1)
    middle = np.where(np.isnan(flow), np.nan, middle)
    cho = MA_(middle, N1) - MA_(middle, N2)
    return cho, MA_(cho, M)


def UOS(bar: Bars, N1: int = 7, N2: int = 14, N3: int = 28, M: int = 6) -> Arrays:
    high, low = MAX(bar.H, REF(bar.C)), MIN(bar.L, REF(bar.C))
    parts = [SUM(bar.C - low, n) / SUM(high - low, n) for n in (N1, N2, N3)]
    weights = (N2 * N3, N1 * N3, N1 * N2)
    total = sum(weights)
    uos = sum(part * weight for part, weight in zip(parts, weights, strict=True)) * 100 / total
    return uos, EMA_(uos, M)


def VPT(bar: Bars, N: int = 51, M: int = 6) -> Arrays:
    vpt = SUM(bar.lots * (bar.C - REF(bar.C)) / REF(bar.C), N)
    return vpt, MA_(vpt, M)


def WVAD(bar: Bars, N: int = 24, M: int = 6) -> Arrays:
    share = (bar.C - bar.O) / (bar.H - bar.L) * bar.lots
    wvad = SUM(IF(bar.H == bar.L, 0.0, share), N) / 10000
    return wvad, MA_(wvad, M)


def AROON(bar: Bars, N: int = 25) -> Arrays:
    return (N - SINCE_HIGHEST(bar.H, N)) / N * 100, (N - SINCE_LOWEST(bar.L, N)) / N * 100


# ---------------------------------------------------------------------------------------------- oscillators
def KDJ(bar: Bars, N: int = 9, M1: int = 3, M2: int = 3) -> Arrays:
    k = SMA_(_stochastic(bar, N), M1, 1)
    d = SMA_(k, M2, 1)
    return k, d, 3 * k - 2 * d


def KD(bar: Bars, N: int = 9, M1: int = 3, M2: int = 3) -> Arrays:
    return KDJ(bar, N, M1, M2)[:2]


def SKDJ(bar: Bars, N: int = 9, M: int = 3) -> Arrays:
    low, high = LLV(bar.L, N), HHV(bar.H, N)
    k = EMA_(EMA_((bar.C - low) / (high - low) * 100, M), M)
    return k, MA_(k, M)


def LWR(bar: Bars, N: int = 9, M1: int = 3, M2: int = 3) -> Arrays:
    high, low = HHV(bar.H, N), LLV(bar.L, N)
    first = SMA_((high - bar.C) / (high - low) * 100, M1, 1)
    return first, SMA_(first, M2, 1)


def _stochastic(bar: Bars, width: int) -> Array:
    low, high = LLV(bar.L, width), HHV(bar.H, width)
    return (bar.C - low) / (high - low) * 100


def WR(bar: Bars, N: int = 10, N1: int = 6) -> Arrays:
    return tuple(100 - _stochastic(bar, width) for width in (N, N1))


def RSI(bar: Bars, N1: int = 6) -> Array:
    change = bar.C - REF(bar.C)
    return SMA_(MAX(change, 0), N1, 1) / SMA_(np.abs(change), N1, 1) * 100


def MARSI(bar: Bars, M1: int = 10, M2: int = 6) -> Arrays:
    def of(width: int) -> Array:
        change = bar.C - REF(bar.C)
        return MA_(SMA_(MAX(change, 0), width, 1) / SMA_(np.abs(change), width, 1) * 100, width)

    return of(M1), of(M2)


def BIAS(bar: Bars, N1: int = 6, N2: int = 12, N3: int = 24) -> Arrays:
    return tuple((bar.C - MA_(bar.C, n)) / MA_(bar.C, n) * 100 for n in (N1, N2, N3))


def BIAS_QL(bar: Bars, N: int = 6, M: int = 6) -> Arrays:
    bias = (bar.C - MA_(bar.C, N)) / MA_(bar.C, N) * 100
    return bias, MA_(bias, M)


def BIAS_36(bar: Bars, M: int = 6) -> Arrays:
    first = MA_(bar.C, 3) - MA_(bar.C, 6)
    return first, MA_(bar.C, 6) - MA_(bar.C, 12), MA_(first, M)


def CCI(bar: Bars, N: int = 14) -> Array:
    typical = (bar.H + bar.L + bar.C) / 3
    return (typical - MA_(typical, N)) / (0.015 * AVEDEV(typical, N))


def MTM(bar: Bars, timeperiod: int = 14) -> Array:
    return bar.C - REF(bar.C, timeperiod)


def ROC(bar: Bars, timeperiod: int = 12) -> Array:
    return (bar.C - REF(bar.C, timeperiod)) / REF(bar.C, timeperiod) * 100


def OSC(bar: Bars, N: int = 20, M: int = 6) -> Arrays:
    osc = 100 * (bar.C - MA_(bar.C, N))
    return osc, EMA_(osc, M)


def UDL(bar: Bars, N1: int = 3, N2: int = 5, N3: int = 10, N4: int = 20, M: int = 6) -> Arrays:
    udl = np.sum([MA_(bar.C, n) for n in (N1, N2, N3, N4)], axis=0) / 4
    return udl, MA_(udl, M)


def ACCER(bar: Bars, N: int = 8) -> Array:
    return SLOPE(bar.C, N) / bar.C


def ADTM(bar: Bars, N: int = 23, M: int = 8) -> Arrays:
    up = IF(REF(bar.O) >= bar.O, 0.0, MAX(bar.H - bar.O, bar.O - REF(bar.O)))
    down = IF(REF(bar.O) <= bar.O, 0.0, MAX(bar.O - bar.L, bar.O - REF(bar.O)))
    first, second = SUM(KNOWN_(up, bar), N), SUM(KNOWN_(down, bar), N)
    larger = MAX(first, second)
    adtm = IF(larger == 0, 0.0, (first - second) / IF(larger == 0, 1.0, larger))
    return adtm, MA_(adtm, M)


def KNOWN_(values: Array, bar: Bars) -> Array:
    """NaN where the bar before is unknown: a comparison with NaN is no answer."""
    return np.where(np.isnan(REF(bar.C)), np.nan, values)


def DKX(bar: Bars, M: int = 10) -> Arrays:
    middle = (3 * bar.C + bar.L + bar.O + bar.H) / 6
    weights = [20 - age for age in range(20)]
    dkx = np.sum([weight * REF(middle, age) for age, weight in enumerate(weights)], axis=0) / 210
    return dkx, MA_(dkx, M)


def PSY(bar: Bars, timeperiod: int = 12) -> Array:
    before = REF(bar.C)
    return SUM(KNOWN(before < bar.C, before), timeperiod) / timeperiod * 100


def PCNT(bar: Bars, M: int = 5) -> Arrays:
    pcnt = (bar.C - REF(bar.C)) / bar.C * 100
    return pcnt, EMA_(pcnt, M)


# ------------------------------------------------------------------------------------------- energy, volume
def ATR(bar: Bars, timeperiod: int = 14) -> Arrays:
    before = REF(bar.C)
    true_range = MAX(MAX(bar.H - bar.L, np.abs(before - bar.H)), np.abs(before - bar.L))
    return true_range, MA_(true_range, timeperiod)


def BRAR(bar: Bars, N: int = 26) -> Arrays:
    before = REF(bar.C)
    br = SUM(MAX(0, bar.H - before), N) / SUM(MAX(0, before - bar.L), N) * 100
    return br, SUM(bar.H - bar.O, N) / SUM(bar.O - bar.L, N) * 100


def CR(bar: Bars, N: int = 26, M1: int = 10, M2: int = 20, M3: int = 40, M4: int = 62) -> Arrays:
    middle = REF(bar.H + bar.L) / 2
    cr = SUM(MAX(0, bar.H - middle), N) / SUM(MAX(0, middle - bar.L), N) * 100
    return cr, *(REF(MA_(cr, m), int(m / 2.5 + 1)) for m in (M1, M2, M3, M4))


def CYR(bar: Bars, N: int = 13, M: int = 5) -> Arrays:
    mean = 0.01 * EMA_(bar.A, N) / EMA_(bar.lots, N)
    cyr = (mean / REF(mean) - 1) * 100
    return cyr, MA_(cyr, M)


def MASS(bar: Bars, N1: int = 9, N2: int = 25, M: int = 6) -> Arrays:
    spread = MA_(bar.H - bar.L, N1)
    mass = SUM(spread / MA_(spread, N1), N2)
    return mass, MA_(mass, M)


def VR(bar: Bars, N: int = 26, M: int = 6) -> Arrays:
    before = REF(bar.C)
    rise, fall, flat = (
        SUM(np.where(np.isnan(before), np.nan, np.where(test, bar.V, 0.0)), N)
        for test in (before < bar.C, before > bar.C, before == bar.C)
    )
    vr = (rise * 2 + flat) / (fall * 2 + flat) * 100
    return vr, MA_(vr, M)


def MFI(bar: Bars, timeperiod: int = 14) -> Array:
    typical = (bar.H + bar.L + bar.C) / 3
    before, flow = REF(typical), typical * bar.V
    up, down = (
        SUM(np.where(np.isnan(before), np.nan, np.where(test, flow, 0.0)), timeperiod)
        for test in (typical > before, typical < before)
    )
    return 100 - 100 / (1 + up / down)


def OBV(bar: Bars, timeperiod: int = 30) -> Array:
    before = REF(bar.C)
    signed = np.where(np.isnan(before), np.nan, np.sign(bar.C - before) * bar.V)
    return SUM(signed, timeperiod)


def VOL(bar: Bars, M1: int = 5, M2: int = 10) -> Arrays:
    return bar.lots, MA_(bar.lots, M1), MA_(bar.lots, M2)


def AMO(bar: Bars, M1: int = 5, M2: int = 10) -> Arrays:
    money = bar.A / 10000
    return money, MA_(money, M1), MA_(money, M2)


def VRSI(bar: Bars, N1: int = 6, N2: int = 12, N3: int = 24) -> Arrays:
    change = bar.V - REF(bar.V)
    return tuple(SMA_(MAX(change, 0), n, 1) / SMA_(np.abs(change), n, 1) * 100 for n in (N1, N2, N3))


def PUCU(bar: Bars, N: int = 24) -> Arrays:
    return MA_(bar.C, N), MA_(bar.lots, N)


def CYW(bar: Bars) -> Array:
    spread = bar.H - bar.L
    share = IF(spread == 0, 0.0, ((bar.C - bar.L) - (bar.H - bar.C)) / IF(spread == 0, 1.0, spread))
    return SUM(share * bar.lots, 10) / 10000


def CYS(bar: Bars) -> Array:
    cost = EMA_(bar.A, 13) / EMA_(bar.V, 13)
    return (bar.C - cost) / cost * 100
