"""What can be wrong with a request about rule sets, stop-work and rates."""

from backend.kit.errors import Conflict, Forbidden, InvalidInput, NotFound


class RuleSetUnknown(NotFound):
    """No such rule set, or none that reaches the caller's rows."""

    code = "rates.rule_set_unknown"


class RuleVersionUnknown(NotFound):
    """The rule set has no such version."""

    code = "rates.rule_version_unknown"


class PresetUnknown(NotFound):
    """No preset of that name ships with the platform."""

    code = "rates.preset_unknown"


class RuleBodyInvalid(InvalidInput):
    """The rules do not fit together; `reason` says where."""

    code = "rates.rules_invalid"


class RuleScopeInvalid(InvalidInput):
    """A rule set is for the city, for one district or for one project."""

    code = "rates.scope_invalid"


class RuleVersionMoved(Conflict):
    """Somebody else has added a version meanwhile."""

    code = "rates.version_moved"


class RuleVersionPublished(Conflict):
    """The version is published already: what is published is never changed, a new version replaces it."""

    code = "rates.version_published"


class SpanInvalid(InvalidInput):
    """The span of days is empty, too long, or lies outside of what can be asked."""

    code = "rates.span_invalid"


class StopWorkUnknown(NotFound):
    """No such stop of work on the project."""

    code = "rates.stop_work_unknown"


class StopWorkDecided(Conflict):
    """The stop of work is decided already, or not decided yet."""

    code = "rates.stop_work_decided"


class StopWorkOwn(Forbidden):
    """Who files a stop of work does not approve it."""

    code = "rates.stop_work_own"


class ComputationUnknown(NotFound):
    """No such computation, or none for the caller's rows."""

    code = "rates.computation_unknown"


class ComputationOpen(Conflict):
    """The computation is not done yet."""

    code = "rates.computation_open"


class ComputationStale(Conflict):
    """Other figures were published for the same month since this computation was asked for, or these already are."""

    code = "rates.computation_stale"


class ComputationOfDraft(Conflict):
    """The figures were reckoned by rules that are a draft still."""

    code = "rates.computation_of_draft"
