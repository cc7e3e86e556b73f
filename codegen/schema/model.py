"""The model of a schedule: typed and frozen, each key with its meaning and an example."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from functools import cached_property, partial
from typing import Any
from zoneinfo import ZoneInfo

from codegen.airflow_facts import at_least, facts_of
from codegen.diagnostics import Location
from codegen.keys.containers import TextList
from codegen.keys.model import model
from codegen.keys.scalars import Boolean, DateTime, Duration, Integer
from codegen.keys.table import Table, key, keys_of, shared_key
from codegen.keys.texts import Id, Markdown, Name, TemplatedText, Text, Timezone
from codegen.schema.after import AFTER, After
from codegen.schema.alerts import Alert, AlertList
from codegen.schema.asset import Asset, AssetList
from codegen.schema.overlays import Overlays
from codegen.schema.pair import PAIR, PAIR_OPTIONS
from codegen.schema.param import PARAMS, Param
from codegen.schema.task import Task, TaskList
from codegen.schema.task_defaults import SHELL_KINDS, TaskDefaults
from codegen.schema.timetable import CustomTimetable, IntervalType
from codegen.text.ids import airflow_id, composed
from codegen.timetable.dst import localized
from codegen.timetable.interval import Interval, parse_interval
from codegen.timetable.timetable import Timetable

MAX_TAG_LENGTH = 100
# In the timezone of the schedule.
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001
# The prefix that Meltano's own generator adds to schedule names (files-airflow, orchestrate/dags/meltano.py).
DAG_ID_PREFIX = "meltano_"
# The variable that Meltano reads before it looks for a project around its working directory.
PROJECT_ROOT_VARIABLE = "MELTANO_PROJECT_ROOT"
# Characters that cause problems in a file system or a shell.
_INVALID_IN_STEM = re.compile(r'[\s/\\:*?"<>|\x00-\x1f\x7f]')
_MAX_STEM_BYTES = 190
_DEFAULTS_OF_TASKS = tuple((row.name, row.default) for row in keys_of(TaskDefaults).values() if row.default is not None)
# The groups of the reference.
_identity = partial(key, group="identity")
_runs = partial(key, group="what runs")
_state = partial(key, group="state")
_when = partial(key, group="when")
_how = partial(key, group="how")
_outcome = partial(key, group="when it goes wrong")
_where = partial(key, group="where")


@model(frozen=True, kw_only=True)
class Schedule(TaskDefaults):
    """A pipeline and its schedule. A missing key has its default value, if there is one.

    Attributes:
        source: the file, as a path in the project with forward slashes.
        relative: the file, relative to the folder of schedules.
        deployment: its environment in the configuration, or empty; the key `environment` is Meltano's.
        state_suffix: the suffix that the environment adds to state IDs.
        dag_file: its DAG file, as a path in the project.
    """

    name: str = _identity(
        Name("a name"), "The schedule's name. Default: the file name without `.yml`.", "carbon__duckdb", ""
    )
    dag_id: str | None = _identity(
        Id("a DAG ID"),
        "The ID of the pipeline (DAG) in Airflow. Airflow keeps its history under this ID. Default, as in Meltano: "
        "`meltano_<name>`, or `meltano_<name>_<job>` for a job. "
        "`dag_id_prefix` in the configuration replaces `meltano_`.",
        "carbon_daily",
        owns=("dag_id",),
    )
    description: str | None = _identity(
        Text(),
        "A description of the DAG in Airflow, on one line. Default: a summary of the tasks and the interval.",
        "Carbon intensity of the grid",
        owns=("description",),
    )
    tags: tuple[str, ...] = _identity(
        TextList("a list of tags", Text("a tag", max_length=MAX_TAG_LENGTH)),
        "Tags for filtering DAGs in Airflow, in addition to Meltano's (`meltano`, the plugins or the job).",
        "[energy]",
        (),
        owns=("tags",),
    )
    doc_md: str | None = _identity(
        Markdown(),
        "Documentation in Markdown. Airflow shows it on the DAG's page, below the documentation from Dagpress.",
        "Ask the energy team.",
        label="Documentation",
        owns=("doc_md",),
    )

    extractor: str | None = shared_key(Task, "extractor")
    loader: str | None = shared_key(Task, "loader")
    transform: str | None = shared_key(Task, "transform")
    job: str | None = _runs(
        Name("the name of a job"), "A job from meltano.yml. Each of its tasks becomes a task of the DAG.", "refresh"
    )
    tasks: tuple[Task, ...] | None = _runs(
        TaskList(),
        "A list of tasks. Each is text with the arguments of `meltano run`, or a map with the keys of a task.",
        "[tap-gitlab target-postgres, dbt-postgres:run]",
    )

    state_id: str | None = shared_key(Task, "state_id")
    state_id_suffix: str | None = _state(
        TemplatedText(max_length=1000),
        "The suffix that `meltano run` appends to its state IDs. For `job` and `tasks`, and for a `meltano run` in a "
        "`command`.",
        "eu",
        reaches=("run", "command"),
        variable="MELTANO_RUN_STATE_ID_SUFFIX",
    )

    interval: str | CustomTimetable = _when(
        IntervalType(),
        "A cron expression of five fields, which can contain names, `L`, `#` and `H` (a time derived from the "
        "schedule's name). Or a duration that divides the hour or the day, such as `15m` or `6h`. Or an alias: "
        "`@hourly`, `@daily`, `@midnight`, `@weekly`, `@monthly`, `@quarterly`, `@yearly` or `@annually`. Or, for "
        "manual runs only, `@manual`, `@none` or, as in Meltano, `@once`. Or a map with `uses`: a timetable from "
        "Airflow or your own. Required without `after`.",
        '"0 6 * * 1-5"',
        "",
        owns=("schedule", "schedule_interval", "timetable"),
    )
    after: After | None = _when(
        AFTER,
        "The upstream schedules, and assets of other DAGs as `asset: name-or-uri`. A run starts after they succeed. "
        "With an `interval`, including an inherited one, runs also start at its times (`interval: null` removes it).",
        "[orders, customers]",
        label="After other pipelines",
    )
    outlets: tuple[Asset, ...] = _when(
        AssetList(),
        "The assets, such as tables or files, that a successful run updates once, after its last task. Other DAGs can "
        "start after these updates.",
        "[s3://warehouse/orders]",
        (),
        label="Assets it updates",
        owns=("outlets",),
    )
    timezone: str = _when(
        Timezone("a timezone"),
        "The timezone of the interval and of dates without an offset. Airflow's `ds`, `ts` and `logical_date` stay in "
        "UTC.",
        "Europe/Berlin",
        "UTC",
    )
    start_date: datetime = _when(
        DateTime(),
        "The earliest logical date to run.",
        "2024-01-31",
        _EPOCH,
        owns=("start_date",),
    )
    end_date: datetime | None = _when(DateTime(), "The latest logical date to run.", "2030-12-31", owns=("end_date",))
    data_interval: bool | None = _when(
        Boolean(),
        "Whether a run covers a period, the data interval since the previous run (`data_interval_start` to "
        "`data_interval_end`; `ds` and `logical_date` are its start), or a point in time, where all of these are "
        "equal. Default: a period on Airflow 2, a point in time on Airflow 3.",
        "true",
        label="Runs cover a period",
    )
    catchup: bool = _when(
        Boolean(),
        "Whether Airflow catches up on runs missed since the start date.",
        "true",
        default=False,
        is_argument=True,
        label="Catch up on missed runs",
    )
    max_active_runs: int = _when(
        Integer(1), "How many runs may be active at once.", "4", 1, is_argument=True, label="Runs at once"
    )
    dagrun_timeout: timedelta | None = _when(
        Duration(),
        "How long a run may take before it fails. Default: no limit.",
        "6h",
        is_argument=True,
        label="Time limit of a run",
    )
    is_paused_upon_creation: bool | None = _when(
        Boolean(),
        "Whether the DAG is paused when Airflow first loads it. Default: the setting in Airflow's configuration.",
        "true",
        label="Paused when created",
        is_argument=True,
    )

    params: Mapping[str, Param] = _how(
        PARAMS,
        "Values that can be set when starting a run. Templates read them as `{{ params.days }}`.",
        "{days: 7, full: {type: boolean, default: false}}",
        {},
        owns=("params",),
    )
    environment: str | None = _how(
        TemplatedText("an environment", max_length=1000),
        "The Meltano environment, passed as `--environment`, or as `MELTANO_ENVIRONMENT` to a `command`. "
        "Default: the default environment of the Meltano project.",
        "prod",
        label="Meltano environment",
        reaches=SHELL_KINDS,
        variable="MELTANO_ENVIRONMENT",
    )
    on_failure: tuple[Alert, ...] = _outcome(
        AlertList(),
        "Alerts when a run fails, once for each run.",
        "{slack: '#alerts'}",
        (),
        owns=("on_failure_callback",),
        label="Alert when it fails",
    )
    on_success: tuple[Alert, ...] = _outcome(
        AlertList(),
        "Alerts when a run succeeds, once for each run.",
        "{webhook: alerts}",
        (),
        owns=("on_success_callback",),
        label="Alert when it succeeds",
    )
    deadline: timedelta | None = _outcome(
        Duration(),
        "How long a run may take before `on_deadline` sends its alerts. The run continues. On Airflow 3.1 and later, "
        "the time counts from when the run is queued. On Airflow 2, it is the SLA of the tasks and counts from when "
        "the run is due. Airflow 3.0 does not support deadlines.",
        "2h",
        owns=("deadline", "sla"),
    )
    on_deadline: tuple[Alert, ...] = _outcome(
        AlertList(),
        "Alerts when a run misses its `deadline`.",
        "{email: data@example.com}",
        (),
        owns=("sla_miss_callback",),
        label="Alert when it is late",
    )

    environments: Mapping[str, Mapping[str, Any]] = _where(
        Overlays(lambda: Table(keys_of(Schedule))),
        "The keys that differ in an environment of the configuration: any except `name`, `only` and "
        "`environments`. Each environment has its own folder of DAG files.",
        "{prod: {environment: prod, interval: '@hourly'}}",
        {},
        label="Differences between environments",
    )
    only: tuple[str, ...] = _where(
        TextList("a list of environments", Text("an environment")),
        "The environments that have this schedule. Default: all.",
        "[prod]",
        (),
        label="Only in these environments",
    )

    source: str = ""
    relative: str = ""
    deployment: str = ""
    state_suffix: str = ""
    dag_id_prefix: str = DAG_ID_PREFIX
    dag_file: str = ""

    def __post_init__(self) -> None:
        """Set the defaults of the keys for tasks: a schedule has no outer map to inherit values from."""
        for name, default in _DEFAULTS_OF_TASKS:
            if getattr(self, name) is None:
                object.__setattr__(self, name, default)

    def where(self, *keys: str) -> Location:
        """Return the place of the first key that is set, else the file."""
        return next((self.at[name] for name in keys if name in self.at), Location(self.source))

    @property
    def clock(self) -> Interval:
        """The interval, with the times that replace each `H`; empty without an interval.

        Raises:
            InvalidError: the interval never fires, which `validate` reports.
        """
        if isinstance(self.interval, CustomTimetable):
            return Interval(None, self.interval.uses.rpartition(".")[2])
        return parse_interval(self.interval, self.name) if self.interval else Interval(None)

    @property
    def interval_text(self) -> str:
        """The interval as written, or the class of the timetable."""
        return self.interval.uses if isinstance(self.interval, CustomTimetable) else self.interval.strip()

    def timetable(self, airflow: str) -> Timetable:
        """Return when a version of Airflow starts the runs."""
        zone, end = ZoneInfo(self.timezone), self.end_date
        return Timetable(
            self.clock.cron,
            zone,
            localized(self.start_date, zone).astimezone(timezone.utc),
            localized(end, zone).astimezone(timezone.utc) if end else None,
            has_data_intervals=self.has_data_intervals(airflow),
            skips=int(at_least(airflow, "3.3")) if self.catchup else None,
            is_strict=at_least(airflow, "3.4"),
        )

    def has_data_intervals(self, airflow: str) -> bool:
        """Return whether scheduled runs have data intervals, and start when these end.

        Airflow's default is `create_cron_data_intervals` in airflow/config_templates/config.yml.
        """
        return facts_of(airflow).cron_data_intervals if self.data_interval is None else self.data_interval

    def has_sla(self, airflow: str) -> bool:
        """Return whether the tasks have an SLA: on Airflow 2, with a deadline and an interval."""
        return facts_of(airflow).has_sla and bool(self.deadline) and not self.clock.is_manual

    @cached_property
    def dag_id_or_default(self) -> str:
        """The `dag_id`, or the default, in characters that Airflow allows."""
        return self.dag_id or airflow_id(self.default_dag_id)

    @property
    def default_dag_id(self) -> str:
        """The ID from Meltano's generator (files-airflow, orchestrate/dags/meltano.py), except for the prefix."""
        return f"{self.dag_id_prefix}{self.name}" + (f"_{self.job}" if self.job else "")

    @property
    def full_state_id(self) -> str:
        """The state ID of the schedule's own extractor and loader."""
        return self.state_id_of(self.pair or Task())

    def state_id_of(self, task: Task) -> str:
        """Return the state ID of a task with an extractor and a loader, with the suffix of the environment."""
        own = task.state_id or f"{self.name}.{task.task_id}"
        return ":".join(part for part in (own, self.state_suffix) if part)

    @cached_property
    def pair(self) -> Task | None:
        """The schedule's own extractor and loader as a task."""
        if not self.extractor:
            return None
        return Task(
            id="extract_load",
            extractor=self.extractor,
            loader=self.loader,
            transform=self.transform,
            state_id=self.state_id or self.name,
            at={name: self.at[name] for name in (*PAIR, *PAIR_OPTIONS) if name in self.at},
        )

    @cached_property
    def own_tasks(self) -> tuple[Task, ...]:
        """The tasks of the schedule; empty if it runs a job."""
        return self.tasks or ((self.pair,) if self.pair else ())

    @cached_property
    def all_tags(self) -> tuple[str, ...]:
        """Meltano's tags (files-airflow, orchestrate/dags/meltano.py), then the schedule's, without duplicates."""
        if self.extractor:
            transform = {"run": ["transform"], "only": ["transform-only"]}.get(self.transform or "", [])
            meltanos = [self.extractor, self.loader or "", *transform]
        else:
            meltanos = [f"schedule:{self.name}", *([f"job:{self.job}"] if self.job else [])]
        return tuple(dict.fromkeys(["meltano", *meltanos, *self.tags]))

    @property
    def key(self) -> str:
        """The key of the schedule in the project: its deployment environment and its file."""
        return "/".join(filter(None, (self.deployment, self.relative)))

    def of(self, task: Task, name: str) -> Any:  # noqa: ANN401  # the value of any key
        """Return the value of a key for a task: its own, else the schedule's."""
        own = getattr(task, name)
        return getattr(self, name) if own is None else own

    def runner_of(self, task: Task) -> str | None:
        """Return the runner of a task, its own or the schedule's; None for `python` and `uses`, which have none."""
        return None if task.python or task.uses else task.runner or self.runner

    def settings_of(self, task: Task) -> Any:  # noqa: ANN401  # the class depends on the runner
        """Return the settings of the task's runner; None without settings."""
        runner = self.runner_of(task) or ""
        return task.settings.get(runner) or self.settings.get(runner)

    def ids_of_job(self, count: int) -> list[str]:
        """Return the task IDs of a job, as in Meltano's generator (files-airflow, orchestrate/dags/meltano.py)."""
        return [f"{self.dag_id_or_default}_task{number}" for number in range(count)]


def file_stem(name: str) -> str:
    """Return the file stem for a schedule name: the name itself, if it is a valid stem."""
    stem = _INVALID_IN_STEM.sub("_", composed(name))
    stem = "".join(character if character.isprintable() else "_" for character in stem)
    stem = stem.encode()[:_MAX_STEM_BYTES].decode(errors="ignore")
    stem = re.sub(r"\.$", "_", stem)
    # Files with a leading `_` or dot are not schedules, and commands read a leading dash as an option.
    return stem.lstrip("_.-") or "schedule"
