"""How builds, checks and deployments at GitHub went."""

from collections.abc import Mapping
from typing import Final

from gateway.domain.presets.github_notice import (
    Notice,
    Teller,
    Told,
    after,
    bracketed,
    branch,
    excerpt,
    joined,
    login,
    quoted,
    short,
    spaced,
    subject,
    took,
)
from gateway.domain.presets.reading import a_line, a_link, an_array, at

_MAX_STEPS: Final = 3

_ENDS: Final[Mapping[str, str]] = {
    "success": "succeeded",
    "failure": "failed",
    "error": "failed with an error",
    "cancelled": "was cancelled",
    "skipped": "was skipped",
    "timed_out": "timed out",
    "action_required": "needs somebody to act",
    "neutral": "ended neither well nor badly",
    "stale": "was given up as stale",
    "startup_failure": "could not start",
}
_BEGINS: Final[Mapping[str, str]] = {
    "requested": "was requested",
    "rerequested": "was requested again",
    "requested_action": "was asked to act",
    "created": "was created",
    "queued": "is queued",
    "pending": "is pending",
    "waiting": "is waiting",
    "in_progress": "is running",
    "completed": "ended",
}
_ASKED: Final = frozenset(["rerequested", "requested_action"])
_DEPLOYMENTS: Final[Mapping[str, str]] = {
    **_BEGINS,
    **_ENDS,
    "inactive": "is no longer active",
}
_REVIEWS: Final[Mapping[str, str]] = {
    "requested": "waits for approval",
    "approved": "was approved",
    "rejected": "was rejected",
}


def _became(notice: Notice, about: object) -> str:
    """Return how it ended, or else how far it is."""
    conclusion = a_line(at(about, "conclusion"), 40)
    if notice.action == "completed" and conclusion:
        return _ENDS.get(conclusion) or f"ended as {spaced(conclusion)}"
    return _BEGINS.get(notice.action) or _BEGINS.get(a_line(at(about, "status")), "")


def _on(about: object, name: object = None) -> str:
    """Return which branch, commit and pull request it is about."""
    place = branch(at(about, "head_branch") or name)
    pulls = an_array(at(about, "pull_requests"))
    number = a_line(at(pulls[0], "number"), 20) if len(pulls) == 1 else ""
    pull = f"pull request #{number}" if number else ""
    head = short(at(about, "head_sha"))
    if not place:
        return after("on", joined(head, bracketed(pull)))
    return after("on", joined(place, bracketed(head, pull)))


def _asked(notice: Notice) -> str:
    """Return who asked for it, of what began because somebody did."""
    return after("by", notice.who) if notice.action in _ASKED else ""


def workflow_run(notice: Notice) -> Told | None:
    """Tell how a run of a workflow went, how long it took, and of which commit."""
    run = notice.at("workflow_run")
    became = _became(notice, run)
    if not became:
        return None
    name = a_line(at(run, "name"), 120) or notice.line("workflow", "name", limit=120)
    number = a_line(at(run, "run_number"), 20)
    attempt = at(run, "run_attempt")
    again = isinstance(attempt, int) and attempt > 1
    started = at(run, "run_started_at") or at(run, "created_at")
    time = took(started, at(run, "updated_at")) if notice.action == "completed" else ""
    title = a_line(at(run, "display_title"), 120) or subject(
        at(run, "head_commit", "message")
    )
    by = login(at(run, "triggering_actor")) or login(at(run, "actor")) or notice.who
    return Told(
        joined(
            *("Workflow", name, f"#{number}" if number else ""),
            f"(attempt {a_line(attempt, 20)})" if again else "",
            *(became, _on(run), after("after", time), after("· by", by)),
        ),
        (quoted(title) if title != name else "",),
        a_link(at(run, "html_url")),
    )


def workflow_job(notice: Notice) -> Told | None:
    """Tell how a job of a workflow went, and which of its steps failed."""
    job = notice.at("workflow_job")
    became = _became(notice, job)
    if not became:
        return None
    workflow = a_line(at(job, "workflow_name"), 120)
    time = took(at(job, "started_at"), at(job, "completed_at"))
    ended = notice.action == "completed"
    failed = [
        a_line(at(step, "name"), 80)
        for step in an_array(at(job, "steps"))[:200]
        if at(step, "conclusion") in ("failure", "timed_out")
    ]
    return Told(
        joined(
            *("Job", a_line(at(job, "name"), 120), after("of", workflow)),
            *(became, _on(job), after("after", time) if ended else ""),
        ),
        (after("Failed step:", joined(*failed[:_MAX_STEPS], by=", ")),),
        a_link(at(job, "html_url")),
    )


def check_run(notice: Notice) -> Told | None:
    """Tell how a check went, with what it says itself."""
    run = notice.at("check_run")
    became = _became(notice, run)
    if not became:
        return None
    name = a_line(at(run, "name"), 120)
    app = a_line(at(run, "app", "name"), 80)
    output = at(run, "output") if notice.action == "completed" else None
    ended = notice.action == "completed"
    time = took(at(run, "started_at"), at(run, "completed_at")) if ended else ""
    return Told(
        joined(
            *("Check", name, after("of", app if app != name else ""), became),
            *(_asked(notice), _on(run, at(run, "check_suite", "head_branch"))),
            after("after", time),
        ),
        (quoted(a_line(at(output, "title"))), excerpt(at(output, "summary"))),
        a_link(at(run, "html_url")) or a_link(at(run, "details_url")),
    )


