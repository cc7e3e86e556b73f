"""Hypothesis strategies: any UTF-8 text, often a value that is known to break programs, and whole schedules."""

import operator
from datetime import datetime
from typing import Any

from hypothesis import strategies as st

from codegen.secrets.detection import is_sensitive
from codegen.text.ids import id_of

_VISIBLE = (
    "' \" ''' \"\"\" \\ {{ds}} {% {# #} }} $(id) `id` ${HOME} ; && */ --> .sh .bash .env .yaml .json %s # -- é 😀"
)
_INVISIBLE = [" ", "\n", "\\\n", "\r\n", "\r", "\t", "\x1b[2J", "\u202e", "\u2066", "\u2028", "\ufeff", "\xad"]
HOSTILE_TEXTS = ["{{ ds }}", *_VISIBLE.split(), *_INVISIBLE]
HOSTILE = st.sampled_from(HOSTILE_TEXTS)
TEXT = st.lists(
    st.one_of(HOSTILE, st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=8)),
    max_size=6,
).map("".join)

# Values that every run must include.
TRAPS = [
    *("run.sh", "a.bash", ".sh", "a.env", ".env", "a.json", "a.yaml", ".yml", "[", "[1]", "['a']", "$(HOME)", "$$"),
    *("{#", "${#a[@]}", "{\r", "{# gone #}", "}}", "{ {", "{'a': {'b': 1}}", '{"a": {"b": 1}}'),
    *("$HOME", "`id`", "'", '"', "\\", "*", ";", "&&", "-n", "a b", "", " ", "ends with a space ", "é", "😀"),
    *("line\n", "\n", "a\r\nb", "\r", "\u202e", "\x01", "\x7f", "\u2028"),
]


def year(number: int) -> datetime:
    """Return the first instant of a year."""
    return datetime(number, 1, 1)  # noqa: DTZ001  # a local time


_JSON_TEXT = TEXT.filter(lambda text: "\x00" not in text)
JSON = st.recursive(
    st.booleans() | st.integers(-(10**6), 10**6) | _JSON_TEXT,
    lambda value: st.lists(st.none() | value, max_size=3) | st.dictionaries(_JSON_TEXT, value, max_size=3),
    max_leaves=5,
)


# Plausible texts, so that most schedules are valid.
WORDS = TEXT.filter(str.strip)
VALUES = st.just("{{ ds }}") | TEXT.filter(lambda text: "{{" not in text and "{%" not in text)
# A name that looks like a secret is rejected.
NAMES = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_.\-]{0,100}", fullmatch=True).filter(
    lambda name: not is_sensitive("", name)
)
PLUGINS = st.from_regex(r"(tap|target)-[a-z0-9\-]{1,60}", fullmatch=True)
RUNS = st.lists(PLUGINS | VALUES.map(lambda t: "'" + t.replace("'", "") + "'"), min_size=1, max_size=4).map(" ".join)
INTERVALS = st.sampled_from(["@daily", "@manual", "H H * * *", "0 0 L * *", "*/5 1-3 * jan-mar fri#2", "30 4 1 * *"])
TIMES = {
    "timezone": st.sampled_from(["UTC", "Europe/Berlin", "America/Argentina/ComodRivadavia"]),
    "start_date": st.datetimes(year(1900), year(2030)).map(datetime.isoformat),
    "end_date": st.datetimes(year(2030), year(2999)).map(datetime.isoformat),
    "data_interval": st.booleans(),
}
PARAMS = st.dictionaries(
    st.from_regex(r"p_[A-Za-z0-9_]{1,20}", fullmatch=True),
    JSON.filter(lambda value: not isinstance(value, dict))
    | st.fixed_dictionaries(
        {"default": JSON},
        optional={
            "type": st.just(["string", "integer", "number", "boolean", "array", "object", "null"]),
            "title": WORDS,
            "description": WORDS,
            "section": WORDS,
            "examples": st.lists(JSON, min_size=1, max_size=3),
            "values_display": st.dictionaries(WORDS, WORDS, max_size=3),
            "minimum": st.just(-(10**6)),
            "maxLength": st.integers(1000, 2000),
        },
    ),
    max_size=3,
)
MESSAGES = VALUES.filter(str.strip)
PATHS = st.from_regex(r"[a-z_]{1,40}(\.[A-Za-z_]{1,40}){1,3}", fullmatch=True) | st.just("alerts.context")
# Few draws, since each schedule has many keys.
ALERTS = st.one_of(
    MESSAGES.map(
        lambda text: [{"email": {"to": "a@example.com", "html_content": text}}, {"slack": {"channel": "#alerts"}}]
    ),
    MESSAGES.map(lambda text: [{"webhook": {"json": {"text": text, "more": {"text": text, "list": [1, None]}}}}]),
    PATHS.map(
        lambda path: [{"python": {"callable": path}}, {"python": {"callable": path, "op_kwargs": {"path": path}}}]
    ),
)
COMMON = {
    "description": WORDS,
    "owner": WORDS,
    "doc": WORDS,
    "tags": st.lists(WORDS.map(lambda t: t[:100]).filter(str.strip), max_size=5),
    "env": st.dictionaries(st.from_regex(r"[A-Z][A-Z0-9_]{0,40}", fullmatch=True), VALUES, max_size=4),
    "pool": NAMES | WORDS,
    "queue": WORDS,
    "pool_slots": st.integers(1, 2**31 - 1),
    "priority_weight": st.integers(-(2**31), 2**31 - 1),
    "max_active_runs": st.integers(1, 2**31 - 1),
    "retries": st.integers(0, 2**31 - 1),
    "retry_delay": st.sampled_from(["0s", "999999d", "90s", "5m", "1.5h", "PT1H30M"]),
    "execution_timeout": st.sampled_from(["45m", "P1D"]),
    "dagrun_timeout": st.sampled_from(["100s", "2w"]),
    "on_failure": ALERTS,
    "catchup": st.booleans(),
    "is_paused_upon_creation": st.booleans(),
    "environment": st.sampled_from(["prod", "{{ var.value.env }}"]),
    "full_refresh": st.booleans(),
}
EXTRACT_LOADS = st.fixed_dictionaries(
    {"extractor": PLUGINS, "loader": PLUGINS, "interval": INTERVALS},
    optional={
        **COMMON,
        **TIMES,
        "state_id": VALUES.filter(str.strip),
        "transform": st.sampled_from(["skip", "run", "only"]),
    },
)


