"""The Django site in this process: its settings, and the checks of them."""
