"""Trading days and sessions of exchanges, as pure arithmetic: no clock, no file but the samples that ship."""
