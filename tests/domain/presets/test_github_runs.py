"""Builds, checks and deployments in words."""

import pytest

from tests.vectors.github.events import HOME, SHA, tale, told

RUN = {"name": "CI", "run_number": 41, "head_branch": "main", "head_sha": SHA}
ON = "on main (6dcb09b)"


@pytest.mark.parametrize(
    ("conclusion", "expected"),
    [
        ("success", "succeeded"),
        ("failure", "failed"),
        ("cancelled", "was cancelled"),
        ("skipped", "was skipped"),
        ("timed_out", "timed out"),
        ("action_required", "needs somebody to act"),
        ("startup_failure", "could not start"),
        ("lost_in_space", "ended as lost in space"),
        (None, "ended"),
    ],
)
def test_a_run_says_how_it_ended(conclusion: object, expected: str) -> None:
    """In words, those that are new to us among them."""
    run = {**RUN, "conclusion": conclusion}

    line = tale("workflow_run", action="completed", workflow_run=run)

    assert line == f"Workflow CI #41 {expected} {ON} · by alice"


@pytest.mark.parametrize(
    ("action", "expected"),
    [("requested", "was requested"), ("in_progress", "is running")],
)
def test_a_run_that_goes_on_says_how_far_it_is(action: str, expected: str) -> None:
    """It has no conclusion yet, or that of the attempt before."""
    run = {**RUN, "conclusion": "failure"}

    line = tale("workflow_run", action=action, workflow_run=run)

    assert line == f"Workflow CI #41 {expected} {ON} · by alice"


def test_a_job_says_which_step_failed() -> None:
    """That is what one looks for first."""
    job = {
        "name": "test",
        "workflow_name": "CI",
        "conclusion": "failure",
        "head_branch": "main",
        "started_at": "2026-03-01T12:00:00Z",
        "completed_at": "2026-03-01T12:00:59Z",
        "html_url": f"{HOME}/actions/runs/5/job/1",
        "steps": [
            {"name": "Set up", "conclusion": "success"},
            {"name": "Run tests", "conclusion": "failure"},
            {"name": "Tidy", "conclusion": "timed_out"},
        ],
    }

    text = told("workflow_job", action="completed", workflow_job=job)

    assert text == (
        "acme/rocket: Job test of CI failed on main after 59 s\n"
        f"Failed step: Run tests, Tidy\n{HOME}/actions/runs/5/job/1"
    )


@pytest.mark.parametrize(
    ("event", "members", "expected"),
    [
        (
            "check_run",
            {
                "action": "completed",
                "check_run": {"name": "lint", "conclusion": "success", "head_sha": SHA},
            },
            "Check lint succeeded on 6dcb09b",
        ),
        (
            "check_run",
            {"action": "rerequested", "check_run": {"name": "lint"}},
            "Check lint was requested again by alice",
        ),
        (
            "check_suite",
            {
                "action": "completed",
                "check_suite": {**RUN, "conclusion": "neutral", "app": {"name": "CI"}},
            },
            f"The suite of checks of CI ended neither well nor badly {ON}",
        ),
        (
            "status",
            {
                "state": "pending",
                "context": "ci/build",
                "sha": SHA,
                "branches": [{"name": "main"}],
            },
            f"Status ci/build is pending {ON}",
        ),
        (
            "status",
            {"state": "error", "sha": SHA, "branches": [{}, {}]},
            "A status failed with an error on 6dcb09b",
        ),
        ("status", {}, "A status changed"),
        (
            "deployment",
            {
                "action": "created",
                "deployment": {"ref": "main", "sha": SHA, "environment": "prod"},
            },
            "alice deploys main (6dcb09b) to prod",
        ),
        (
            "deployment",
            {"deployment": {"ref": SHA, "sha": SHA, "environment": "prod"}},
            f"alice deploys {SHA} to prod",
        ),
        (
            "deployment_review",
            {"action": "approved", "environment": "prod", "workflow_run": RUN},
            f"Deployment to prod was approved {ON} · by alice",
        ),
        (
            "workflow_dispatch",
            {"workflow": ".github/workflows/ci.yml", "ref": "refs/heads/main"},
            "alice started workflow ci.yml on main",
        ),
        (
            "deployment_protection_rule",
            {
                "action": "requested",
                "environment": "prod",
                "deployment": {"ref": "main", "sha": SHA},
            },
            "Deployment of main (6dcb09b) to prod waits for a protection rule",
        ),
        (
            "repository_dispatch",
            {"action": "on-demand", "branch": "main"},
            "alice dispatched on-demand on main",
        ),
        ("page_build", {"build": {"status": "built"}}, "The pages were built (alice)"),
        (
            "page_build",
            {"build": {"status": "errored"}},
            "The pages could not be built (alice)",
        ),
    ],
)
def test_what_ran_is_a_line(
    event: str, members: dict[str, object], expected: str
) -> None:
    """What it was, how it is, of which branch and commit."""
    assert tale(event, **members) == expected


@pytest.mark.parametrize(
    ("state", "expected", "url"),
    [
        ("success", "succeeded", "https://rocket.example/"),
        ("failure", "failed", "https://logs.example/1"),
        ("in_progress", "is running", "https://logs.example/1"),
        ("inactive", "is no longer active", "https://logs.example/1"),
        ("floating", "is floating", "https://logs.example/1"),
    ],
)
def test_a_deployment_leads_to_what_one_wants_to_see(
    state: str, expected: str, url: str
) -> None:
    """What was deployed, or why it was not."""
    text = told(
        "deployment_status",
        action="created",
        deployment={"ref": "main", "environment": "prod"},
        deployment_status={
            "state": state,
            "environment_url": "https://rocket.example/",
            "log_url": "https://logs.example/1",
        },
    )

    assert text == (
        f"acme/rocket: Deployment of main to prod {expected} (alice)\n{url}"
    )


def test_a_suite_leads_to_its_commit() -> None:
    """A suite has no page of its own."""
    text = told("check_suite", action="completed", check_suite=RUN)

    assert text.endswith(f"\n{HOME}/commit/{SHA}")


@pytest.mark.parametrize(
    "event",
    [
        *("workflow_run", "workflow_job", "check_run", "check_suite", "deployment"),
        *("deployment_review", "deployment_protection_rule"),
    ],
)
def test_an_action_unknown_is_told_by_its_name(event: str) -> None:
    """Nothing is said of it that might be wrong."""
    assert tale(event, action="juggled").startswith("alice juggled ")