def _task_id(task: dict[str, Any]) -> str:
    return str(task.get("id") or id_of(task["run"]))


TASKS = st.fixed_dictionaries({"interval": INTERVALS}, optional={**COMMON, **TIMES}).flatmap(
    lambda base: st.lists(
        st.fixed_dictionaries(
            {"run": RUNS},
            optional={
                "env": COMMON["env"],
                "retries": COMMON["retries"],
                "on_success": ALERTS,
                "runner": st.just("bash"),
                "id": NAMES | st.sampled_from(["BashOperator", "pendulum", "DAG", "None", "MELTANO"]),
            },
        ).filter(_task_id),
        min_size=1,
        max_size=5,
        unique_by=_task_id,
    ).map(lambda tasks: {**base, "tasks": tasks})
)
_PATHS = VALUES.map(lambda text: f"/a{text}")
RUNNERS: st.SearchStrategy[dict[str, Any]] = st.just({}) | st.fixed_dictionaries(
    {
        "runner": st.just("docker"),
        "docker": st.fixed_dictionaries(
            {"image": st.sampled_from(["elt:1", "{{ var.value.image }}", "registry.example.com:5000/elt/meltano:1.0"])},
            optional={
                "mounts": st.lists(
                    st.fixed_dictionaries({"source": _PATHS, "target": _PATHS}, optional={"read_only": st.booleans()}),
                    max_size=3,
                    unique_by=lambda mount: mount["target"],
                ),
                "working_dir": TEXT.map(lambda text: f"/{text}").filter(
                    lambda text: "{{" not in text and "{%" not in text
                ),
                "extra_hosts": st.dictionaries(NAMES, st.ip_addresses().map(str), max_size=3),
                "cpus": st.floats(0.01, 256).map(lambda number: round(number, 3)),
                "mem_limit": st.sampled_from(["64m", "1.5g"]),
                "user": st.integers(0, 65535) | st.just("elt:elt"),
            },
        ),
    }
)
_IDS = st.sampled_from(["a", "b-1", "b_1", "load", "pendulum", "lambda", "MELTANO", "x" * 60, "rows", "task_a"]) | NAMES
_ARGUMENTS = st.recursive(
    VALUES | st.booleans() | st.integers(-(10**9), 10**9) | st.floats(-1e9, 1e9).map(lambda number: round(number, 3)),
    lambda value: st.lists(value, max_size=3) | st.dictionaries(st.sampled_from(["a", "b_1", "class"]), value),
    max_leaves=4,
)
_CALLABLES = ["quality.rows", "other.rows", "a.CHECK", "b.pendulum", f"a.{'long' * 15}.{'rows' * 15}"]
_NAMES_OF_ARGUMENTS = ["rows", "table", "day", "f", *(f"name_{'of_an_argument' * n}" for n in range(7))]
_KINDS: st.SearchStrategy[dict[str, Any]] = st.one_of(
    st.fixed_dictionaries({"run": RUNS}, optional={"before_run": st.lists(RUNS.map("select ".__add__), max_size=2)}),
    st.fixed_dictionaries({"command": WORDS}, optional={"env": COMMON["env"]}),
    st.fixed_dictionaries(
        {"python": st.sampled_from(_CALLABLES)},
        optional={"op_kwargs": st.dictionaries(st.sampled_from(_NAMES_OF_ARGUMENTS), _ARGUMENTS, max_size=6)},
    ),
)


