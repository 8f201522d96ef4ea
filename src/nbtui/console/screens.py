"""The table of screens: one row each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Never

from nbtui.console.action import ActionTable, KeyTable
from nbtui.console.diagnosis.actions import DIAGNOSIS_ACTIONS
from nbtui.console.diagnosis.controller import DiagnosisController
from nbtui.console.help.actions import HELP_ACTIONS
from nbtui.console.help.controller import HelpController
from nbtui.console.image.actions import IMAGE_ACTIONS
from nbtui.console.image.controller import ImageController
from nbtui.console.logs.actions import LOGS_ACTIONS
from nbtui.console.logs.controller import LogsController
from nbtui.console.main.actions import ACTIONS
from nbtui.console.main.screen_controller import ScreenController
from nbtui.console.packages.actions import PACKAGES_ACTIONS
from nbtui.console.packages.controller import PackagesController
from nbtui.console.parameters.actions import PARAMETERS_ACTIONS
from nbtui.console.parameters.controller import ParametersController
from nbtui.console.runs.actions import RUNS_ACTIONS
from nbtui.console.runs.controller import RunsController
from nbtui.console.sweeps.actions import SWEEPS_ACTIONS
from nbtui.console.sweeps.controller import SweepsController


@dataclass(frozen=True)
class ScreenRow:
    """A screen. ``opened_by``: the main-screen action whose key opens it through its ``controller``."""

    actions: ActionTable[Never]
    opened_by: str = ""
    controller: type[ScreenController] | None = None


SCREENS: tuple[ScreenRow, ...] = (
    ScreenRow(ACTIONS),
    ScreenRow(PARAMETERS_ACTIONS, "parameters", ParametersController),
    ScreenRow(DIAGNOSIS_ACTIONS, "why", DiagnosisController),
    ScreenRow(IMAGE_ACTIONS, "image", ImageController),
    ScreenRow(LOGS_ACTIONS, "logs", LogsController),
    ScreenRow(PACKAGES_ACTIONS, "packages", PackagesController),
    ScreenRow(RUNS_ACTIONS, "runs", RunsController),
    ScreenRow(SWEEPS_ACTIONS, "sweeps", SweepsController),
    ScreenRow(HELP_ACTIONS, "help", HelpController),
)

KEY_TABLES: tuple[KeyTable, ...] = tuple(KeyTable(row.actions, row.opened_by) for row in SCREENS)
