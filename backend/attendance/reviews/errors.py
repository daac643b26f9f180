"""What can keep a punch of the queue from being ruled on."""

from backend.kit.errors import Conflict


class NotInReview(Conflict):
    """The punch does not wait for a ruling any more."""

    code = "attendance.not_in_review"
