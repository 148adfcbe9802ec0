"""A core and two regions on one machine, with a long way between them that is cut and mended."""
