"""Components are named after classes, not after the modules that they are written in."""

import pytest

from backend.kit.component_names import clean_name, clean_names


@pytest.mark.parametrize(
    ("name", "clean"),
    [
        ("Page_geofences.schemas.FenceAnswer_", "PageOfFenceAnswer"),
        ("Page_backend.gates.registry.schemas.GateAnswer_", "PageOfGateAnswer"),
        ("PolicyBody_backend.decision.policy.SitePolicy_", "PolicyBodyOfSitePolicy"),
        ("geofences_schemas_PlaceAnswer", "GeofencesPlaceAnswer"),
        ("backend_identity_schemas_MeAnswer", "IdentityMeAnswer"),
        ("mobile_api_schemas_MeAnswer", "MobileApiMeAnswer"),
        ("backend_gates_registry_schemas_PlaceAnswer", "GatesRegistryPlaceAnswer"),
        ("FenceAnswer", "FenceAnswer"),
        ("Problem", "Problem"),
    ],
)
def test_names_lose_their_paths(name: str, clean: str) -> None:
    assert clean_name(name) == clean


def test_only_what_changes_is_listed() -> None:
    assert clean_names(["Problem", "Page_mobile_api.schemas.PunchOut_"]) == {
        "Page_mobile_api.schemas.PunchOut_": "PageOfPunchOut"
    }


def test_two_of_one_name_are_refused() -> None:
    with pytest.raises(ValueError, match="PageOfOne"):
        clean_names(["Page_a.schemas.One_", "Page_b.schemas.One_"])
