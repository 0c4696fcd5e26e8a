"""`python -m whet`: the command line, for torchrun, notebooks and environments whose scripts are not on the PATH."""

from whet.cli.surroundings import leave_out_working_folder

if __name__ == "__main__":
    leave_out_working_folder()
    from whet.cli.main import main

    main()
