"""What a third party's request is said as, if its source has no template.

Every preset gives text to whatever came in: one that is not of its kind is told as
what it is.
"""

from collections.abc import Callable, Mapping
from typing import Final

from gateway.domain.arrivals import Arrival
from gateway.domain.model import Preset
from gateway.domain.presets import (
    alertmanager,
    cloudevents,
    github,
    meshagent,
    slack,
    stripe,
)
from gateway.domain.presets.reading import a_line, an_object, without_nothing

_GITHUB_EVENT: Final = "x-github-event"


def text_of(preset: Preset, arrival: Arrival, payload: object) -> str | None:
    """Return what a request says, to be read by people; `None` for `JSON`.

    It is never empty and at most 40 000 characters long.
    """
    told: str | None
    match preset:
        case Preset.JSON:
            return None
        case Preset.GITHUB:
            told = github.said(_github_event(arrival), an_object(payload))
        case Preset.STRIPE:
            told = stripe.said(payload)
        case Preset.ALERTMANAGER:
            told = alertmanager.said(payload)
        case Preset.CLOUDEVENTS:
            told = cloudevents.said(payload)
        case Preset.MESHAGENT:
            told = meshagent.said(payload)
        case Preset.SLACK:
            told = slack.said(payload).text
    return told or outline(payload)


def message_of(preset: Preset, arrival: Arrival, payload: object) -> dict[str, object]:
    """Return the message that a request becomes without a template.

    For `JSON` the whole of it, as `{"value": …}` if it is no object. For the others
    `text`, and facts that an agent can do something with; what is not known is left
    out. For `SLACK` also `markdown`.
    """
    if preset is Preset.JSON:
        return payload if isinstance(payload, dict) else {"value": payload}
    if preset is Preset.SLACK:
        said = slack.said(payload)
        both = {"text": said.text or outline(payload), "markdown": said.markdown}
        return without_nothing({**both, **slack.facts(payload)})
    text = text_of(preset, arrival, payload)
    if preset is Preset.GITHUB:
        return {"text": text, **github.facts(_github_event(arrival), payload)}
    return {"text": text, **_FACTS[preset](payload)}


def outline(payload: object) -> str:
    """Return in a line what a payload is, for one too large or too odd to be said."""
    if isinstance(payload, dict):
        names = ", ".join(a_line(name, 40) or '""' for name in list(payload)[:20])
        more = ", …" if len(payload) > 20 else ""  # noqa: PLR2004 - as above
        return f"A JSON object: {names}{more}" if names else "An empty JSON object"
    if isinstance(payload, list):
        return f"A JSON array of {len(payload)}"
    return cloudevents.excerpt(payload) or "Nothing"


def _github_event(arrival: Arrival) -> str:
    return a_line(arrival.headers.get(_GITHUB_EVENT))


_FACTS: Final[Mapping[Preset, Callable[[object], dict[str, object]]]] = {
    Preset.STRIPE: stripe.facts,
    Preset.ALERTMANAGER: alertmanager.facts,
    Preset.CLOUDEVENTS: cloudevents.facts,
    Preset.MESHAGENT: meshagent.facts,
}
