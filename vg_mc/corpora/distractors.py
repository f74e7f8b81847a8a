"""Distractors: other annotated objects of the target's category."""

from vg_mc.records import Corpus, ReferringExpression


def count_distractors(expression: ReferringExpression, corpus: Corpus) -> int | None:
    """Count the distractors: other annotations of the target's category in its image.

    They are unknown if the category is.
    """
    if expression.category is None:
        return None
    alike = [
        region
        for region in corpus.annotations.get(expression.image_id, [])
        if region.category == expression.category
    ]
    # The target is not a distractor; without an annotation id it is identified by its box.
    return sum(
        region.annotation_id != expression.annotation_id
        if expression.annotation_id is not None
        else region.box != expression.target
        for region in alike
    )
