"""Errors of the web apps' files."""

from backend.kit.errors import NotFound, Unavailable


class AppsNotBuilt(Unavailable):
    """The web apps were not built where this server looks for them."""

    code = "pages.not_built"
    retry_after_s = 30


class PageFileUnknown(NotFound):
    """The build has no such file, or has it no more."""

    code = "pages.unknown_file"