def _of_any_kind(tasks: list[dict[str, Any]]) -> st.SearchStrategy[list[dict[str, Any]]]:
    """Return the tasks, each with something to run."""
    kinds = st.lists(_KINDS, min_size=len(tasks), max_size=len(tasks))
    return kinds.map(lambda those: [{**task, **kind} for task, kind in zip(tasks, those, strict=True)])


@st.composite
def graphs(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Generate tasks with groups and without a cycle: each waits for earlier tasks or complete groups."""
    ids = draw(st.lists(_IDS, min_size=1, max_size=9, unique=True))
    names = draw(st.lists(st.sampled_from(["team", "g-1", "g_1", "GROUP", "y" * 60]), max_size=3, unique=True))
    drawn = [draw(st.none() | st.sampled_from(names)) if names else None for _ in ids]
    # A path must not enter a group again, so the tasks of a group are adjacent.
    units = [group or task_id for task_id, group in zip(ids, drawn, strict=True)]
    order = sorted(range(len(ids)), key=lambda number: units.index(units[number]))
    ids, groups = [ids[number] for number in order], [drawn[number] for number in order]
    tasks = []
    for number, (task_id, group) in enumerate(zip(ids, groups, strict=True)):
        complete = {name for name in groups[:number] if name and name not in groups[number:]}
        known = sorted({*ids[:number], *complete})
        after = draw(st.lists(st.sampled_from(known), max_size=4, unique=True)) if known else []
        tasks.append({"id": task_id, "after": after, **({"group": group} if group else {})})
    return draw(st.permutations(tasks))


GRAPHS = st.tuples(
    st.fixed_dictionaries({"interval": INTERVALS}, optional={**COMMON, "before_run": st.just(["select tap-a x"])}),
    graphs().flatmap(_of_any_kind),
).map(lambda parts: {**parts[0], "tasks": parts[1]})
_LABELS = st.from_regex(r"[A-Za-z0-9]([A-Za-z0-9_.-]{0,20}[A-Za-z0-9])?", fullmatch=True)
_OBJECTS = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,40}[a-z0-9])?", fullmatch=True)
_QUANTITIES = st.sampled_from(["1", "1.5Gi", "512Mi", "2e9", "{{ var.value.memory }}"])
# Variables and arguments contain `$`, which Kubernetes expands.
PODS: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {
        "runner": st.just("kubernetes"),
        "kubernetes": st.fixed_dictionaries(
            {"image": st.sampled_from(["elt:1", "{{ var.value.image }}"])},
            optional={
                "annotations": st.dictionaries(_LABELS, VALUES.filter(str.strip), max_size=3),
                "labels": st.dictionaries(_LABELS, _LABELS | st.just("{{ ds }}"), max_size=3),
                "requests": st.fixed_dictionaries({}, optional={"memory": _QUANTITIES, "cpu": _QUANTITIES}),
                "secrets": st.dictionaries(
                    st.from_regex(r"[A-Z][A-Z0-9]{0,30}", fullmatch=True),
                    st.fixed_dictionaries({"name": _OBJECTS, "key": _LABELS}),
                    max_size=3,
                ),
                "env_from": st.lists(
                    st.fixed_dictionaries({"configMapRef": st.builds(dict, name=_OBJECTS)}), max_size=2
                ),
                "tolerations": st.lists(st.builds(dict, key=_LABELS, value=_LABELS), max_size=3),
                "pod_template_file": VALUES.filter(str.strip),
                "config_file": VALUES.filter(str.strip),
            },
        ),
    }
)
# The stem of a file: some are too long for a tag or an ID, but not for a file system.
SCHEDULES = st.dictionaries(
    NAMES.map(lambda name: name + "-s"),
    st.builds(operator.or_, EXTRACT_LOADS | TASKS | GRAPHS, RUNNERS | PODS),
    min_size=1,
    max_size=3,
)
