"""Plain HTTP: probes, metrics, the demo site's pages, and the loop-back listener."""
