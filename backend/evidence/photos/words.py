"""Says in people's language why a photo was refused, and what is odd about one that is kept."""

from backend.evidence.photos.examined import Note, Refusal
from backend.kit import messages
from backend.kit.messages import Message


def words_of_refusal(language: str, reason: Refusal) -> Message:
    """Return what to tell somebody whose photo was refused, and what he can do."""
    return messages.text(language, f"photo_refusal.{reason}")


def words_of_note(language: str, note: Note) -> Message:
    """Return what a note on a photo means."""
    return messages.text(language, f"photo_note.{note}")
