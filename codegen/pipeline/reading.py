"""Reads and checks the schedules of a project in each environment."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from codegen import rules
from codegen.cache import Cache
from codegen.diagnostics import Diagnostic, has_errors, in_order, quoted
from codegen.loader import Document, Loaded, Overlay, Silencer, SourceFile, load_schedules, without_a_match
from codegen.meltano import MeltanoProject, read_meltano_project
from codegen.plan import Folder
from codegen.plan.states import KeptState
from codegen.project import Project
from codegen.schema import Schedule, read_defaults, read_schedule
from codegen.validate import (
    check_airflow_version,
    check_environments,
    check_folders,
    check_one,
    check_providers,
    check_settings,
    check_together,
)
from codegen.validate.lint import apply_lint
from codegen.validate.meltano_files import check_included_files, check_sources, files_of
from codegen.validate.params import check_params_in_templates
from codegen.validate.secrets import Secret, check_secrets, redacted, without_secrets


@dataclass(frozen=True)
class Reading:
    """A project that was read and checked, but not rendered.

    Attributes:
        files: every schedule file.
        schedules: the valid schedules, in each environment.
        documents: the merged documents, including those of invalid schedules.
        cache: the results of the reading.
        silencers: the comments that silence warnings.
        awaited: DAG IDs that other schedules wait for, by environment, in addition to the `after` of these schedules.
        folders: the folders of schedules that share a DAG file, by DAG file.
    """

    files: list[SourceFile]
    schedules: list[Schedule]
    documents: list[Document]
    meltano: MeltanoProject | None
    diagnostics: list[Diagnostic]
    cache: Cache
    silencers: Sequence[Silencer] = ()
    awaited: Mapping[str, Collection[str]] = field(default_factory=dict)
    folders: Mapping[str, Folder] = field(default_factory=dict)

    def included_files(self, sources: Container[str]) -> set[str]:
        """Return the files that schedule files include with `$f`, as paths in the project."""
        return {name for each in self.documents if each.source.name in sources for name in each.included_files}

    def of(self, deployment: str) -> list[Schedule]:
        """Return the schedules of an environment; `""` in a project without environments."""
        return [schedule for schedule in self.schedules if schedule.deployment == deployment]


def read(
    project: Project, overlay: Overlay | None = None, *, base: bool = False, cache: Cache | None = None
) -> Reading:
    """Read and check the schedules of a project.

    Args:
        project: the project.
        overlay: texts that replace schedule files and defaults on disk; None deletes a file.
        base: read the schedules without the keys of any environment.
        cache: the results of an earlier reading.
    """
    overlay, cache = overlay or {}, cache or Cache()
    loaded = load_schedules(
        project.root, project.schedules, overlay, project.deployments, base=base, exclude=project.exclude, cache=cache
    )
    documents, diagnostics = loaded.documents, loaded.diagnostics
    schedules: list[Schedule] = []
    broken = {document.deployment: set(loaded.others) for document in documents}
    found: dict[str, list[Diagnostic]] = defaultdict(list)
    secrets: list[Secret] = []
    states: dict[str, Sequence[KeptState]] = {}
    meltano, problems = read_meltano_project(project.root, project.meltano_project, cache)
    for document in documents:
        key = document.source.name, document.deployment
        given = {
            "state_suffix": project.state_id_suffix.get(document.deployment, ""),
            "dag_id_prefix": project.dag_id_prefix,
            "dag_file": project.dag_file(document.source.relative, document.deployment),
        }
        schedule, own, own_secrets, own_states = cache(key, _read_one, document, meltano, project.airflow, **given)
        found[document.deployment] += own
        secrets += own_secrets
        if schedule:
            schedules.append(schedule)
            states[schedule.key] = own_states
        else:
            broken[document.deployment].add(document.name)
    everywhere = {document.name for document in documents}
    for deployment, names in broken.items():
        those = [each for each in schedules if each.deployment == deployment]
        found[deployment] += check_together(those, states, meltano, project.airflow, names, everywhere)
    diagnostics += [*problems, *_check_exclude(project), *_each_once(found, documents)]
    if project.layout == "folder":
        diagnostics += check_folders(loaded.files, project.at["layout"])
    diagnostics += _check_with_project_files(project, schedules, meltano, loaded.files)
    if not has_errors(diagnostics):
        diagnostics += _check_all(project, schedules, states)
    # Some warnings occur only in an environment.
    wanted = apply_lint(without_secrets(diagnostics, secrets), loaded.silencers, project.lint, report_unused=not base)
    folders = _folders(project, loaded) if project.layout == "folder" else {}
    diagnostics = in_order(wanted)
    return Reading(loaded.files, schedules, documents, meltano, diagnostics, cache, loaded.silencers, folders=folders)


def _folders(project: Project, loaded: Loaded) -> dict[str, Folder]:
    """Return the folders with a shared DAG file, by DAG file."""
    found: dict[str, Folder] = {}
    for document in loaded.documents:
        relative, deployment = document.source.relative, document.deployment
        file, (parent, _, name) = project.dag_file(relative, deployment), document.source.name.rpartition("/")
        if name != relative and file not in found:
            root = loaded.defaults_of(document)
            defaults = read_defaults(root, relative, project.airflow, deployment) if root else None
            found[file] = Folder(f"{parent}/", defaults)
    return found


def _read_one(
    document: Document, meltano: MeltanoProject | None, airflow: str, **given: str
) -> tuple[Schedule | None, Sequence[Diagnostic], Sequence[Secret], Sequence[KeptState]]:
    """Read and check one schedule, and return its states; `given` has fields that are not in the document."""
    source, secrets = document.source, list(check_secrets(document.merged))
    root = redacted(document.root, secrets)
    schedule, problems = read_schedule(root, source.name, source.relative, airflow, document.deployment, **given)
    if not schedule:
        return None, problems, secrets, ()
    found, states = check_one(schedule, meltano, airflow)
    return schedule, [*problems, *check_params_in_templates(schedule, root), *found], secrets, states


def _check_with_project_files(
    project: Project, schedules: Sequence[Schedule], meltano: MeltanoProject | None, files: Sequence[SourceFile]
) -> Iterator[Diagnostic]:
    """Check the schedules of all environments against other files of the project."""
    if meltano:
        yield from check_included_files(meltano, project.meltano_project, files_of(files))
        yield from check_sources(meltano, {each.name for each in schedules})
    yield from check_providers(schedules, project)
    yield from check_airflow_version(project)


def _check_all(
    project: Project, schedules: Sequence[Schedule], states: Mapping[str, Sequence[KeptState]]
) -> Iterator[Diagnostic]:
    """Check the schedules of all environments together; all must be valid, as each may use a setting or a state."""
    yield from check_settings(schedules)
    if project.deployments and not project.separate_system_databases:
        place = project.at.get("state_id_suffix") or project.at["environments"]
        yield from check_environments(schedules, states, project.deployments, project.state_id_suffix, place)


def _check_exclude(project: Project) -> Iterator[Diagnostic]:
    for number in without_a_match(project.exclude, project.schedules):
        message = f"the pattern {quoted(project.exclude[number])} of `exclude` matches no file or folder"
        yield Diagnostic(rules.NO_EFFECT, message, project.at[f"exclude.{number}"], "correct or remove it")


def _each_once(found: Mapping[str, list[Diagnostic]], documents: Iterable[Document]) -> Iterator[Diagnostic]:
    """Yield each diagnostic once, with the names of its environments unless all environments have it."""
    homes: dict[str, set[str]] = defaultdict(set)
    for document in documents:
        homes[document.source.name].add(document.deployment)
    owners: dict[Diagnostic, list[str]] = defaultdict(list)
    for deployment, diagnostics in found.items():
        for diagnostic in dict.fromkeys(diagnostics):
            owners[diagnostic].append(deployment)
    for diagnostic, names in owners.items():
        if set(names) >= homes.get(diagnostic.location.path, found.keys()):
            yield diagnostic
        else:
            where = ", ".join(quoted(name) for name in names)
            yield diagnostic._replace(message=f"in {where}: {diagnostic.message}")
