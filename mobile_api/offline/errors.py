"""Errors of the offline protocol: those of a whole call, and those of single items."""

from backend.kit.errors import Conflict, Forbidden, InvalidInput, TooMany, Unauthenticated


class SignatureMissing(Unauthenticated):
    """The headers that sign the call are missing or have another form."""

    code = "offline.signature_missing"


class KeyUnknown(Unauthenticated):
    """No phone has registered this key."""

    code = "offline.key_unknown"


class SignatureWrong(Unauthenticated):
    """The key did not sign this."""

    code = "offline.signature_wrong"


class KeyMissing(Conflict):
    """The phone has not registered a key; without one there is nothing to anchor."""

    code = "offline.key_missing"


class ProofWrong(Forbidden):
    """The challenge is too old or another's, or the key did not sign it."""

    code = "offline.proof_wrong"


class KeyTaken(Conflict):
    """The key is registered for another phone."""

    code = "offline.key_taken"


class ItemMalformed(InvalidInput):
    """The item is not of the documented form or not in its one spelling."""

    code = "offline.item_malformed"


class ItemTooLarge(InvalidInput):
    """The item is longer than any honest one."""

    code = "offline.item_too_large"


class ItemForged(Unauthenticated):
    """The key that the item names did not sign it."""

    code = "offline.item_forged"


class ItemForeign(Forbidden):
    """The item is signed by the key of another phone than the one that sent the call."""

    code = "offline.item_foreign"


class CounterLeap(InvalidInput):
    """The counter is so far beyond the last known one that no phone can have made what lies between."""

    code = "offline.counter_leap"


class ChainTruncated(InvalidInput):
    """The item says that it is the first of its key, and its counter says that it is not (or the other way round)."""

    code = "offline.chain_truncated"


class RefusedTooOften(TooMany):
    """So many refused punches within the hour of the punch that further ones are only counted."""

    code = "offline.too_many_refused"
