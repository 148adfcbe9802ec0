"""Signs of life of readers while their programs work: one file for each way to wait."""
