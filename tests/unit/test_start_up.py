"""A server starts without what only few requests need."""

import subprocess
import sys

from litestar.routes import HTTPRoute

from tests.support.routes import application
from tools.house import ROOT

# openpyxl is for rosters, webauthn for passkeys, firebase-admin and pywebpush for pushes; scipy comes beside the first
# requests.
PUSHES = ("firebase_admin", "pywebpush", "aiosmtplib")
NOT_AT_START = ("openpyxl", "webauthn", "scipy", *PUSHES, "PIL", "backend.demo", "alembic", "procrastinate")


def test_slow_libraries_are_not_imported_at_start() -> None:
    program = f"import sys, backend.main; print([name for name in {NOT_AT_START} if name in sys.modules])"
    shown = subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True, capture_output=True, text=True)
    assert shown.stdout.strip() == "[]"


def test_warming_up_imports_what_the_first_evaluation_needs() -> None:
    program = "import sys\nfrom geofences.evaluation import warm_up\nwarm_up()\nprint('scipy.special' in sys.modules)"
    shown = subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True, capture_output=True, text=True)
    assert shown.stdout.strip() == "True"


def test_the_routes_under_docs_are_ours_alone() -> None:
    """Litestar's OpenAPI plugin would add routes for the same document in forms that nobody checks."""
    paths = {route.path_format for route in application().routes if isinstance(route, HTTPRoute)}
    assert {path for path in paths if path.startswith(("/docs", "/schema"))} == {
        "/docs",
        "/docs/openapi.json",
        "/docs/swagger-ui-bundle.js",
        "/docs/swagger-ui.css",
        "/docs/viewer.js",
    }
