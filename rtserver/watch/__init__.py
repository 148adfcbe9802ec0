"""Watch on the rest of the process: canary messages, beats of threads, memory, errors of the event loop."""
