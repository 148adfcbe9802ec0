"""Configuration: settings, their sources, their bounds, and the plug-ins that they name."""
