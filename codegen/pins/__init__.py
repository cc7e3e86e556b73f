"""Pins: the places where a project says which version of Airflow, or of a provider, it has."""

from codegen.pins.choice import AirflowChoice, choose_airflow
from codegen.pins.forms import AIRFLOW
from codegen.pins.pin import Pin
from codegen.pins.search import find_pins

__all__ = ["AIRFLOW", "AirflowChoice", "Pin", "choose_airflow", "find_pins"]
