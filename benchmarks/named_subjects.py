"""Comparison of a table of names and a text model in finding the category of an expression.

    python -m benchmarks.named_subjects data/prepared --model sentence:OWNER/NAME

finds the subject of each expression and, among the categories of its image's candidates, the one
that is most similar to it by the model. It counts how often the table names the same category,
another one, or none; in the last case, the choices of the model are listed.
"""

from argparse import ArgumentParser
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from accelerate import Accelerator

from vg_mc.grounders.subject_match import NameSimilarity, cosine_by, same_name
from vg_mc.models.features.extraction import TextFeatures
from vg_mc.models.loading import load_text_encoder
from vg_mc.prepared.dataset import PreparedDataset, open_prepared
from vg_mc.text.subjects import Subject, SubjectFinder

AGREED, OTHERWISE, UNKNOWN = "the table names it too", "it names another", "it knows no name"


def main(argv: Sequence[str] | None = None) -> None:
    """Print the agreement of the table and the model on all splits of a dataset."""
    parser = ArgumentParser(prog="python -m benchmarks.named_subjects", allow_abbrev=False)
    parser.add_argument("dataset", type=Path, help="prepared dataset")
    parser.add_argument("--model", required=True, help="as for evaluate.py")
    parser.add_argument("--spacy-model", default="en_core_web_sm", help="as for evaluate.py")
    asked = parser.parse_args(argv)
    dataset = open_prepared(asked.dataset)
    encoder = load_text_encoder(asked.model, image_size=dataset.image_size)
    similarity = cosine_by(TextFeatures(Accelerator(cpu=True), encoder, batch_size=256).vectors)
    judged = [
        (subject.phrase, *verdict_on(subject, categories, similarity))
        for subject, categories in questions(dataset, SubjectFinder(asked.spacy_model))
    ]
    counts = Counter(verdict for _, verdict, _ in judged)
    print(f"{len(judged)} expressions with a subject")
    print("\n".join(f"{counts[verdict]:5} {verdict}" for verdict in (AGREED, OTHERWISE, UNKNOWN)))
    pairs = Counter(f"{phrase} > {most}" for phrase, verdict, most in judged if verdict == UNKNOWN)
    print("; ".join(f"{count} {pair}" for pair, count in pairs.most_common()))


def questions(
    dataset: PreparedDataset, finder: SubjectFinder
) -> Iterator[tuple[Subject, list[str]]]:
    """Yield the subject of each expression that has one, and the categories of its candidates."""
    for split in dataset.splits:
        expressions = dataset.expressions(split)
        found = zip(finder.subjects(expressions.texts), expressions.candidate_ids, strict=True)
        for subject, ids in found:
            categories = sorted({name for name in dataset.candidate_categories(ids) if name})
            if subject is not None and categories:
                yield subject, categories


def verdict_on(
    subject: Subject, categories: Sequence[str], similarity: NameSimilarity
) -> tuple[str, str]:
    """Return the verdict on the category most similar to the subject, and that category."""
    most = categories[int(similarity([subject], categories)[0].argmax())]
    named = same_name([subject], categories)[0]
    if not named.any():
        return UNKNOWN, most
    return (AGREED if named[categories.index(most)] == named.max() else OTHERWISE), most


if __name__ == "__main__":
    main()
