"""How many references, sentences and images the well-known corpora have.

Mirrors of RefCOCO mix splits, rename them or lose sentences, and an accuracy over other sentences
is another number. Sentence counts are the denominators of the published accuracies. References and
images are from the cards of the corpora on public hubs and from TensorFlow Datasets; a count that
no public source states is left out.
"""

from collections import Counter
from typing import NamedTuple

from vg_mc.errors import BadInputError
from vg_mc.records import Corpus, ReferringExpression

REFERENCES, SENTENCES, IMAGES = "references", "sentences", "images"

# By the name that `read_refer` gives: the folder's name and who split it.
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
    """An official count beside the one that was found."""

    split: str
    what: str
    expected: int
    found: int

    @property
    def is_official(self) -> bool:
        """Whether both numbers are the same."""
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
    """Compare a corpus with the official counts; empty where it is none of the known ones.

    Only what was accepted is counted: a record that was left out is missing in an evaluation too.

    Args:
        corpus: What was read.
        known_as: Its name in `OFFICIAL_COUNTS`, if it is not the corpus' own.
        counts: What to compare: a mirror may not say which sentences belong to one reference.
        whole: A split that is not there counts as 0, and not as left out on purpose.
    """
    found = counts_per_split(corpus.expressions)
    return [
        CountComparison(split, what, expected, found.get(split, {}).get(what, 0))
        for split, official in OFFICIAL_COUNTS.get((known_as or corpus.name).lower(), {}).items()
        for what, expected in official.items()
        if what in counts and (whole or split in found)
    ]


def require_official(comparisons: list[CountComparison], corpus: Corpus) -> None:
    """Refuse a copy of a known corpus that is not the known corpus.

    Raises:
        BadInputError: If any count differs; it names all that do.
    """
    wrong = [str(comparison) for comparison in comparisons if not comparison.is_official]
    if not wrong:
        return
    left_out = f" ({len(corpus.rejected):,} records were left out)" if corpus.rejected else ""
    raise BadInputError(
        f"not the corpus that results are published for: {'; '.join(wrong)}{left_out}. "
        f"--allow-count-mismatch takes it as it is",
        file=corpus.source_files[0],
    )


def counts_per_split(expressions: list[ReferringExpression]) -> dict[str, dict[str, int]]:
    """Count references, sentences and images of every split."""
    sentences = Counter(expression.split for expression in expressions)
    references = Counter(split for split, _ in {(one.split, one.ref_id) for one in expressions})
    images = Counter(split for split, _ in {(one.split, one.image_id) for one in expressions})
    return {
        split: {REFERENCES: references[split], SENTENCES: sentences[split], IMAGES: images[split]}
        for split in sentences
    }
