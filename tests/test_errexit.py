"""Shell commands: a failure ends the command, or is reported with a fix that works."""

from __future__ import annotations

import subprocess

import pytest
from examples import fewer
from hypothesis import example, given
from hypothesis import strategies as st

from codegen.diagnostics import InvalidError
from codegen.text.errexit import with_errexit_for_bash, with_errexit_for_sh
from codegen.text.ignored_failures import ignored_failures
from codegen.text.shell import check_command

# A failure writes a file, whatever its exit code.
_FAILS = "fails() { echo FAILED >&2; return 5; }\n"
_PIDS = 'fails &\npids="$pids $!"\ntrue &\npids="$pids $!"\nfor pid in $pids; do wait "$pid"; done'

# A script that hides a failure, and the script with the reported fix; both are valid in `dash`.
_HIDING = {
    "fails && echo loaded\ntrue": "fails\necho loaded\ntrue",
    "{ fails; true; } && true": "{ fails; true; }\ntrue",
    "load() { fails; true; }\nload && true": "load() { fails; true; }\nload\ntrue",
    "eval 'fails; true' && true": "eval 'fails; true'\ntrue",
    "case a in a) fails && true ;; esac\ntrue": "case a in a) fails; true ;; esac\ntrue",
    "fails || true": "fails",
    "fails || echo failed": "fails || { echo failed; exit 1; }",
    "fails || { echo failed; exit; }": "fails || { echo failed; exit 1; }",
    "if ! fails; then echo failed; fi": "if ! fails; then echo failed; exit 1; fi",
    "if fails; then echo fine; fi": "if fails; then echo fine; else exit 1; fi",
    "while fails; do true; done": "while [ -n x ]; do fails; done",
    "! fails": "fails",
    "! [ -n x ]\ntrue": "if [ -n x ]; then exit 1; fi",
    "export X=$(fails)": "X=$(fails)\nexport X",
    "echo $(fails)": "value=$(fails)\necho $value",
    'X="$(fails) $(true)"': 'X="$(fails)"\nX="$X $(true)"',
    "X=$(echo $(fails))": "value=$(fails)\nX=$(echo $value)",
    "for x in $(fails); do true; done": "value=$(fails)\nfor x in $value; do true; done",
    "cat <<X\n$(fails)\nX": "value=$(fails)\ncat <<X\n$value\nX",
    "fails & wait": "fails & wait $!",
    "fails & a=$!; true & b=$!; wait $a $b": _PIDS,
    "fails & true": _PIDS,
    "set +e; fails; true": "fails; true",
    "set +o errexit; fails; true": "fails; true",
    "trap 'rm -f x; exit 0' EXIT; fails": "trap 'rm -f x' EXIT; fails",
}
# The same, only for bash.
_HIDING_IN_BASH = {
    "shopt -uo errexit; fails; true": "fails; true",
    "trap 'true; exit' ERR; fails": "trap 'true' ERR; fails",
    "coproc fails\ntrue": 'coproc fails\npids="$pids $!"\nfor pid in $pids; do wait "$pid"; done',
    "bash -c 'ls /none; true'": "bash -eo pipefail -c 'ls /none; true'",
    "timeout 9 sh -c 'ls /none | cat'": "timeout 9 bash -eo pipefail -c 'ls /none | cat'",
    "bash -ec 'ls /none || true'": "bash -ec 'ls /none'",
    "bash <<X\nls /none\ntrue\nX": "bash -eo pipefail <<X\nls /none\ntrue\nX",
    "sh <<< 'ls /none; true'": "bash -eo pipefail <<< 'ls /none; true'",
    "fails | grep -q y && true\ntrue": 'value=$(fails)\nprintf "%s\\n" "$value" | grep -q y && true\ntrue',
    "fails | grep -q y || true": 'value=$(fails)\nprintf "%s\\n" "$value" | grep -q y || true',
    "if fails | grep -q y; then true; fi": 'value=$(fails)\nif printf "%s\\n" "$value" | grep -q y; then true; fi',
    "if ! fails | grep -q y; then true; fi": 'value=$(fails)\nif ! printf "%s\\n" "$value" | grep -q y; then true; fi',
    "find / -maxdepth 0 -exec rmdir {} \\;": "find / -maxdepth 0 -exec rmdir {} +",
    "find / -maxdepth 0 -exec mv {} /none \\;": "find / -maxdepth 0 -print0 | xargs -0 -I{} mv {} /none",
}
# No failure is hidden or reported.
_ENDING = [
    "fails\ntrue",
    "fails && true",
    "true && fails\ntrue",
    "fails || exit",
    "if true; then fails && true; fi",
    "(fails && true)\ntrue",
    "X=$(fails; true)\necho $X",
    "X=${Y:-$(fails)}",
    "load() { fails; true; }\nload",
    "if [ -n x ]; then fails; fi\ntrue",
    "[ -z x ] || fails",
    "until fails || exit 3; do true; done",
]
_FINE = [
    "[ -z x ] && fails\ntrue",
    "if grep -q x /dev/null; then fails; fi",
    'echo "$(date)"',
    "command -v sh || exit 1",
    "find / -maxdepth 0 -exec test -f {} \\;",
    "bash -c '[ -n x ] && ls /'",
    "trap 'exit' ERR; true",
]


