"""Errors of the ways of showing presence; what a way found is no error, but the outcome of its proof."""

from backend.kit.errors import Conflict, Forbidden, InvalidInput, NotFound, TooMany, Unavailable


class PasskeysOff(Unavailable):
    """The installation has not said under which name passkeys are made (DAOGANG_PASSKEY_RP_ID)."""

    code = "ways.passkeys_off"
    retry_after_s = 3600


class ChallengeUnknown(NotFound):
    """There is no such challenge for this person and phone, it was answered already, or its time is over."""

    code = "ways.challenge_unknown"


class PasskeyMalformed(InvalidInput):
    """The answer of the authenticator is not what the challenge asked for."""

    code = "ways.passkey_malformed"


class PasskeyKnown(Conflict):
    """The credential is registered already."""

    code = "ways.passkey_known"


class PasskeyUnknown(NotFound):
    """The person has no such passkey."""

    code = "ways.passkey_unknown"


class PasskeysTooMany(Conflict):
    """The person has as many passkeys as are kept."""

    code = "ways.passkeys_too_many"


class NoPasskey(Conflict):
    """The person has no passkey to show."""

    code = "ways.no_passkey"


class PhoneNotConfirmed(Forbidden):
    """This log-in has no phone that is bound and confirmed."""

    code = "ways.phone_not_confirmed"


class SiteCodeUnknown(NotFound):
    """The project has no such site code, or it has ended."""

    code = "ways.site_code_unknown"


class ScanInvalid(InvalidInput):
    """What was scanned is no code of this project."""

    code = "ways.scan_invalid"


class ScanStale(Conflict):
    """The code was shown too long ago, or is one that has not been shown yet."""

    code = "ways.scan_stale"


class ScanRepeated(Conflict):
    """The person has handed in this very code before."""

    code = "ways.scan_repeated"


class ProofIdTaken(Conflict):
    """There is a proof of this id already."""

    code = "ways.proof_id_taken"


class WitnessRequestUnknown(NotFound):
    """There is no such request for a witness, it has been answered, or its five minutes are over."""

    code = "ways.witness_request_unknown"


class OwnWitness(Forbidden):
    """Nobody is his own witness, nor with the same phone."""

    code = "ways.own_witness"


class WitnessElsewhere(Forbidden):
    """The witness is not posted on the project at present."""

    code = "ways.witness_elsewhere"


class WitnessedEnough(TooMany):
    """The witness has confirmed as many people today as one may."""

    code = "ways.witnessed_enough"


class AskedEnough(TooMany):
    """So many requests within an hour that further ones wait."""

    code = "ways.asked_enough"


class PurposeUnknown(NotFound):
    """Nobody is asked for a consent to this."""

    code = "ways.purpose_unknown"
