"""The built-in indicators, in the order in which they are listed."""

from rtserver.market.indicator.band import BollLine, DonchianLine, KeltnerLine
from rtserver.market.indicator.channel_index import CciLine
from rtserver.market.indicator.directional import AdxLine, DmiLine
from rtserver.market.indicator.indicator_line import IndicatorLine
from rtserver.market.indicator.macd import MacdLine
from rtserver.market.indicator.momentum import BiasLine, RocLine, RsiLine
from rtserver.market.indicator.moving_average import EmaLine, SmaLine, WmaLine
from rtserver.market.indicator.parabolic import PsarLine
from rtserver.market.indicator.stochastic import KdjLine, StochLine
from rtserver.market.indicator.true_range import AtrLine
from rtserver.market.indicator.volume import ObvLine, VwapLine

BUILT_IN: tuple[type[IndicatorLine], ...] = (
    SmaLine,
    EmaLine,
    MacdLine,
    BollLine,
    RsiLine,
    VwapLine,
    WmaLine,
    AtrLine,
    KdjLine,
    StochLine,
    ObvLine,
    CciLine,
    AdxLine,
    DmiLine,
    PsarLine,
    RocLine,
    BiasLine,
    DonchianLine,
    KeltnerLine,
)
