"""Generates malformed documents from a seed: mutations of the cases and of the examples of the table of keys.

A mutation replaces a YAML node, or a word of another file, with a value that is known to break parsers. A
mutation can also change bytes at any position.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache, lru_cache
from pathlib import Path
from random import Random

import yaml
from project_builder import configured
from strategies import HOSTILE_TEXTS, TRAPS
from versions import NEWEST

from codegen.keys.table import keys_of
from codegen.schema.table import schedule_table
from codegen.schema.task import Task

_HERE = Path(__file__).parent
# The handwritten files of a project.
_SUFFIXES = {".yml", ".yaml", ".toml", ".j2", ".txt", ".in", ".cfg"}
_SMALL = 8_000
Files = dict[str, bytes]

_DIGITS = "9" * 5000
SCALARS = [
    *("", "~", "null", "!!null x", "true", "on", "No", "yes", "''", '""', '" "', "'\n'", "-", "--", "---", "..."),
    *("?", "0", "-1", "00", "007", "0o17", "0x", "0x_", "0xFF", "0b", "0b_", "0b1_0", "._", "_", "__", "1_000"),
    *("1__", "1e5", "1e999", "-1e-999", ".5", "5.", ".inf", "-.INF", ".nan", "1:30", "190:20:30", "12e03", "+1"),
    *("1.2.3", "2147483648", "-2147483649", "18446744073709551616", "2024-02-30", "0000-00-00", "9999-12-31"),
    *("10000-01-01", "2024-1-1", "2024-01-01T25:61:61", "2024-01-01 24:00:00", "2024-01-01T00:00:00+99:99"),
    *("2024-01-01T00:00:00.9999999999Z", "2024-13-01T00:00:00-25:00", "1-1-1", "١٢٣", '"\\ud83d"', '"\\udc00x"'),
    *('"\\0"', '"\\x00"', '"\\x1b[2J"', '"\\r"', '"\\n"', '"a\\nb"', '"\\u202e"', '"\\x85"', '"\\u2028"'),
    *('"\\ufeff"', '"e\\u0301"', '"\\u2066"', '"\\U0001F600"', "😀", "é", "é", "ﬁ", "İ", "ß", "\u200b", "{{", "}}"),
    *("{%", "{{ ds }}", '"{{ ds }}"', "'{{'", "'{%'", "'{% raw %}'", "'{{ ds'", "'{#'", "'{{ {} }}'", "'{{ 1/0 }}'"),
    *("'{{ params.x }}'", "'{{ params }}'", "'{{ params[''a''] }}'", "'{% for x in y %}'", "'{{ ''it''''s'' }}'"),
    *("'{% set x=1 %}{{ x }}'", "'{{ x | nofilter }}'", "'{% include \"x\" %}'", "'{% macro x() %}{% endmacro %}'"),
    *("'{{ loop.x }}'", "'{% break %}'", "'{{ \"\\ud83d\" }}'", "a/b", "../x", "/", "/etc/passwd", "a:b", "a: b"),
    *("a #b", "#b", "@daily", '"@daily"', '"@once"', "'@manual'", '"* * * * *"', '"H H * * *"', '"*/0 * * * *"'),
    *('"60 24 32 13 8"', '"0 0 30 2 *"', '"0 0 * * 7#9"', '"L L L L L"', '"H/99 * * * *"', '"0 0 L * *"'),
    *('"99999999999999999999 * * * *"', '"0-59/1,1-1 * * * *"', '"@yearly "', '"* * * * * *"', '"* * * * * * 2024"'),
    *('"1s"', '"0d"', '"999999999d"', '"9.9.9h"', "P1Y", "PT", "PT5M", "P999999999D", "1ms", "Europe/Berlin"),
    *("../../etc/passwd", "*a", "&a x", "&a [*a]", "&a {b: *a}", "<<", "<<: *x", "{<<: [1]}", "{<<: {a: b}}"),
    *("{<<: ~}", "=", "!x y", "! x", "!!str 5", "!!python/object/apply:os.system [id]", "!!python/name:os.system ''"),
    *("!!int x", "!!float x", "!!bool x", "!!binary x", "!!timestamp x", "!!set {a, b}", "!!omap [a: b]"),
    *("!!pairs [a: b]", "!!merge x", "!!map [a]", "!!seq {a: b}", "!<tag:x> y", "!!int '5'", "[]", "{}", "[[]]"),
    *("[{}]", "[~]", "[null, null]", "{'': ''}", "{~: ~}", "{1: 2}", "{[a]: b}", "{{a: b}: c}"),
    *("[a, 5, ~, true, {}]", "[a, a]", "{a: b, a: c}", "{a: {b: {c: d}}}", "[x, --token, y]", "[[a, b], [c]]"),
    *("{run: [a, b]}", "{run: {a: b}}", "{all: [], any: []}", "|", ">", "|+\n\n\n", ">-\n x", "|9\n x", "| # x", "'"),
    *('"', "`", "%", "%YAML 9.9", "\t", "a\tb", "\x00", "\x01", "\x7f", "\x85", "\u2028", "\ufeff", "\r", "\r\n"),
    *("a\rb", "\ud83d", "\x1b]0;x\x07", "\ufffe", "\U0010ffff", "'$(id)'", "'`id`'", "'it''s'", "\"it's\"", "'\"'"),
    *("a\\", "'\\'", "'a && b || c'", "'if true; then'", "'((('", "'<<EOF'", "'${x:-'", "'cat <<E\nx'", "tap-a"),
    *("target-b", "a.b", "a..b", ".a", "os.system", "class.x", "__future__.x", "self", "extract_load", "join"),
    *("meltano", "MELTANO", "con", "nul"),
    *("中中中中中中中中中中中中中中中中中中中中中中中中中中中中中中中中中中中中中中中中中中中中中中中中中中中中中中中中中中中中中中中中中中中中中中中中中中中中中中中中中中中中中中中中中中",),
    *("{$x: b}", "{$x: {task: b, key: a}}", "{$t: {$f: a.yml}}", "{$f: /dev/zero}", '{$f: "\\0"}', "{$f: ../..}"),
    *("{$y: b}", "{$const: '{{ ds }}'}", "{$const: {$x: [b]}}", "{$import: os.system}", "{$t: '{{'}", "{$x: b, $f: c}"),
    *("# dagpress: ignore[x] y", "x # dagpress: ignore[", "y # dagpress: ignore[secret]"),
    *(_DIGITS, f"-{_DIGITS}", f"0.{_DIGITS}", f"0x{_DIGITS}", f"'{_DIGITS}'", "a" * 300, "a " * 3000),
    *("中" * 90, "x" * 40_000, "[" * 20_000),
    *("[" * 70 + "]" * 70, "{a: " * 70 + "}" * 70, "[" * 200, "'" + "{{ ds }}" * 40 + "'", "a." * 90 + "b"),
]  # fmt: skip
_LINES = [
    *("- x", "x", "x: y", "? x", ": y", "x: &a {}", "y: *a", "<<: *a", "# dagpress: ignore[no-effect] x", "#"),
    *("<<<<<<< ours", "=======", ">>>>>>> theirs", "--- ", "...", "%TAG ! x", "\tx: y", "x:\ty", "[x]", "[[x]]"),
    *("x = 1", "x = '", "airflow = 3.3", "environments: {x: {}}", "extractor:", "tasks:", "? [a]\n: b", "\ufeffx: y"),
]  # fmt: skip
_CHARACTERS = [
    *"\x00\x01\t\r\n \x7f\x85\u2028\ufeff\ud83d:-#[]{}'\"|>&*!%@`,?=\\/.~^$()_09aé😀",
    *("\r\n", "\n\n", ": ", " #", "{{", "{%", "<<", "\xff"),
]
_CONFIGURED: Files = {"dagpress.toml": configured('environments = ["dev", "prod"]\n').encode()}
_OTHERS: Files = {
    "schedules/a.yml": b'extractor: tap-a\nloader: target-b\ninterval: "@daily"\n',
    "dagpress.toml": b'schedules = "schedules"\n',
    "requirements.txt": b"apache-airflow[celery]==3.0.6 ; python_version < '4' --hash=sha256:00\n-c constraints.txt\n",
    "constraints.txt": b"apache-airflow==3.0.6\napache-airflow-providers-docker>=4,<5\n",
    "Dockerfile": b"ARG V=3.0.6\nFROM apache/airflow:${V}-python3.12\nRUN pip install apache-airflow==$V\n",
    "docker-compose.yml": b"services: {airflow: {image: 'apache/airflow:${AIRFLOW:-3.0.6}'}}\n",
    "pyproject.toml": b'[project]\ndependencies = ["apache-airflow ~= 3.0.6"]\n[tool.poetry.dependencies]\nx = "^3"\n',
    "meltano.yml": b"plugins:\n  utilities:\n  - name: airflow\n    pip_url: apache-airflow==3.0.6 --constraint x\n",
    ".pre-commit-config.yaml": b"repos:\n- repo: local\n  hooks: [{id: a, entry: dagpress check}]\n",
    ".gitlab-ci.yml": b"dagpress:\n  script: [dagpress check]\n",
    "Makefile": b"dags:\n\tdagpress generate\n",
}
_PARTS = re.compile("[^\ud800-\udfff]+|[\ud800-\udfff]")
_WORD = re.compile(r'"[^"\n]*"|\'[^\'\n]*\'|[^\s,:=\[\]{}"\'#]+')


def documents(seed: int, count: int) -> Iterator[tuple[str, Files]]:
    """Yield projects with one to four mutations each, and their names; deterministic for a seed."""
    cases = sorted((_HERE / "cases").iterdir())
    # Valid projects have double weight.
    valid = [case for case in cases if (case / "generated_dags").is_dir()]
    projects: list[Path | Files] = [*cases, *valid, *sorted((_HERE / "imports").glob("*/project")), *_made()]
    for number in range(count):
        random = Random(f"{seed}/{number}")  # noqa: S311  # reproducible by its seed
        chosen = random.choice(projects)
        files = _some_of(_files(chosen) if isinstance(chosen, Path) else chosen, random)
        for _ in range(random.choice([1, 1, 1, 2, 4])):
            path = random.choice(_weighted(files))
            files[path] = _changed(path, files[path], random)
        yield f"{seed}/{number}", files


def _weighted(files: Files) -> list[str]:
    """Return the files, with more weight on schedules and Meltano files."""
    return [path for path in files for _ in range(9 if path.endswith((".yml", ".yaml")) else 1)]


def _some_of(project: Files, random: Random) -> Files:
    """Return the project with one or two of its schedules, for speed."""
    mine = [path for path in project if path.startswith("schedules/") and not path.endswith("_defaults.yml")]
    kept = set(random.sample(mine, min(len(mine), random.choice([1, 1, 2]))))
    return {path: text for path, text in project.items() if path in kept or path not in mine}


@cache
def _made() -> list[Files]:
    """Return a project with a schedule for each key, and one with all files that `init` changes or that have pins."""
    pair = 'extractor: tap-a\nloader: target-b\ninterval: "@daily"\n'
    task = 'interval: "@daily"\ntasks:\n- id: x\n  run: a b\n- id: y\n  run: a b\n  '
    schedules = [f"{pair}{row.name}: {row.example}\n" for row in schedule_table(NEWEST).rows.values()]
    schedules += [f"{task}{row.name}: {row.example}\n" for row in keys_of(Task).values()]
    return [*({"schedules/a.yml": text.encode(), **_CONFIGURED} for text in schedules), _OTHERS]


@cache
def _files(root: Path) -> Files:
    """Return the handwritten files of a folder."""
    found = {}
    for path in sorted(root.rglob("*")):
        relative = path.relative_to(root).as_posix()
        is_ours = path.suffix in _SUFFIXES and not path.name.startswith("stderr") and "generated_dags" not in relative
        if is_ours and path.is_file() and not path.is_symlink() and path.stat().st_size < _SMALL:
            found[relative] = path.read_bytes()
    found["dagpress.toml"] = configured(found.get("dagpress.toml", b"").decode()).encode()
    return found


def _changed(path: str, content: bytes, random: Random) -> bytes:
    text = content.decode("utf-8", "surrogateescape")
    spans = _spans(path, text)
    way = random.random()
    if path.startswith("schedules/") and way < 0.2:
        text = _with_another_key(text, random)
    elif spans and way < 0.7:
        text = _with_another_value(text, *random.choice(spans), spans, random)
    elif way < 0.85:
        text = _with_another_line(text, random)
    else:
        at, length = random.randint(0, len(text)), random.choice([0, 0, 1, 1, 5, 40])
        text = text[:at] + random.choice(["", *_CHARACTERS]) + text[at + length :]
    if random.random() < 0.02:
        text = random.choice(
            [text.replace("\n", "\r\n"), text.replace("\n", "\r"), "\ufeff" + text, text * 2, text.upper()]
        )
    # Keep invalid UTF-8 unchanged.
    parts = (
        ("surrogateescape" if "\udc80" <= each <= "\udcff" else "surrogatepass", each) for each in _PARTS.findall(text)
    )
    return b"".join(each.encode("utf-8", errors) for errors, each in parts)


def _with_another_key(text: str, random: Random) -> str:
    """Return the text with one more key, mostly with a value of its type."""
    rows = list(schedule_table(NEWEST).rows.values())
    row = random.choice(rows)
    value = random.choice([row.example, row.example, row.example, random.choice(rows).example, random.choice(SCALARS)])
    return f"{text}{'' if text.endswith(chr(10)) else chr(10)}{row.name}: {value}\n"


def _with_another_value(text: str, start: int, end: int, spans: list[tuple[int, int]], random: Random) -> str:
    old = text[start:end]
    way = random.random()
    if way < 0.4:
        new = random.choice(SCALARS)
    elif way < 0.7:
        new = json.dumps("".join(random.choices([*HOSTILE_TEXTS, *TRAPS, "a"], k=random.choice([1, 1, 2, 3]))))
    elif way < 0.8:
        new = random.choice(
            [
                f"[{old}]",
                f"{{a: {old}}}",
                f"&x {old}",
                f"!!str {old}",
                f"!x {old}",
                f'"{old}"',
                old * 2,
                f"{old}{old[:1]}",
            ]
        )
    elif way < 0.9:
        other = random.choice(spans)
        new = text[other[0] : other[1]]
    else:
        new = ""
    return text[:start] + new + text[end:]


def _with_another_line(text: str, random: Random) -> str:
    lines = text.split("\n")
    at = random.randrange(len(lines))
    way = random.random()
    if way < 0.25:
        del lines[at]
    elif way < 0.5:
        lines.insert(at, lines[random.randrange(len(lines))])
    elif way < 0.6:
        lines[at] = " " * random.choice([1, 2, 4]) + lines[at]
    elif way < 0.7:
        lines[at] = lines[at].lstrip()
    else:
        indent = re.match(r"\s*", lines[at])
        lines.insert(at, (indent[0] if indent else "") + random.choice(_LINES))
    return "\n".join(lines)


@lru_cache(2000)
def _spans(path: str, text: str) -> list[tuple[int, int]]:
    """Return the spans of the YAML nodes, or of words in other files."""
    if path.endswith((".yml", ".yaml")):
        try:
            root = yaml.compose(text, yaml.SafeLoader)
        except (yaml.YAMLError, RecursionError, ValueError):
            root = None
        if root:
            return list(dict.fromkeys((node.start_mark.index, node.end_mark.index) for node in _nodes(root)))
    return [match.span() for match in _WORD.finditer(text)]


def _nodes(root: yaml.Node) -> Iterator[yaml.Node]:
    seen: set[int] = set()
    waiting = [root]
    while waiting:
        node = waiting.pop()
        if id(node) not in seen:
            seen.add(id(node))
            yield node
            for child in node.value if isinstance(node, yaml.CollectionNode) else ():
                waiting += child if isinstance(child, tuple) else (child,)
