"""python -m zoo: see `zoo.cli.main`."""

from zoo.cli.main import main

if __name__ == "__main__":
    main()
