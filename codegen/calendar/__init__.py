"""A week of the whole fleet's runs: as data, as text and as SVG."""
