"""Joins the staff routes of devices, pairing, keys and bindings."""

from collections.abc import Sequence

from litestar import Router

from backend.gates.registry.binding_routes import bind_people, end_binding, list_bindings
from backend.gates.registry.device_routes import (
    change_gate,
    create_gate,
    get_gate,
    get_gate_counts,
    list_gate_refusals,
    list_gates,
)
from backend.gates.registry.key_routes import KEY_ROUTES
from backend.gates.registry.pairing_routes import close_window, list_unknown_gates, list_windows, open_window
from backend.gates.registry.register_routes import csv_key_register, key_report, xlsx_key_register, xlsx_key_report
from backend.gates.registry.self_test_routes import get_self_test, start_self_test
from backend.kit.errors import DaogangError


def gate_admin_router(place_errors: Sequence[type[DaogangError]]) -> Router:
    """Join the routes; `place_errors` are what `GateTools.read_place` raises, for the API's document."""
    for handler in (create_gate, change_gate):
        handler.opt["raises"] = tuple(dict.fromkeys((*handler.opt["raises"], *place_errors)))
    return Router(
        path="/admin/v1",
        route_handlers=[
            list_gates,
            create_gate,
            get_gate,
            change_gate,
            *KEY_ROUTES,
            list_bindings,
            bind_people,
            end_binding,
            get_gate_counts,
            list_gate_refusals,
            start_self_test,
            get_self_test,
            csv_key_register,
            xlsx_key_register,
            key_report,
            xlsx_key_report,
            open_window,
            list_windows,
            close_window,
            list_unknown_gates,
        ],
        tags=["Gates"],
    )
