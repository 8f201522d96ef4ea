"""The answer in words: verdict, honest probabilities, three parts in order. Hand-made diagnoses throughout."""

from __future__ import annotations

import pytest

from nbtui.diagnosis.answer import Verdict
from nbtui.diagnosis.explain.causes import print_last
from nbtui.diagnosis.render import as_object, as_text
from nbtui.parity.own_values import Contradiction
from support.console_causes import OFF, TWO, UNKNOWN, cause, diagnosis


@pytest.mark.parametrize(
    ("probability", "words"),
    [(1.0, ">99 %"), (0.9999, ">99 %"), (0.99, "99 %"), (0.974, "97 %"), (0.5, "50 %"), (0.004, "<1 %"), (0.0, "<1 %")],
)
def test_a_probability_is_never_given_as_certain(probability: float, words: str) -> None:
    assert cause("phi_carryover", probability=probability).likelihood == words


def test_all_of_the_difference_is_explained_only_if_nothing_is_left() -> None:
    assert cause("phi_carryover", explained=1.0).share == "100.0 %"
    assert cause("phi_carryover", explained=0.9999, left="Not explained: polar.").share == "99.9 %"
    assert cause("phi_carryover", explained=0.99999).share == "99.9 %"  # never rounded up
    assert cause("phi_carryover", explained=0.93).share == "93.0 %"


def test_the_verdict_in_one_line() -> None:
    assert diagnosis(differs=False).headline() == "agrees: no difference beyond the tolerance"
    assert UNKNOWN.headline() == "unknown: no known cause"
    printed = diagnosis(cause("tap_after_polar"), verdict=Verdict.UNKNOWN)
    assert printed.headline() == "unknown: no known cause; of the print: tap_after_polar"
    assert TWO.headline() == "explained: phi_carryover (probability >99 %)"
    assert diagnosis(cause("pivot", "phi_carryover"), side="C", verdict=Verdict.PARTLY).headline() == (
        "partly explained: pivot + phi_carryover in the C log (probability 90 %)"
    )
    assert diagnosis(cause("tap_after_polar")).headline() == "explained: tap_after_polar (print, probability 90 %)"
    assert diagnosis(cause("float32")).headline() == "explained: float32 (precision, probability 90 %)"


def test_names_yield_where_the_verdict_has_little_room() -> None:
    assert TWO.headline(38) == "explained: phi_ca~ (probability >99 %)"
    four = diagnosis(cause("default_fluence", "odet_as_typed", "phi_carryover", "pivot"))
    assert four.headline(70) == "explained: default_fluence + odet_as_typed + 2 more (probability 90 %)"
    assert four.headline(69) == "explained: default_fluence + 3 more (probability 90 %)"


def test_lines_of_the_print_are_named_though_the_values_agree() -> None:
    text = as_text(diagnosis(cause("tap_after_polar"), verdict=Verdict.AGREES))
    assert text.startswith("agrees: no difference beyond the tolerance\n")
    assert "Causes:\n1. tap_after_polar\n   print: the trace line, not the pixel; " in text


def test_one_cause_of_the_simulation_makes_a_combination_one_of_the_simulation() -> None:
    assert cause("phi_midpoint", "tap_after_polar").kind == "simulation"
    assert cause("tap_after_polar", "float32").kind == "print"


def test_causes_of_the_print_stand_apart_from_those_of_the_simulation() -> None:
    mixed = diagnosis(cause("layers_not_summed", "print_rederived", "tap_pixel_centre"))
    assert mixed.headline() == (
        "explained: layers_not_summed (probability 90 %); of the print: print_rederived, tap_pixel_centre"
    )
    assert mixed.headline(60) == "explained: layers_not_summed (probability 90 %)"
    assert "\n1. layers_not_summed; of the print: print_rederived, tap_pixel_centre\n" in as_text(mixed)
    (best,) = mixed.hypotheses
    assert best.ids == ("layers_not_summed", "print_rederived", "tap_pixel_centre")
    assert [known.id for known in print_last(("print_rederived", "stale_hkl_cache", "unit_label"))] == [
        "stale_hkl_cache",
        "print_rederived",
        "unit_label",
    ]


def test_the_parts_of_the_text_are_in_order_and_remarks_end_it() -> None:
    weak = cause("phi_midpoint", explained=0.8, left="Not explained: polar.", probability=0.6)
    text = as_text(diagnosis(weak, verdict=Verdict.PARTLY, unknown=(OFF,), remarks=("float32 from hkl_frac on.",)))
    titles = [line for line in text.splitlines() if line.endswith(":") and not line.startswith(" ")]
    assert text.startswith("partly explained: phi_midpoint (probability 60 %)\n")
    assert titles[:3] == ["What is certain:", "Causes:", "What is unknown:"] and titles[-1] == "Remarks:"
    assert text.endswith("\nRemarks:\n  - float32 from hkl_frac on.")


def test_an_answer_without_a_cause_states_facts_and_open_differences() -> None:
    assert as_text(UNKNOWN, 200).startswith(
        "unknown: no known cause\n\n"
        "What is certain:\n  - Everything up to F_latt agrees to 9.7e-07.\n\n"
        "Causes:\n  none known\n\n"
        f"What is unknown:\n  - {OFF.sentence}\n"
    )


def test_a_verdict_that_leaves_a_difference_always_says_so() -> None:
    assert diagnosis().open_questions == ("No known cause explains the difference.",)
    rest = diagnosis(cause("pivot", left="Not explained: polar, off by 1.0e-03."), verdict=Verdict.PARTLY)
    assert rest.open_questions == ("Not explained: polar, off by 1.0e-03.",)
    assert TWO.open_questions == () and diagnosis(differs=False).open_questions == ()


def test_the_json_object_has_the_three_parts() -> None:
    found = as_object(diagnosis(cause("tap_after_polar"), unknown=(OFF,), remarks=("float32 from hkl_frac on.",)))
    assert (found["verdict"], found["remarks"]) == ("explained", ["float32 from hkl_frac on."])
    assert found["certain"] == ["Everything up to lambda_angstroms agrees exactly."]
    assert found["unknown"] == [{"field": "I_before_scaling", "off": 0.8086, "sentence": OFF.sentence}]
    (best,) = found["hypotheses"] if isinstance(found["hypotheses"], list) else ()
    assert {key: best[key] for key in ("ids", "kind", "probability", "explained", "residual", "worst_left")} == {
        "ids": ["tap_after_polar"],
        "kind": "print",
        "probability": 0.9,
        "explained": 1.0,
        "residual": 2e-15,
        "worst_left": {"field": "I_pixel_final", "off": 2e-15},
    }


def test_a_contradiction_within_a_trace_is_printed_once() -> None:
    twice = Contradiction("polar", 0, (1.0,), (0.999,), "Your log: polar is 1, but its own sums give 0.999.")
    text = as_text(diagnosis(cause("pivot"), preflight=(twice.sentence, "Same pixel."), consistency=(twice,)), 200)
    assert text.count(twice.sentence) == 1 and "Preflight:\n  - Same pixel.\n" in text
