"""How readers of a queue say that they are alive while their programs work: one file for each way to wait."""
