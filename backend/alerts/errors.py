"""What can be wrong with a request about alerts."""

from backend.kit.errors import Conflict, InvalidInput, NotFound, Unavailable


class AlertUnknown(NotFound):
    """No such alert in the caller's inbox, or nothing of it that he may see."""

    code = "alerts.unknown"


class RuleKindUnknown(NotFound):
    """No rule of that kind."""

    code = "alerts.rule_unknown"


class RuleSettingsInvalid(InvalidInput):
    """The settings are not of the rule's form."""

    code = "alerts.settings_invalid"


class RuleScopeInvalid(InvalidInput):
    """A setting is for the city, for one district or for one project."""

    code = "alerts.scope_invalid"


class RuleInPast(InvalidInput):
    """A setting holds from now on or later, never for what has been."""

    code = "alerts.rule_in_past"


class SpanInvalid(InvalidInput):
    """The span is empty, too long, or lies outside of what can be asked."""

    code = "alerts.span_invalid"


class DelegateInvalid(InvalidInput):
    """The delegate is not another active staff account that shares a project with the caller."""

    code = "alerts.delegate_invalid"


class DelegationUnknown(NotFound):
    """No such delegation of the caller's."""

    code = "alerts.delegation_unknown"


class DelegationTaken(Conflict):
    """Somebody stands in for that time already."""

    code = "alerts.delegation_taken"


class AlertResolved(Conflict):
    """Everything of this alert is resolved already."""

    code = "alerts.resolved"


class FeedFull(Unavailable):
    """This process has as many open boards as it takes."""

    code = "alerts.feed_full"
    retry_after_s = 5
