"""Tolerance profiles: the built-in limits of the specification, and a user's own."""

from __future__ import annotations

import pytest

from nbtui.parity.profiles import BUILT_IN, Limit, from_mapping, profile
from nbtui.parity.scales import scale_of
from nbtui.trace.fields.catalogue import FIELDS
from nbtui.trace.model import TraceError


def test_the_gate_is_one_part_in_a_million_everywhere() -> None:
    assert profile("scaling").limit("I_before_scaling") == Limit(1e-6)
    assert profile("full").limit("I_before_scaling") == Limit(1e-6, of_scale=True)
    chain = [entry.name for entry in FIELDS if entry.scaling]
    assert "I_before_scaling" in chain and not any(scale_of(name, "", (5, 6, 7)) for name in chain)
    assert set(BUILT_IN) == {"scaling", "full", "spec", "c-parity"}


@pytest.mark.parametrize(("name", "k_frac", "rot_b_y"), [("spec", 1e-6, 1e-6), ("c-parity", 5e-5, 1e-4)])
def test_absolute_limits_of_the_phi_profiles(name: str, k_frac: float, rot_b_y: float) -> None:
    chosen = profile(name)
    assert chosen.limit("hkl_frac", "k") == Limit(k_frac, absolute=True)
    assert chosen.limit("phi.k_frac") == Limit(k_frac, absolute=True)
    assert chosen.limit("rot_b_angstroms", "y") == Limit(rot_b_y, absolute=True)
    assert chosen.judges("hkl_frac", "k") and not chosen.judges("hkl_frac", "h")
    assert not chosen.judges("I_before_scaling")


def test_scaling_judges_the_factors_after_the_sum_only() -> None:
    chosen = profile("scaling")
    judged = ("I_before_scaling", "r_e_sqr", "fluence_photons_per_m2", "steps", "capture_fraction", "polar")
    assert all(chosen.judges(name) for name in (*judged, "omega_pixel", "cos_2theta", "I_pixel_final"))
    assert not any(chosen.judges(name) for name in ("hkl_frac", "F_latt_a", "F_cell", "phi.k_frac", "unheard_of"))


def test_unknown_profile_names_the_known_ones() -> None:
    own = {"mine": from_mapping("mine", {})}
    with pytest.raises(
        TraceError, match="unknown tolerance profile 'loose'; known: scaling, full, spec, c-parity, mine"
    ):
        profile("loose", own)
    assert profile("mine", own).name == "mine"


def test_tolerance_replaces_relative_limits_only() -> None:
    own = from_mapping("own", {"fields": {"hkl_frac": 1e-3, "rot_b_angstroms.y": {"abs": 0.5}}})
    changed = own.with_tolerance(1e-9)
    assert changed.limit("hkl_frac", "h") == Limit(1e-9)
    assert changed.limit("polar") == Limit(1e-9, of_scale=True)
    assert changed.limit("rot_b_angstroms", "y") == Limit(0.5, absolute=True)
    assert own.with_tolerance(None) is own
    with pytest.raises(TraceError, match="absolute limits only"):
        profile("spec").with_tolerance(1e-6)


def test_own_profile_from_settings() -> None:
    own = from_mapping("phi", {"base": "scaling", "tolerance": 1e-4, "fields": {"hkl_frac": 1e-8}, "only": True})
    assert own.scope == "rules"
    assert own.judges("hkl_frac", "l") and not own.judges("polar")
    assert from_mapping("loose", {"tolerance": 1e-3}).limit("polar") == Limit(1e-3, of_scale=True)
    # the component's rule wins over the field's
    both = from_mapping("both", {"fields": {"hkl_frac": 1e-3, "hkl_frac.k": 1e-8}})
    assert both.limit("hkl_frac", "k") == Limit(1e-8) and both.limit("hkl_frac", "h") == Limit(1e-3)
    assert from_mapping("zero", {"fields": {"polar": 0}}).limit("polar") == Limit(0.0)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"tolerence": 1e-3}, "unknown key 'tolerence'"),
        ({"tolerance": -1.0}, "tolerance must be a finite number"),
        ({"tolerance": float("nan")}, "tolerance must be a finite number"),
        ({"tolerance": True}, "tolerance must be a finite number"),
        ({"tolerance": "1e-6"}, "tolerance must be a finite number"),
        ({"base": "fulll"}, "unknown tolerance profile 'fulll'"),
        ({"fields": {"hkl_fraction": 1e-3}}, "fields.hkl_fraction: no such trace field"),
        ({"fields": {"hkl_frac": {"rel": 1}}}, "fields.hkl_frac: give a number"),
        ({"fields": [1]}, "fields must be a table"),
        ({"only": True}, "only = true needs"),
        ({"only": 1}, "only must be true or false"),
    ],
)
def test_unusable_settings_say_profile_and_key(settings: dict[str, object], message: str) -> None:
    with pytest.raises(TraceError, match=r"profile own|unknown tolerance profile") as caught:
        from_mapping("own", settings)
    assert message in str(caught.value)


def test_built_in_names_cannot_be_redefined() -> None:
    with pytest.raises(TraceError, match="taken by a built-in"):
        from_mapping("full", {"tolerance": 1.0})
