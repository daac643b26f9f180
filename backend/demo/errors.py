"""Why the demo cannot go on."""


class DemoError(Exception):
    """The demo cannot go on; `code` is one of the message catalogues, `detail` fills its placeholders."""

    def __init__(self, code: str, **detail: object) -> None:
        """Keep code and detail for whoever prints them."""
        super().__init__(code)
        self.code = code
        self.detail = detail
