"""Debian's Chromium for pages that a program looks at: where it is, and the options that keep it to itself."""

CHROMIUM = "/usr/bin/chromium"
# Without these a Chromium in a closed network spends its time on looking for its maker's services.
CHROMIUM_OPTIONS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
