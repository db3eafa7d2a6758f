"""The steps of the programme, one file each; a new one is a file and a line in STEPS."""

from flows.steps.app import APP
from flows.steps.registration import REGISTRATION
from flows.steps.step import Step
from flows.steps.video import VIDEO

STEPS: tuple[Step, ...] = (REGISTRATION, VIDEO, APP)  # the streak follows them: streak.py
