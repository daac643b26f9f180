"""Words of the gates' wire forms that several of them use: names, numbers, makes, and what they may look like."""

from typing import Annotated, Literal

from msgspec import Meta

# At least one visible character and no control characters.
_PLAIN = r"^[^\x00-\x1f\x7f]*[^\s\x00-\x1f\x7f][^\x00-\x1f\x7f]*$"

GateName = Annotated[str, Meta(min_length=1, max_length=100, pattern=_PLAIN)]
Lane = Annotated[str, Meta(min_length=1, max_length=40, pattern=_PLAIN)]
# The look-ahead refuses a line feed at the end, which `$` lets pass and the database does not.
SerialNo = Annotated[str, Meta(pattern=r"^[0-9A-Za-z._:-]{3,64}(?![\s\S])")]
DefaultDirection = Literal["in", "out", "unknown"]
Vendor = Literal["native", "zkteco", "hikvision", "mqtt"]
ZoneForm = Literal["hours", "minutes", "seconds"]
Mac = Annotated[str, Meta(pattern=r"^[0-9A-Fa-f]{2}([:-]?[0-9A-Fa-f]{2}){5}(?![\s\S])")]
ZoneName = Annotated[str, Meta(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9_+\-/:]+(?![\s\S])")]
Network = Annotated[str, Meta(min_length=3, max_length=49)]
Networks = Annotated[list[Network], Meta(max_length=20)]
RadiusMetres = Annotated[int, Meta(ge=5, le=5000)]
Reason = Annotated[str, Meta(min_length=1, max_length=300, pattern=_PLAIN)]
KeyId = Annotated[str, Meta(pattern=r"^[0-9a-f]{32}(?![\s\S])")]
Token = Annotated[str, Meta(pattern=r"^[0-9A-Za-z_-]{16,64}(?![\s\S])")]
DeviceState = Literal["pending", "active", "blocked"]
IntervalSeconds = Annotated[int, Meta(ge=10, le=3600)]
