"""The house's own tooling: starts, tests and checks the project with nothing but Python's standard library."""

import sys

# A newcomer's `python3` decides how far anything gets, so say it before some syntax error does.
if sys.version_info < (3, 11):  # noqa: UP036 - the check is for those who run it with less than we need
    sys.exit(
        "daogang needs Python 3.11 or newer, this is "
        + sys.version.split()[0]
        + ".\n  Debian 12+ and Ubuntu 24.04+ have it as python3; on macOS `brew install python@3.12`.\n"
        + "  Then name it: make run PYTHON=python3.12"
    )
