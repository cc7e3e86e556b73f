"""Describes a schedule: its tasks, its triggers and the recipients of its alerts."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from codegen.diagnostics import joined, quoted
from codegen.schema import Schedule, Task
from codegen.schema.alerts import Alert, EmailAlert, SlackAlert, WebhookAlert
from codegen.schema.asset import Asset
from codegen.timetable.humanize import in_words


def describe_work(schedule: Schedule, arrow: str = "→") -> str:
    """Describe the tasks of a schedule: `tap-gitlab → target-postgres`, `job refresh` or `3 tasks`."""
    if schedule.pair:
        return describe_task(schedule.pair, arrow)
    if schedule.job:
        return f"job {schedule.job}"
    count = len(schedule.tasks or ())
    return f"{count} task{'' if count == 1 else 's'}"


def describe_task(task: Task, arrow: str = "→") -> str:
    """Describe a task: `tap-gitlab target-postgres`, `tap-gitlab → target-postgres`, or its function or script."""
    pair = f"{task.extractor} {arrow} {task.loader}" if task.extractor else ""
    return task.run or task.invoke or pair or task.python or task.uses or task.command or ""


def describe_start(schedule: Schedule, code: Callable[[str], str] = quoted) -> str:
    """Describe the triggers of a valid schedule, such as `every day at 06:00 (UTC), and after X and Y`.

    `code` formats a name.
    """
    clock = schedule.clock
    if not schedule.after:
        return in_words(clock) + (f" ({schedule.timezone})" if clock.cron else "")
    *others, last = (_upstream_in_words(each, code, "the asset") for each in schedule.after.upstream)
    after = f"after {', '.join(others)} {'or' if schedule.after.any else 'and'} {last}" if others else f"after {last}"
    zone = f" ({schedule.timezone})" if clock.cron else ""
    return after if clock.is_manual else f"{in_words(clock)}{zone}, and {after}"


def describe_start_briefly(schedule: Schedule) -> str:
    """Describe the triggers for a column of a table: the interval as written, and the names."""
    if not schedule.after:
        return schedule.interval_text
    upstream = (_upstream_in_words(each, str, "asset") for each in schedule.after.upstream)
    after = f"after {(' or ' if schedule.after.any else ', ').join(upstream)}"
    return after if schedule.clock.is_manual else f"{schedule.interval_text}, {after}"


def _upstream_in_words(upstream: str | Asset, code: Callable[[str], str], noun: str) -> str:
    return f"{noun} {code(upstream.name)}" if isinstance(upstream, Asset) else code(upstream)


def describe_alerts(alerts: Sequence[Alert]) -> str:
    """List the recipients of alerts, such as `#alerts and data@example.com`; `nobody` without alerts."""
    return joined(dict.fromkeys(name for alert in alerts for name in _recipients(alert))) or "nobody"


def _recipients(alert: Alert) -> tuple[str, ...]:
    match alert.kind:
        case EmailAlert(to=to, cc=cc, bcc=bcc):
            return (*to, *cc, *bcc)
        case SlackAlert(channel=str(channel)):
            return (channel,)
        case SlackAlert(slack_webhook_conn_id=connection):
            return (f"Slack by {quoted(connection or '')}",)
        case WebhookAlert(http_conn_id=connection):
            return (f"the webhook {quoted(connection)}",)
        case kind:
            return (f"the function {quoted(kind.callable)}",)
