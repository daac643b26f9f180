"""What can be wrong with a gate's request, and with devices, keys and bindings."""

from collections.abc import Mapping

from backend.kit.errors import Conflict, Forbidden, InvalidInput, NotFound, Unauthenticated

# --- signatures -------------------------------------------------------------------------------------


class GateUnauthenticated(Unauthenticated):
    """The request is not signed as docs/gate-api.md says."""

    @property
    def headers(self) -> Mapping[str, str]:
        """Name the scheme, as RFC 9110 §11.6.1 asks of every 401."""
        return {"WWW-Authenticate": "Daogang-HMAC-SHA256"}


class SignatureMissing(GateUnauthenticated):
    """A signature header is missing or has another form."""

    code = "gates.signature_missing"


class KeyUnknown(GateUnauthenticated):
    """No live key has this id."""

    code = "gates.key_unknown"


class SignatureWrong(GateUnauthenticated):
    """The signature does not belong to this request and key."""

    code = "gates.signature_wrong"


class ClockSkew(GateUnauthenticated):
    """The signed timestamp is too far from the server's clock; `server_time` tells by how much to sign differently."""

    code = "gates.clock_skew"


class NonceReplayed(GateUnauthenticated):
    """This very request was taken already; a repetition is signed anew, with a fresh nonce."""

    code = "gates.nonce_replayed"


class NetworkRefused(Forbidden):
    """The request came from a network from which this device may not call; that is on record."""

    code = "gates.network_refused"


class DeviceBlocked(Forbidden):
    """The device is blocked; it keeps its events until somebody unblocks it."""

    code = "gates.device_blocked"


class DevicePending(Forbidden):
    """The device is not activated yet; it keeps its events until somebody activates it."""

    code = "gates.device_pending"


# --- items of a batch -------------------------------------------------------------------------------


class ItemMalformed(InvalidInput):
    """One item of a batch is not of the documented form; the others are not touched by that."""

    code = "gates.item_malformed"


class ItemConflict(Conflict):
    """An item's event id was taken by other content; the first stays."""

    code = "gates.item_conflict"


# --- photos -----------------------------------------------------------------------------------------


class PhotoDigestWrong(InvalidInput):
    """The body does not have the SHA-256 that the path states."""

    code = "gates.photo_digest_wrong"


class PhotoUnreadable(InvalidInput):
    """The body is no whole JPEG."""

    code = "gates.photo_unreadable"


# --- administration ---------------------------------------------------------------------------------


class DeviceUnknown(NotFound):
    """There is no such device, or not for the one who asks."""

    code = "gates.device_unknown"


class SerialTaken(Conflict):
    """Another device has this serial number."""

    code = "gates.serial_taken"


class MacTaken(Conflict):
    """Another device has this MAC address."""

    code = "gates.mac_taken"


class DeviceIncomplete(Conflict):
    """A device is activated when its entrance, lane and place are known."""

    code = "gates.device_incomplete"


class NetworkMalformed(InvalidInput):
    """A network is written as address and prefix length, without bits beyond the prefix."""

    code = "gates.network_malformed"


class AccessTokenTaken(Conflict):
    """Another device has this access token."""

    code = "gates.access_token_taken"


class ApplicationUnknown(NotFound):
    """There is no such application for a key, or not for the one who asks."""

    code = "gates.application_unknown"


class ApplicationSettled(Conflict):
    """The application stands where this step cannot follow; `state` says where."""

    code = "gates.application_settled"


class OwnApplication(Forbidden):
    """Who applied for a key neither approves nor rejects it."""

    code = "gates.own_application"


class IssueNotYours(Forbidden):
    """A key is issued to the one who applied, or by one who may approve."""

    code = "gates.issue_not_yours"


class ReplacesNoKey(InvalidInput):
    """A token replaces the former one at once and has no end of its own."""

    code = "gates.replaces_no_key"


class RegisterTooLong(InvalidInput):
    """The period holds more steps than one file of the register takes."""

    code = "gates.register_too_long"


class PeriodEmpty(InvalidInput):
    """A period ends on the day on which it begins, or later, and lasts ten years at most."""

    code = "gates.period_empty"


class SelfTestUnknown(NotFound):
    """There is no such self-test of this device."""

    code = "gates.self_test_unknown"


class DeviceNotActive(Conflict):
    """Only an active device is heard, so only an active one can be tested."""

    code = "gates.device_not_active"


class WindowUnknown(NotFound):
    """There is no such pairing window, or not for the one who asks."""

    code = "gates.window_unknown"


class WindowEmpty(InvalidInput):
    """A pairing window ends in the future, at most an hour after it opens."""

    code = "gates.window_empty"


class GateKeyUnknown(NotFound):
    """The device has no such key."""

    code = "gates.no_such_key"


class TooManyKeys(Conflict):
    """A device has at most two live keys: revoke one first."""

    code = "gates.too_many_keys"


class KeyExpiryPast(InvalidInput):
    """A key's expiry must lie in the future."""

    code = "gates.key_expiry_past"


class BindingUnknown(NotFound):
    """No binding of that number is in force at that instant."""

    code = "gates.binding_unknown"


class BindingTaken(Conflict):
    """A number is bound already in that time, by an earlier call or within this one; `errors` names the places."""

    code = "gates.binding_taken"


class BindingPersonUnknown(InvalidInput):
    """A person has no assignment on the project; `errors` names the places."""

    code = "gates.binding_person_unknown"


class BindingEmpty(InvalidInput):
    """A binding must end after it began."""

    code = "gates.binding_empty"


class BrokerLoginImpossible(Conflict):
    """Only MQTT terminals log in at the broker, and only under serial numbers without a colon."""

    code = "gates.broker_login_impossible"


class TakesNoCommands(Conflict):
    """Only terminals that push under /iclock fetch commands."""

    code = "gates.takes_no_commands"


class CommandPeriodWrong(InvalidInput):
    """This kind of command needs a period of at most 31 days, or must not have one."""

    code = "gates.command_period_wrong"


class CommandExpiryWrong(InvalidInput):
    """A command is given up at an instant in the next seven days."""

    code = "gates.command_expiry_wrong"


class CommandsWaiting(Conflict):
    """As many commands as may wait for this device wait already."""

    code = "gates.commands_waiting"


class NothingToAsk(Conflict):
    """The task names no day that the device could send again."""

    code = "gates.nothing_to_ask"


class NetworksUnseen(Conflict):
    """Networks cannot be held against an MQTT terminal: the broker does not tell from where it calls."""

    code = "gates.networks_unseen"


class TaskUnknown(NotFound):
    """There is no such task, or not for the one who asks."""

    code = "gates.task_unknown"


class TaskDone(Conflict):
    """Somebody signed the task as done already."""

    code = "gates.task_done"
