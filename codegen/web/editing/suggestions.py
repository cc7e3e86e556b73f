"""The values that the form suggests for a key, from meltano.yml and from other schedules."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from codegen.keys.texts import timezones
from codegen.web.editing.drafts import usual_timezones
from codegen.web.editing.preview import Preview

# The keys that also accept other values.
OPEN = frozenset(("interval", "timezone", "environment", "owner", "tags", "pool", "queue", "after"))


def suggestions_for(preview: Preview) -> Mapping[str, Sequence[str]]:
    """Collect the suggested values by key."""
    reading, meltano = preview.reading, preview.reading.meltano
    suggestions: dict[str, Iterable[str]] = {
        "timezone": dict.fromkeys([*usual_timezones(reading), *sorted(timezones())]),
        "after": {schedule.name for schedule in reading.schedules},
        "only": preview.project.deployments,
        "owner": {schedule.owner or "" for schedule in reading.schedules},
        "tags": {tag for schedule in reading.schedules for tag in schedule.tags},
        "pool": {schedule.pool for schedule in reading.schedules if schedule.pool},
        "queue": {schedule.queue for schedule in reading.schedules if schedule.queue},
    }
    if meltano:
        suggestions["extractor"] = meltano.plugins.get("extractors", ())
        suggestions["loader"] = meltano.plugins.get("loaders", ())
        suggestions["job"] = meltano.jobs
        suggestions["environment"] = meltano.environments
    return {
        key: tuple(values) if key in {"timezone", "only"} else sorted(values)
        for key, values in suggestions.items()
        if values
    }
