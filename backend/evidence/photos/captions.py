"""Says what stands on a viewing copy of a photo (pure)."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Caption:
    """What stands on a viewing copy; texts as people read them."""

    name: str
    taken: str
    site: str
    chainage: str | None
    viewer: str

    def lines(self) -> tuple[str, ...]:
        """Return the lines, top to bottom."""
        place = " · ".join(text for text in (self.site, self.chainage) if text)
        return (f"{self.name}  {self.taken}", place, self.viewer)
