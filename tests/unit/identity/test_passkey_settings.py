"""For which domain passkeys are made is the installation's to say."""

import pytest

from backend.settings import read_settings
from backend.variables import SettingsError

DATABASE = {"DATABASE_URL": "postgresql://nobody@localhost/nothing"}


@pytest.mark.parametrize(
    ("environment", "party", "origins"),
    [
        ({}, None, ()),
        ({"DAOGANG_ENV": "development", "PORT": "8123"}, "localhost", ("http://localhost:8123",)),
        ({"DAOGANG_PASSKEY_RP_ID": "site.example"}, "site.example", ("https://site.example",)),
        (
            {
                "DAOGANG_PASSKEY_RP_ID": "site.example",
                "DAOGANG_PASSKEY_ORIGINS": "https://app.site.example, android:apk-key-hash:abc",
            },
            "site.example",
            ("https://app.site.example", "android:apk-key-hash:abc"),
        ),
    ],
)
def test_read_from_the_environment(environment: dict[str, str], party: str | None, origins: tuple[str, ...]) -> None:
    settings = read_settings(DATABASE | environment)
    assert (settings.passkey_rp_id, settings.passkey_origins) == (party, origins)


@pytest.mark.parametrize("origin", ["http://site.example", "site.example", "https://site.example/", "ftp://x"])
def test_an_origin_that_cannot_be_meant_is_refused(origin: str) -> None:
    with pytest.raises(SettingsError, match="DAOGANG_PASSKEY_ORIGINS"):
        read_settings(DATABASE | {"DAOGANG_PASSKEY_RP_ID": "site.example", "DAOGANG_PASSKEY_ORIGINS": origin})
