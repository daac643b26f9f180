"""Reads XML as events, in bounded memory: no DTD, no entities, no nesting without end."""

import io
from typing import Final
from xml.sax import SAXException
from xml.sax.handler import ContentHandler
from xml.sax.xmlreader import AttributesImpl

from defusedxml import DTDForbidden, EntitiesForbidden, ExternalReferenceForbidden
from defusedxml.expatreader import DefusedExpatParser

from geofences.readers.content import Format
from geofences.readers.errors import FileUnreadable, XmlRefused

MAX_DEPTH: Final = 64
MAX_TEXT: Final = 2_000
"""Characters kept of a text that is read whole, such as a name."""


class Events(ContentHandler):
    """Base of the readers: knows the depth, and local names without their prefixes.

    Subclasses override `opened(name, attributes)` and `closed(name)`; the text since the last tag is in `self.text` if
    they have set `self.listening`, up to MAX_TEXT characters, or goes to `self.heard` as it comes.
    """

    def __init__(self) -> None:
        """Begin outside of the document."""
        super().__init__()
        self.depth = 0
        self.listening = False
        self._words: list[str] = []
        self._heard = 0

    @property
    def text(self) -> str:
        """The text since `listening` was set."""
        return "".join(self._words).strip()

    def startElement(self, name: str, attrs: AttributesImpl) -> None:  # noqa: N802 - SAX's name
        """Count the depth and pass on."""
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise XmlRefused(reason="depth", limit=MAX_DEPTH)
        self._words.clear()
        self._heard = 0
        self.opened(name.rpartition(":")[2], attrs)

    def endElement(self, name: str) -> None:  # noqa: N802 - SAX's name
        """Pass on and count the depth."""
        self.closed(name.rpartition(":")[2])
        self.listening = False
        self.depth -= 1

    def characters(self, content: str) -> None:
        """Keep what somebody listens to."""
        if self.listening and self._heard < MAX_TEXT:
            self._words.append(content[: MAX_TEXT - self._heard])
            self._heard += len(content)

    def opened(self, name: str, attributes: AttributesImpl) -> None:
        """Meet an opening tag."""

    def closed(self, name: str) -> None:
        """Meet a closing tag."""


def parse_xml(content: bytes, events: Events, format: Format) -> None:  # noqa: A002 - the word of the whole module
    """Feed a document to a handler; raises XmlRefused, or FileUnreadable with the line of the fault."""
    parser = DefusedExpatParser(forbid_dtd=True, forbid_entities=True, forbid_external=True)
    parser.setContentHandler(events)
    try:
        parser.parse(io.BytesIO(content))
    except DTDForbidden as error:
        raise XmlRefused(reason="dtd", limit=0) from error
    except (EntitiesForbidden, ExternalReferenceForbidden) as error:
        raise XmlRefused(reason="entities", limit=0) from error
    except (SAXException, UnicodeError, LookupError, ValueError) as error:
        line = parser.getLineNumber()
        raise FileUnreadable(format=format, where=f"line {line or 1}", reason="xml") from error
