"""Figures that the database keeps are gauges of their own, each told once."""

from prometheus_client import CollectorRegistry, generate_latest

from backend.health import Kept


def test_each_figure_is_told_once_with_its_words() -> None:
    registry = CollectorRegistry()
    registry.register(Kept({"daogang_face_references_people": ("People.", 89_999.0)}))
    assert generate_latest(registry).decode().splitlines() == [
        "# HELP daogang_face_references_people People.",
        "# TYPE daogang_face_references_people gauge",
        "daogang_face_references_people 89999.0",
    ]
