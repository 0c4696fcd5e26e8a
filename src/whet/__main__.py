"""`python -m whet`: the command line, for torchrun, notebooks and environments whose scripts are not on the PATH."""

from whet.cli.main import main

if __name__ == "__main__":
    main()
