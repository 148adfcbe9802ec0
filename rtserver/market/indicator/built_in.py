"""The built-in indicators, in the order in which they are listed."""

from rtserver.market.indicator.band import BollLine
from rtserver.market.indicator.indicator_line import IndicatorLine
from rtserver.market.indicator.macd import MacdLine
from rtserver.market.indicator.momentum import RsiLine
from rtserver.market.indicator.moving_average import EmaLine, SmaLine, WmaLine
from rtserver.market.indicator.volume import VwapLine

BUILT_IN: tuple[type[IndicatorLine], ...] = (SmaLine, EmaLine, MacdLine, BollLine, RsiLine, VwapLine, WmaLine)
