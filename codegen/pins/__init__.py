"""Pins: the versions of Airflow and its providers in the files of a project."""

from codegen.pins.choice import AirflowChoice, choose_airflow
from codegen.pins.forms import AIRFLOW
from codegen.pins.pin import Pin
from codegen.pins.search import find_pins

__all__ = ["AIRFLOW", "AirflowChoice", "Pin", "choose_airflow", "find_pins"]
