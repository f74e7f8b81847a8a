"""Prompt templates for text encoders, with a placeholder for the expression or for its subject."""

from collections.abc import Callable, Sequence

from vg_mc.errors import BadInputError

PLACE = "{}"  # placeholder of the expression
SUBJECT = "{subject}"  # placeholder of its subject, the noun that names the target


def check_prompts(prompts: Sequence[str]) -> None:
    """Check that prompt templates are distinct and contain one placeholder each.

    Raises:
        BadInputError: At the first template that does not.
    """
    if len(set(prompts)) < len(prompts):
        problem = f"expected distinct templates, not {', '.join(prompts)}"
        raise BadInputError(problem, record="--prompts")
    if not prompts:
        raise BadInputError("expected at least one template", record="--prompts")
    for prompt in prompts:
        if prompt.count(PLACE) + prompt.count(SUBJECT) != 1:
            problem = (
                f"expected one placeholder, {PLACE} for the expression or {SUBJECT} for its "
                f"subject, not {prompt!r}"
            )
            raise BadInputError(problem, record="--prompts")


def subjects_for(prompts: Sequence[str], spacy_model: str) -> Callable[[str], str]:
    """Return a function from an expression to its subject, or to itself without a noun.

    The spaCy model is loaded only if a template contains the placeholder of the subject.

    Raises:
        BadInputError: If it cannot be loaded.
    """
    if not any(SUBJECT in prompt for prompt in prompts):
        return str
    from vg_mc.text.subjects import SubjectFinder

    finder = SubjectFinder(spacy_model)

    def subject_of(text: str) -> str:
        subject = finder.subjects([text])[0]
        return text if subject is None else subject.phrase

    return subject_of
