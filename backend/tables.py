"""Brings every module's tables into one metadata, for migrations and their check."""

from importlib import import_module

MODULES = (
    "backend.kit.announcements",
    "backend.identity.tables",
    "backend.identity.consents.tables",
    "backend.sites.tables",
    "backend.evidence.tables",
    "backend.evidence.photos.tables",
    "backend.evidence.ways.tables",
    "backend.evidence.ways.way_tables",
    "backend.evidence.references.tables",
    "backend.evidence.liveness.tables",
    "backend.ledger.tables",
    "backend.ledger.seals.tables",
    "backend.gates.envelope_tables",
    "backend.gates.registry.tables",
    "backend.gates.tables",
    "backend.gates.outages.tables",
    "backend.gates.dialects.mqtt.tables",
    "backend.gates.misuse.tables",
    "backend.gates.commands.tables",
    "backend.gates.reconciliation.tables",
    "backend.attendance.rates.tables",
    "backend.attendance.requests.tables",
    "backend.attendance.tables",
    "backend.alerts.channels.tables",
    "backend.alerts.tables",
    "backend.reports.bulletins.tables",
    "geofences.alignment_tables",
    "geofences.correction_tables",
    "geofences.tables",
    "mobile_api.offline.tables",
    "mobile_api.tables",
)


def load_all() -> None:
    """Import the modules that declare tables."""
    for name in MODULES:
        import_module(name)
