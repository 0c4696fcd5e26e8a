"""What a user can mend."""


class UserError(Exception):
    """The user's input is wrong: one line that names the field, the value and the mend.

    The command line prints it without a traceback and exits with status 2.
    """
