"""How a CLIP is asked: an expression, or the noun in it that says what is meant, in a sentence."""

from collections.abc import Callable, Sequence

from vg_mc.errors import BadInputError

PLACE = "{}"  # of the expression in a prompt
SUBJECT = "{subject}"  # of the noun alone that says what is meant


def check_prompts(prompts: Sequence[str]) -> None:
    """Refuse wordings without the expression, or with no more than what is said twice.

    Raises:
        BadInputError: Naming the first of them.
    """
    if len(set(prompts)) < len(prompts):
        problem = f"expected each once, not {', '.join(prompts)}"
        raise BadInputError(problem, record="--prompts")
    if not prompts:
        raise BadInputError("expected one or several", record="--prompts")
    for prompt in prompts:
        if prompt.count(PLACE) + prompt.count(SUBJECT) != 1:
            problem = (
                f"expected {PLACE} once, where the expression stands, or {SUBJECT} for its subject "
                f"alone, not {prompt!r}"
            )
            raise BadInputError(problem, record="--prompts")


def subjects_for(prompts: Sequence[str], spacy_model: str) -> Callable[[str], str]:
    """Return what finds the subject of an expression, or takes all of it where no noun is.

    The spaCy model is loaded only where a wording asks for subjects.

    Raises:
        BadInputError: If it cannot be.
    """
    if not any(SUBJECT in prompt for prompt in prompts):
        return str
    from vg_mc.text.subjects import SubjectFinder

    finder = SubjectFinder(spacy_model)

    def subject_of(text: str) -> str:
        subject = finder.subjects([text])[0]
        return text if subject is None else subject.phrase

    return subject_of