def check_suite(notice: Notice) -> Told | None:
    """Tell how the checks of an app went together."""
    suite = notice.at("check_suite")
    became = _became(notice, suite)
    if not became:
        return None
    app = a_line(at(suite, "app", "name"), 80)
    message = subject(at(suite, "head_commit", "message"))
    sha = at(suite, "head_sha")
    return Told(
        joined(
            *("The suite of checks", after("of", app), became, _asked(notice)),
            _on(suite),
        ),
        (quoted(message),),
        notice.page("commit", a_line(sha)) if short(sha) else notice.home,
    )


def status(notice: Notice) -> Told:
    """Tell what somebody says of a commit: built, failed, pending."""
    state = notice.line("state", limit=40)
    became = {**_BEGINS, **_ENDS}.get(state) or after("is", spaced(state))
    name = _branch(notice)
    head = short(notice.at("sha"))
    return Told(
        joined(
            after("Status", notice.line("context", limit=120)) or "A status",
            became or "changed",
            after("on", joined(name, bracketed(head) if name else head)),
        ),
        (
            quoted(notice.line("description")),
            quoted(subject(notice.at("commit", "commit", "message"))),
        ),
        notice.link("target_url") or notice.link("commit", "html_url"),
    )


def _branch(notice: Notice) -> str:
    branches = an_array(notice.at("branches"))
    return branch(at(branches[0], "name")) if len(branches) == 1 else ""


def deployment(notice: Notice) -> Told | None:
    """Tell what is being deployed where."""
    if notice.action not in ("", "created"):
        return None
    about = notice.at("deployment")
    return Told(
        joined(
            f"{notice.anybody} deploys",
            _what(about),
            after("to", a_line(at(about, "environment"), 80)),
        ),
        (excerpt(at(about, "description")),),
        notice.link("workflow_run", "html_url") or notice.home,
    )


def _what(about: object) -> str:
    ref, head = branch(at(about, "ref")), short(at(about, "sha"))
    return ref if head and ref.startswith(head) else joined(ref, bracketed(head))


def deployment_status(notice: Notice) -> Told:
    """Tell how far a deployment is, and where to see what was deployed."""
    about, now = notice.at("deployment"), notice.at("deployment_status")
    state = a_line(at(now, "state"), 40)
    place = a_line(at(now, "environment"), 80) or a_line(at(about, "environment"), 80)
    became = _DEPLOYMENTS.get(state) or after("is", spaced(state)) or "changed"
    names = ("environment_url", "log_url", "target_url")
    # What was deployed is to be seen if it runs, and else why it does not.
    urls = (at(now, name) for name in (names if state == "success" else names[1:]))
    return Told(
        joined(
            *("Deployment", after("of", _what(about)), after("to", place), became),
            bracketed(login(at(now, "creator")) or notice.who),
        ),
        (excerpt(at(now, "description")),),
        next((a_link(url) for url in urls if a_link(url)), "") or notice.home,
    )


def deployment_review(notice: Notice) -> Told | None:
    """Tell whether a deployment waits, or may go on."""
    became = _REVIEWS.get(notice.action)
    if became is None:
        return None
    place = notice.line("environment", limit=80)
    run = notice.at("workflow_run")
    by = login(notice.at("approver")) or login(notice.at("requestor")) or notice.who
    return Told(
        joined(
            *("Deployment", after("to", place), became, _on(run), after("· by", by)),
        ),
        (quoted(a_line(at(run, "name"), 120)), excerpt(notice.at("comment"))),
        a_link(at(run, "html_url")),
    )


def deployment_protection_rule(notice: Notice) -> Told | None:
    """Tell that a deployment waits for a rule."""
    if notice.action != "requested":
        return None
    place = notice.line("environment", limit=80)
    what = after("of", _what(notice.at("deployment")))
    return Told(
        joined("Deployment", what, after("to", place), "waits for a protection rule"),
        url=notice.home,
    )


def workflow_dispatch(notice: Notice) -> Told:
    """Tell who started a workflow by hand."""
    path = notice.line("workflow", limit=160).rpartition("/")[2]
    place = branch(notice.at("ref"))
    return Told(
        joined(notice.anybody, "started workflow", path, after("on", place)),
        url=notice.home,
    )


def repository_dispatch(notice: Notice) -> Told:
    """Tell of an event that a program of somebody's made up."""
    return Told(
        joined(
            *(notice.anybody, "dispatched", notice.action or "an event"),
            after("on", branch(notice.at("branch"))),
        ),
        url=notice.home,
    )


def page_build(notice: Notice) -> Told:
    """Tell whether the pages of a repository could be built."""
    state = notice.line("build", "status", limit=40)
    became = {"built": "were built", "errored": "could not be built"}.get(state)
    return Told(
        joined(
            *("The pages", became or after("are", spaced(state)) or "changed"),
            bracketed(login(notice.at("build", "pusher")) or notice.who),
        ),
        (excerpt(notice.at("build", "error", "message")),),
        notice.home,
    )


TELLERS: Final[Mapping[str, Teller]] = {
    "workflow_run": workflow_run,
    "workflow_job": workflow_job,
    "check_run": check_run,
    "check_suite": check_suite,
    "status": status,
    "deployment": deployment,
    "deployment_status": deployment_status,
    "deployment_review": deployment_review,
    "deployment_protection_rule": deployment_protection_rule,
    "workflow_dispatch": workflow_dispatch,
    "repository_dispatch": repository_dispatch,
    "page_build": page_build,
}
