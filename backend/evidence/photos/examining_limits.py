"""How examining processes are spoken to, and what they may use (pure)."""

from typing import Final

NICENESS: Final = 10
MEMORY_BYTES: Final = 1_000_000_000
"""Address space, of which the libraries take a third; a photo of 25 megapixels with transparency needs 300 MB."""
OPEN_FILES: Final = 64
WALL_S: Final = 20.0
"""A photo takes 0.1 s; the worst that is within the bounds some seconds on a busy machine."""
PHOTOS_EACH: Final = 500
"""After so many a process makes room for a fresh one."""

ORDER: Final = ">HI"
"""Head of an order: lengths of the media type and of the photo; both follow."""
ANSWER: Final = ">I"
"""Head of an answer: its length; MessagePack follows."""
