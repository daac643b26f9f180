"""What can be wrong with districts, projects, parties, people, posts and assignments."""

from backend.kit.errors import Conflict, Forbidden, InvalidInput, NotFound

# --- papers -----------------------------------------------------------------------------------------


class DocumentKindUnknown(InvalidInput):
    """No such national code of an identity document, or none that is taken here."""

    code = "sites.document_kind_unknown"


class DocumentNumberMalformed(InvalidInput):
    """The number cannot be one of that kind of document."""

    code = "sites.document_number"


class IdNumberForm(InvalidInput):
    """A resident ID number has 17 digits and a digit or X."""

    code = "sites.id_number_form"


class IdNumberBirthDate(InvalidInput):
    """Characters 7 to 14 of the resident ID number are no possible date of birth."""

    code = "sites.id_number_birth_date"


class IdNumberChecksum(InvalidInput):
    """The last character of the resident ID number does not fit the others: one of them is wrong."""

    code = "sites.id_number_checksum"


class UsccMalformed(InvalidInput):
    """The unified social credit code does not have 18 fitting characters."""

    code = "sites.uscc"


class RegistrationNoMalformed(InvalidInput):
    """The supervision registration number has other characters or another length than such numbers have."""

    code = "sites.registration_no"


# --- what is not there (or not for the one who asks) ------------------------------------------------


class DistrictUnknown(NotFound):
    """No such district."""

    code = "sites.district_unknown"


class ProjectUnknown(NotFound):
    """No such project."""

    code = "sites.project_unknown"


class SectionUnknown(NotFound):
    """No such section in the project."""

    code = "sites.section_unknown"


class PartyUnknown(NotFound):
    """No such party in the project."""

    code = "sites.party_unknown"


class CompanyUnknown(NotFound):
    """No such company."""

    code = "sites.company_unknown"


class PersonUnknown(NotFound):
    """No such person."""

    code = "sites.person_unknown"


class PostUnknown(NotFound):
    """No such post in the project."""

    code = "sites.post_unknown"


class AssignmentUnknown(NotFound):
    """No such assignment in the project."""

    code = "sites.assignment_unknown"


# --- what is there already --------------------------------------------------------------------------


class DistrictCodeTaken(Conflict):
    """Another district has the code."""

    code = "sites.district_code_taken"


class RegistrationTaken(Conflict):
    """Another project has the supervision registration number."""

    code = "sites.registration_taken"


class SectionCodeTaken(Conflict):
    """Another section of the project has the code."""

    code = "sites.section_code_taken"


class PartyExists(Conflict):
    """The company is a party of that kind in the project already."""

    code = "sites.party_exists"


class CompanyNameTaken(Conflict):
    """A company of that name has another unified social credit code."""

    code = "sites.company_name_taken"


class UsccTaken(Conflict):
    """Another company has the unified social credit code."""

    code = "sites.uscc_taken"


class PostExists(Conflict):
    """The party has a post of that kind already; give it more seats."""

    code = "sites.post_exists"


class AssignmentExists(Conflict):
    """The person holds the post from that day already."""

    code = "sites.assignment_exists"


class AssignmentEnded(Conflict):
    """The exit from the post is confirmed already; later changes are new assignments."""

    code = "sites.assignment_ended"


class PersonNameDiffers(Conflict):
    """The document is on file under another name."""

    code = "sites.person_name_differs"


class PersonElsewhere(Conflict):
    """The person is on file with other projects only; name the document when assigning him."""

    code = "sites.person_elsewhere"


class PhoneTaken(Conflict):
    """The phone number is the log-in of another person."""

    code = "sites.phone_taken"


class PhoneIsLogin(Conflict):
    """The person logs in with the number on file; changing it is an act on the account."""

    code = "sites.phone_is_login"


class PhoneElsewhere(Conflict):
    """The person works on other projects too; who does not reach those does not change the number on file."""

    code = "sites.phone_elsewhere"


class NameElsewhere(Conflict):
    """The person works on other projects too; who does not reach those does not rename him there."""

    code = "sites.name_elsewhere"


class AssignmentOverlaps(Conflict):
    """The person holds the same post already in some of these days."""

    code = "sites.assignment_overlaps"


class PolicyMoved(Conflict):
    """Another version of the policy was set meanwhile."""

    code = "sites.policy_moved"


# --- what is for others to do -----------------------------------------------------------------------


class CityNeeded(Forbidden):
    """Only someone who may write in the whole city does this."""

    code = "sites.city_needed"


class SupervisorNeeded(Forbidden):
    """Only supervisors of the district or the city do this: it decides how the site itself is judged."""

    code = "sites.supervisor_needed"


# --- what does not fit together ---------------------------------------------------------------------


class PostKindUnknown(InvalidInput):
    """No such kind of post."""

    code = "sites.post_kind_unknown"


class PostPartyMismatch(InvalidInput):
    """A party of that kind has no such post."""

    code = "sites.post_party_mismatch"


class PartyKindUnknown(InvalidInput):
    """No such kind of party."""

    code = "sites.party_kind_unknown"


class DatesReversed(InvalidInput):
    """The last day lies before the first."""

    code = "sites.dates_reversed"


class ChainageReversed(InvalidInput):
    """The end of the section lies before its beginning."""

    code = "sites.chainage_reversed"


class TimeZoneUnknown(InvalidInput):
    """No such zone in the IANA time zone database."""

    code = "sites.time_zone_unknown"


class CutoverTooLate(InvalidInput):
    """A day must begin before noon."""

    code = "sites.cutover_too_late"


class PolicyInPast(InvalidInput):
    """A policy takes effect now or later: punches of the past were judged by the policy of their time."""

    code = "sites.policy_in_past"


class KeyPersonNeedsPhone(InvalidInput):
    """Holders of key posts check in by phone, so their number must be on file."""

    code = "sites.key_person_needs_phone"


class OnePersonExpected(InvalidInput):
    """An assignment names a person on file or the person's document, one of the two."""

    code = "sites.one_person_expected"


class SearchMalformed(InvalidInput):
    """The search text is neither a whole number, nor its last four characters, nor a piece of a name."""

    code = "sites.search_malformed"


class TextMissing(InvalidInput):
    """There is no text where there must be one."""

    code = "sites.text_missing"


class TextTooLong(InvalidInput):
    """The text has more characters than fit."""

    code = "sites.text_too_long"
