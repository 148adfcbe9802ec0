"""Pure parts of market data: what a market is. See docs/design.md."""
