"""Official numbers of references, expressions and images of the RefCOCO family.

Mirrors of RefCOCO mix splits, rename them or lose expressions, and accuracies on different
expressions are not comparable. Expression counts are the denominators of published accuracies.
Counts of references and images are from dataset cards on public hubs and from TensorFlow Datasets;
counts without a public source are left out.
"""

from collections import Counter
from typing import NamedTuple

from vg_mc.errors import BadInputError
from vg_mc.records import Corpus, ReferringExpression

REFERENCES, SENTENCES, IMAGES = "references", "sentences", "images"

# Keys are the corpus names of `read_refer`: folder name and author of the splits.
OFFICIAL_COUNTS: dict[str, dict[str, dict[str, int]]] = {
    "refcoco_unc": {
        "train": {REFERENCES: 42_404, SENTENCES: 120_624, IMAGES: 16_994},
        "val": {REFERENCES: 3_811, SENTENCES: 10_834, IMAGES: 1_500},
        "testA": {REFERENCES: 1_975, SENTENCES: 5_657, IMAGES: 750},
        "testB": {REFERENCES: 1_810, SENTENCES: 5_095, IMAGES: 750},
    },
    "refcoco_google": {
        "train": {REFERENCES: 40_000, IMAGES: 19_213},
        "val": {REFERENCES: 5_000, IMAGES: 4_559},
        "test": {REFERENCES: 5_000, IMAGES: 4_527},
    },
    "refcoco+_unc": {
        "train": {REFERENCES: 42_278, SENTENCES: 120_191},
        "val": {REFERENCES: 3_805, SENTENCES: 10_758, IMAGES: 1_500},
        "testA": {REFERENCES: 1_975, SENTENCES: 5_726, IMAGES: 750},
        "testB": {REFERENCES: 1_798, SENTENCES: 4_889, IMAGES: 750},
    },
    "refcocog_umd": {
        "train": {REFERENCES: 42_226, SENTENCES: 80_512},
        "val": {REFERENCES: 2_573, SENTENCES: 4_896, IMAGES: 1_300},
        "test": {REFERENCES: 5_023, SENTENCES: 9_602, IMAGES: 2_600},
    },
    "refcocog_google": {
        "train": {IMAGES: 24_698},
        "val": {REFERENCES: 5_000, IMAGES: 4_650},
    },
    "refclef_unc": {
        "val": {IMAGES: 2_000},
        "testA": {IMAGES: 485},
        "testB": {IMAGES: 490},
        "testC": {IMAGES: 465},
    },
}


class CountComparison(NamedTuple):
    """An official count and the count that was found."""

    split: str
    what: str
    expected: int
    found: int

    @property
    def is_official(self) -> bool:
        """Whether both counts are equal."""
        return self.found == self.expected

    def __str__(self) -> str:
        verdict = "as published" if self.is_official else f"NOT {self.expected:,}"
        return f"{self.split}: {self.found:,} {self.what}, {verdict}"


def compare_counts(
    corpus: Corpus,
    known_as: str | None = None,
    *,
    counts: tuple[str, ...] = (REFERENCES, SENTENCES, IMAGES),
    whole: bool = True,
) -> list[CountComparison]:
    """Compare a corpus with the official counts; empty for an unknown corpus.

    Only accepted records are counted: rejected records are missing in an evaluation, too.

    Args:
        corpus: The corpus.
        known_as: Its name in `OFFICIAL_COUNTS`, if different from the corpus name.
        counts: What to compare. Some mirrors do not group expressions by reference.
        whole: Count a missing split as 0 instead of leaving it out.
    """
    found = counts_per_split(corpus.expressions)
    return [
        CountComparison(split, what, expected, found.get(split, {}).get(what, 0))
        for split, official in OFFICIAL_COUNTS.get((known_as or corpus.name).lower(), {}).items()
        for what, expected in official.items()
        if what in counts and (whole or split in found)
    ]


def require_official(comparisons: list[CountComparison], corpus: Corpus) -> None:
    """Raise if a copy of a known corpus has other counts than the original.

    Raises:
        BadInputError: If any count differs, with all that do.
    """
    wrong = [str(comparison) for comparison in comparisons if not comparison.is_official]
    if not wrong:
        return
    left_out = f" ({len(corpus.rejected):,} records were rejected)" if corpus.rejected else ""
    raise BadInputError(
        f"not the corpus that results are published for: {'; '.join(wrong)}{left_out}. "
        f"Use --allow-count-mismatch to accept it",
        file=corpus.source_files[0],
    )


def counts_per_split(expressions: list[ReferringExpression]) -> dict[str, dict[str, int]]:
    """Count references, expressions and images of every split."""
    sentences = Counter(expression.split for expression in expressions)
    references = Counter(split for split, _ in {(one.split, one.ref_id) for one in expressions})
    images = Counter(split for split, _ in {(one.split, one.image_id) for one in expressions})
    return {
        split: {REFERENCES: references[split], SENTENCES: sentences[split], IMAGES: images[split]}
        for split in sentences
    }
