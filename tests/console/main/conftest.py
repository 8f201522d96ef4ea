"""What the tests of the main screen share."""

from __future__ import annotations

from dataclasses import replace

import pytest

from nbtui.live.model import Case

TERMS = "thick,sub_slow,sub_fast,source,phi_step,mosaic_domain,h,k,l,h0,k0,l0,F_latt,F_cell,F_cell2_F_latt2"


@pytest.fixture
def case(case: Case) -> Case:
    """A case folder with C's log and C's terms."""
    rows = [f"0,0,0,0,{i // 2},{i % 2},0.1,4.02,-9.05,0,4,-9,1,100,{v}" for i, v in enumerate((400, 400, 600, 600))]
    terms = case.workdir / "terms.csv"
    terms.write_text("\n".join([TERMS, *rows]) + "\n")
    return replace(case, c_terms=terms)
