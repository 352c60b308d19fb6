"""`python -m oddframe`: the command line."""

from oddframe.cli import main

if __name__ == "__main__":
    main()
