"""Topics of services: their numbered rows, their viewers, and what is posted to those."""
