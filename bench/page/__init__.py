"""The browser library in a real Chromium, on pages that show live charts of a real server."""