def _run(script: str, *, is_bash: bool) -> tuple[int, bool]:
    """Return the exit code of a generated script, and whether a command in it failed."""
    shell, stopping = ("bash", with_errexit_for_bash) if is_bash else ("sh", with_errexit_for_sh)
    command = [shell, "-c", _FAILS + stopping(script)]
    done = subprocess.run(command, text=True, capture_output=True, check=False, timeout=20)
    return done.returncode, "FAILED" in done.stderr


def _fixes(script: str, *, is_bash: bool = True) -> list[str]:
    return [ignored.fix for ignored in ignored_failures(script, has_pipefail=is_bash)]


@pytest.mark.parametrize("is_bash", [True, False])
def test_a_hidden_failure_is_reported_with_a_fix(*, is_bash: bool) -> None:
    """In all shells, the script hides the failure, and the fixed script fails and is not reported."""
    for script, fixed in {**_HIDING, **(_HIDING_IN_BASH if is_bash else {})}.items():
        assert _run(script, is_bash=is_bash)[0] == 0, script
        assert _fixes(script, is_bash=is_bash), script
        assert _run(fixed, is_bash=is_bash)[0] > 0, fixed
        assert _fixes(fixed, is_bash=is_bash) == [], fixed


@pytest.mark.parametrize("script", [" && ".join(["true"] * 2000), "(" * 2000 + "true" + ")" * 2000])
def test_a_script_that_is_nested_too_deeply_is_an_error(script: str) -> None:
    """It would overflow the stack of its readers. The same number of lines is valid."""
    with pytest.raises(InvalidError, match="nested deeper than 100 levels"):
        check_command(script)
    check_command("true\n" * 2000)


@pytest.mark.parametrize("is_bash", [True, False])
def test_a_script_stops_at_the_first_failure(*, is_bash: bool) -> None:
    """Harmless commands are not reported."""
    assert [script for script in _ENDING if _run(script, is_bash=is_bash)[0] == 0] == []
    assert [script for script in (*_ENDING, *_FINE) if _fixes(script, is_bash=is_bash)] == []


def test_a_pipe_fails_if_any_command_fails() -> None:
    """In bash. For an `sh` without `pipefail`, it is reported, and the fix stops such a shell."""
    for script in ("fails | cat", "{ fails; true; } | cat\ntrue", "fails | cat | cat > /dev/null"):
        assert (_run(script, is_bash=True)[0], _fixes(script)) == (5, [])
        assert ["`set -o pipefail`" in fix for fix in _fixes(script, is_bash=False)] == [True]
        fixed = f"set -o pipefail\n{script}"
        assert (_run(fixed, is_bash=False)[0] > 0, _fixes(fixed, is_bash=False)) == (True, [])


_SCRIPTS = st.recursive(
    st.sampled_from(["fails", "true", "[ -z x ]", "X=$(fails)", "echo $(fails)"]),
    lambda inner: st.one_of(
        st.builds("{}\n{}".format, inner, inner),
        *(
            st.builds(form.format, inner, inner)
            for form in (
                "{{ {}\n}} && {{ {}\n}}",
                "{{ {}\n}} || {{ {}\n}}",
                "if {}\nthen {}\nfi",
                "if {}\nthen true\nelse {}\nfi",
                "if ! ({}\n); then {}\nexit 3\nfi",
                "f() {{ {}\n}}\nf\n{}",
            )
        ),
        *(
            st.builds(form.format, inner)
            for form in (
                "({})",
                # The syntax tree treats the brace of `! { ! { a; }; }` as a command.
                "! ({}\n)",
                "X=$({})",
                "export X=$({})",
                "for x in 1 2; do {}\ndone",
                "case a in a) {}\n;; esac",
                "{{ {}\n}} & wait $!",
                "{{ {}\n}} && true || exit 2",
            )
        ),
    ),
    max_leaves=5,
)


@fewer(2)
@given(script=_SCRIPTS, is_bash=st.booleans())
@example(script="fails && { true\n}", is_bash=False)
def test_every_hidden_failure_is_reported(script: str, is_bash: bool) -> None:  # noqa: FBT001  # Hypothesis passes it by position
    """A script with a failure fails, or the failure is reported."""
    code, has_failed = _run(script, is_bash=is_bash)
    assert code or not has_failed or _fixes(script, is_bash=is_bash)
