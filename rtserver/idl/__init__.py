"""What binary clients of rtserver say and hear: an IDL, and what ``tce2py`` makes of it."""
