"""The files that gateways and services are configured by: bytes in, a frozen model and findings out. Pure."""
