"""What can be wrong with a roster: with the file, or on a line of it."""

from backend.kit.errors import BodyTooLarge, Conflict, InvalidInput

# --- the file ---------------------------------------------------------------------------------------


class RosterTooLarge(BodyTooLarge):
    """The file has more bytes than a roster may."""

    code = "sites.roster_too_large"


class RosterEncoding(InvalidInput):
    """The text is neither UTF-8 nor GB18030."""

    code = "sites.roster_encoding"


class RosterUnreadable(InvalidInput):
    """The file is not the table it says it is."""

    code = "sites.roster_unreadable"


class RosterHeader(InvalidInput):
    """Columns that every roster has are missing."""

    code = "sites.roster_header"


class RosterTooLong(InvalidInput):
    """The file has more rows than a roster may."""

    code = "sites.roster_too_long"


class RosterRaced(Conflict):
    """Someone entered one of these people or companies while the roster was read; send it again."""

    code = "sites.roster_raced"


# --- a line -----------------------------------------------------------------------------------------


class CellFormula(InvalidInput):
    """The cell holds a formula; formulas are not evaluated."""

    code = "sites.roster_cell_formula"


class CellDigitsLost(InvalidInput):
    """The spreadsheet keeps the number as a number and has rounded it."""

    code = "sites.roster_digits_lost"


class CellDate(InvalidInput):
    """The cell is no date."""

    code = "sites.roster_date"


class CellSeats(InvalidInput):
    """The cell is no number of seats."""

    code = "sites.roster_seats"


class LineRepeated(InvalidInput):
    """The same person is on the same post in overlapping days on an earlier line."""

    code = "sites.roster_line_repeated"


class LineNameDiffers(InvalidInput):
    """The same document has another name on an earlier line."""

    code = "sites.roster_name_differs"


class LinePhoneShared(InvalidInput):
    """Another person has the same phone number on an earlier line."""

    code = "sites.roster_phone_shared"


class LinePhoneDiffers(InvalidInput):
    """The same document has another phone number on an earlier line."""

    code = "sites.roster_phone_differs"


class LineSeatsDiffer(InvalidInput):
    """The same post has another number of seats on an earlier line."""

    code = "sites.roster_seats_differ"
