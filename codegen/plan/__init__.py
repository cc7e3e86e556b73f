"""Plans generated files: turns schedules into DAGs as data, with their shared imports, functions and constants."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain

from codegen.meltano import MeltanoProject
from codegen.plan.alerts import alert_functions, alert_texts
from codegen.plan.arguments import dag_arguments, schedule_argument
from codegen.plan.constants import default_constants, settings_groups, with_constants
from codegen.plan.dependencies import Dependencies, dependencies_between, with_join, with_outlets
from codegen.plan.doc import description_of, doc_of, doc_of_folder
from codegen.plan.names import imports_of
from codegen.plan.operators import names_of_objects, objects_of, resolved, timetable_call
from codegen.plan.order import arrows_of, plan_groups, variables_of
from codegen.plan.steps import Step, steps_of
from codegen.plan.tasks import PythonNames, plan_task, task_functions
from codegen.plan.tree import Arrow, Constant, DagModule, PlannedDag
from codegen.runners import RUNNERS
from codegen.runners.bash import PRELUDES
from codegen.schema import Schedule
from codegen.values import Argument, Identifier, names_in

__all__ = ["PRELUDES", "DagModule", "Dependencies", "Folder", "PlannedDag", "dependencies_between", "plan"]


@dataclass(frozen=True)
class Folder:
    """A folder of schedules that share a DAG file.

    Attributes:
        source: its path relative to the project, with a trailing slash.
        defaults: a schedule with only the values of the `_defaults.yml` files; None without such files.
    """

    source: str
    defaults: Schedule | None


@dataclass(frozen=True)
class _Draft:
    """A DAG before its Python names are chosen."""

    schedule: Schedule
    others: Dependencies
    steps: Sequence[Step]
    arrows: Mapping[str, Sequence[Arrow]]
    doc: str
    description: str


def plan(
    schedules: Sequence[tuple[Schedule, Dependencies]],
    meltano: MeltanoProject | None,
    airflow: str,
    project_root_variable: str,
    folder: Folder | None = None,
) -> DagModule:
    """Plan the DAG file of a schedule without errors, or of all schedules of a folder.

    In a folder's file, each DAG defines its own functions, constants and variables, even if an earlier DAG has defined
    the same names, so a change to one schedule does not change the code of another DAG. Only imports are shared: if a
    schedule imports an object, such as a custom operator, equal names in the other DAGs are renamed.
    """
    drafts = [_draft(schedule, others, meltano) for schedule, others in schedules]
    defaults = folder.defaults if folder else None
    functions = alert_functions(defaults, airflow, ()) if defaults else {}
    imported = (name for draft in drafts for name in objects_of(draft.schedule, draft.steps, airflow))
    objects = names_of_objects(imported, airflow, [each.name for each in functions.values()])
    head = PythonNames(functions, objects)
    shared = default_constants(defaults, head, airflow) if defaults else {}
    dags = [_plan_dag(draft, head, airflow, shared if folder else None) for draft in drafts]
    names = {"DAG"}.union(*map(_names_of, dags))
    used = {constant.name for dag in dags for task in dag.tasks for constant in task.constants}
    constants = tuple(constant for name, constant in sorted(shared.items()) if name in used)
    # Constants can use names that no task uses, because every task overrides the value.
    names |= names_in(constant.values for constant in constants)
    first = drafts[0].schedule
    return DagModule(
        path=first.dag_file,
        source=folder.source if folder else first.source,
        doc=doc_of_folder(folder.source, first.deployment) if folder else dags[0].doc,
        imports=imports_of(names, airflow, objects),
        functions=tuple(function for function in functions.values() if function.name in names),
        dags=tuple(dags),
        preludes=tuple(name for name in PRELUDES if name in names),
        constants=constants,
        project_root_variable=project_root_variable,
        alert_texts={name: text for name, text in alert_texts(airflow).items() if name in names},
    )


def _draft(schedule: Schedule, others: Dependencies, meltano: MeltanoProject | None) -> _Draft:
    steps = steps_of(schedule, meltano)
    every = with_join(steps, schedule) if others.outlets else steps
    return _Draft(schedule, others, every, arrows_of(every), doc_of(schedule, steps), description_of(schedule, steps))


def _plan_dag(draft: _Draft, head: PythonNames, airflow: str, shared: Mapping[str, Constant] | None) -> PlannedDag:
    """Plan the DAG of a schedule.

    Args:
        draft: the DAG without names.
        head: the names at the top of the file.
        airflow: the target version.
        shared: the constants of the folder's defaults; None in the file of a single schedule.
    """
    schedule, dag_id = draft.schedule, draft.schedule.dag_id_or_default
    taken = {*head.objects.values(), *(function.name for function in head.functions.values())}
    functions = alert_functions(schedule, airflow, taken, head.functions)
    taken.update(function.name for function in functions.values())
    functions |= task_functions(draft.steps, taken)
    taken.update(function.name for function in functions.values())
    variables = variables_of(draft.arrows, draft.steps, dag_id, taken)
    names = replace(head, functions={**head.functions, **functions})
    tasks = [plan_task(step, variables, schedule, names, airflow) for step in draft.steps]
    if draft.others.outlets:
        # The steps are sorted, and the last one waits for all others.
        tasks[-1] = with_outlets(tasks[-1], draft.others.outlets, airflow)
    # In the file of a single schedule, the module docstring documents the DAG.
    doc = Identifier("__doc__") if shared is None else draft.doc
    runners = (RUNNERS[step.runner] for step in draft.steps if step.calls or step.script)
    default_args = {name: value for runner in runners for name, value in runner.default_args.items()}
    start = schedule_argument(schedule, draft.others, timetable_call(schedule, names.objects, airflow), airflow)
    words = {"description": draft.description, "doc_md": doc}
    arguments = dag_arguments(schedule, words, start, names.functions, default_args=default_args, airflow=airflow)
    if names.objects:
        arguments = tuple(Argument(each.name, resolved(each.value, {}, names.objects)) for each in arguments)
    groups = plan_groups(draft.steps, tasks, draft.arrows, variables)
    arrows = tuple(draft.arrows[""])
    dag = PlannedDag(dag_id, schedule.source, draft.doc, arguments, groups, arrows, tuple(functions.values()))
    taken = {"DAG", *head.objects.values(), *PRELUDES, *alert_texts(airflow), *(shared or ())}
    return with_constants(dag, settings_groups(dag, schedule, draft.steps, names, airflow), taken, shared)


def _names_of(dag: PlannedDag) -> set[str]:
    """Return all names that the code of a DAG uses."""
    tasks = dag.tasks
    arguments = chain(dag.arguments, *(task.arguments for task in tasks))
    names = names_in(argument.value for argument in arguments)
    names.update(task.operator for task in tasks)
    return names | {"TaskGroup"} if any(group.group_id for group in dag.groups) else names
