"""Config, command line, Django set-up, embedded Redis, and app.py, the one place that builds and wires objects."""
