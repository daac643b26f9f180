"""What can be wrong with a file that somebody brings, before it is looked at as a drawing; codes are stable.

`where` names a place in the file in its own terms; `reason` is a word that the reader fixed, never text of the file.
"""

from backend.kit.errors import Conflict, DaogangError, InvalidInput, TooMany


class FileFault(InvalidInput):
    """A file cannot be read, or not safely."""


class FormatUnknown(FileFault):
    """The bytes are of none of the formats that we read. Detail: `found`, a guess at what it is."""

    code = "geofences.format_unknown"


class FormatContradicted(FileFault):
    """The content is of another format than the one declared, or than its name in a zip says."""

    code = "geofences.format_contradicted"


class FileUnreadable(FileFault):
    """The file is broken or cut off. Detail: `format`, `where`, `reason`."""

    code = "geofences.file_unreadable"


class ArchiveRefused(FileFault):
    """The zip is not opened. Detail: `reason`, one of those of `geofences.readers.archive`."""

    code = "geofences.archive_refused"


class XmlRefused(FileFault):
    """The XML holds what no drawing needs: a DTD, entities, or nesting without end. Detail: `reason`, `limit`."""

    code = "geofences.xml_refused"


class TooManyPositions(FileFault):
    """The file holds more positions than we read. Detail: `limit`."""

    code = "geofences.too_many_positions"


class TooManyFigures(FileFault):
    """The file holds more figures, or layers, than we read. Detail: `limit`."""

    code = "geofences.too_many_figures"


class ColumnsUnclear(FileFault):
    """No pair of columns, or more than one, reads as positions in China. Detail: `columns`, how many were looked at."""

    code = "geofences.columns_unclear"


class LayerUnknown(FileFault):
    """A layer was asked for that the file does not have. Detail: `layer`."""

    code = "geofences.layer_unknown"


class SystemMissing(FileFault):
    """Nobody declared the coordinate system and the file does not name it either."""

    code = "geofences.system_missing"


class ZonePrefixWrong(FileFault):
    """Eastings carry another zone prefix than the declared system. Detail: `declared`, `found`, `suggested`."""

    code = "geofences.zone_prefix_wrong"


class DatumSuspected(FileFault):
    """The drawing fits what is known of the project only under another datum.

    Detail: `declared`, `suspected`, `moved_m`, `declared_distance_m`, `suspected_distance_m`.
    """

    code = "geofences.datum_suspected"


class FileChanged(Conflict):
    """The file is not the one that was previewed."""

    code = "geofences.file_changed"


class FileExhausting(FileFault):
    """Reading the file took more time or memory than any drawing needs. Detail: `seconds`, `megabytes`."""

    code = "geofences.file_exhausting"


class ReadersBusy(TooMany):
    """As many files are being read as may be at once. Detail: `retry_after_s`."""

    code = "geofences.readers_busy"


class UploadSlow(DaogangError):
    """The body did not arrive in time. Detail: `seconds`."""

    code = "geofences.upload_slow"
    status = 408
