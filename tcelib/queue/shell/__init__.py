"""Ways to wait: signs of life of readers while their programs work, and connections to brokers."""
