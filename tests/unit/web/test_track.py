"""A track that a phone recorded at the desk: what counts of it, and that the server reads what is written of it."""

from typing import Any

import numpy as np

from geofences.readers.gpx import read_gpx
from tests.support.typescript import call_all

EAST = 0.0001044  # some 10 m at 30.5 N


def fix(step: int, accuracy_m: float = 5.0, lat: float = 30.5) -> dict[str, Any]:
    return {"lon": 114.3 + step * EAST, "lat": lat, "accuracy_m": accuracy_m, "at": 1_790_000_000_000 + step * 1000}


def test_the_server_reads_what_is_written_of_a_track() -> None:
    fixes = [fix(step, 3 + step % 4) for step in range(20)]
    track = {"fixes": fixes, "vague": 2}
    gpx, accuracy, way = call_all(
        "desk/fences/track.ts", [("gpxOf", [track]), ("accuracyOf", [track]), ("wayOf", [track])]
    )
    (figure,) = read_gpx(gpx.encode()).figures
    assert figure.walked
    assert np.allclose(figure.parts[0][0], [[one["lon"], one["lat"]] for one in fixes], rtol=0, atol=0)
    assert accuracy == {"median_m": 5, "most_m": 6}
    assert abs(way - 190) < 1


def test_vague_fixes_are_counted_and_left_out() -> None:
    nothing = {"fixes": [], "vague": 0}
    good, vague = call_all(
        "desk/fences/track.ts", [("walked", [nothing, fix(0, 30)]), ("walked", [nothing, fix(0, 30.5)])]
    )
    assert (len(good["fixes"]), good["vague"]) == (1, 0)
    assert (vague["fixes"], vague["vague"]) == ([], 1)


def test_a_walk_round_ends_where_it_began() -> None:
    there = [fix(step) for step in range(11)]
    back = [fix(10 - step, lat=30.5003) for step in range(11)]
    rounded, opened = call_all(
        "desk/fences/track.ts",
        [("isRound", [{"fixes": [*there, *back], "vague": 0}]), ("isRound", [{"fixes": there, "vague": 0}])],
    )
    assert rounded is True
    assert opened is False


def test_what_was_kept_is_read_and_anything_else_is_none() -> None:
    kept = '{"fixes":[{"lon":114.3,"lat":30.5,"accuracy_m":4,"at":1}],"vague":3}'
    texts = [kept, "", "null", "{", '{"fixes":[{"lon":"x"}]}', None]
    read = call_all("desk/fences/track.ts", [("readTrack", [text]) for text in texts])
    assert read[0]["vague"] == 3
    assert [one["fixes"] for one in read[1:]] == [[]] * 5
