"""The parts that several pages show."""
