"""``python -m rtserver``."""

from rtserver.bootstrap.command.cli import main

if __name__ == "__main__":
    main(prog_name="python -m rtserver")
