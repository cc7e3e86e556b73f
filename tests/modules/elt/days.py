"""A macro for templates."""

from datetime import date

today = date.today
