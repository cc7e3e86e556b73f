"""What Hypothesis draws: texts of all that UTF-8 can hold, often what has hurt somebody; and whole schedules."""

from datetime import datetime

from hypothesis import strategies as st

_VISIBLE = "' \" ''' \"\"\" \\ {{ds}} {% {# #} }} $(id) `id` ${HOME} ; && */ --> .sh .bash %s # -- é 😀 漢字"
_INVISIBLE = [" ", "\n", "\\\n", "\r\n", "\r", "\t", "\x1b[2J", "\u202e", "\u2066", "\u2028", "\ufeff", "\xad"]
HOSTILE = st.sampled_from(["{{ ds }}", *_VISIBLE.split(), *_INVISIBLE])
TEXT = st.lists(
    st.one_of(HOSTILE, st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=8)),
    max_size=6,
).map("".join)


def year(number: int) -> datetime:
    """The first moment of a year."""
    return datetime(number, 1, 1)  # noqa: DTZ001  # what a wall clock shows


# Texts that a person could have meant, so that most schedules are valid.
WORDS = TEXT.filter(str.strip)
VALUES = st.just("{{ ds }}") | TEXT.filter(lambda text: "{{" not in text and "{%" not in text)
NAMES = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_.\-]{0,100}", fullmatch=True)
PLUGINS = st.from_regex(r"(tap|target)-[a-z0-9\-]{1,60}", fullmatch=True)
RUNS = st.lists(PLUGINS | VALUES.map(lambda t: "'" + t.replace("'", "") + "'"), min_size=1, max_size=4).map(" ".join)
INTERVALS = st.sampled_from(["@daily", "@manual", "H H * * *", "0 0 L * *", "*/5 1-3 * jan-mar fri#2", "30 4 1 * *"])
TIMES = {
    "timezone": st.sampled_from(["UTC", "Europe/Berlin", "America/Argentina/ComodRivadavia"]),
    "start_date": st.datetimes(year(1900), year(2030)).map(datetime.isoformat),
    "end_date": st.datetimes(year(2030), year(2999)).map(datetime.isoformat),
}
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
    "timeout": st.sampled_from(["45m", "P1D"]),
    "run_timeout": st.sampled_from(["100s", "2w"]),
    "on_failure": ALERTS,
    "catchup": st.booleans(),
    "paused": st.booleans(),
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
TASKS = st.fixed_dictionaries({"interval": INTERVALS}, optional={**COMMON, **TIMES}).flatmap(
    lambda base: st.lists(
        st.fixed_dictionaries(
            {"run": RUNS},
            optional={
                "env": COMMON["env"],
                "retries": COMMON["retries"],
                "on_success": ALERTS,
                "id": NAMES | st.sampled_from(["BashOperator", "pendulum", "DAG", "None", "MELTANO"]),
            },
        ),
        min_size=1,
        max_size=5,
    ).map(lambda tasks: {**base, "tasks": tasks})
)
# The stem of a file: some are too long for a tag or an id, none for a file system.
SCHEDULES = st.dictionaries(NAMES.map(lambda name: name + "-s"), EXTRACT_LOADS | TASKS, min_size=1, max_size=3)
