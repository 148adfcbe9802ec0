"""Topics: who is subscribed, and how often each subscriber is sent what is new."""
