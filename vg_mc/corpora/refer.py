"""Reader of the REFER format, in which RefCOCO, RefCOCO+ and RefCOCOg are distributed.

``refs(<split_by>).p`` contains the expressions (https://github.com/lichengunc/refer),
``instances.json`` the images and boxes. A reference refers to its box by ``ann_id``. Its
``file_name`` ends in the annotation id and is not an existing file, so image names are taken from
``instances.json``. The references may also be JSON, as ``refs(unc).json``, and gRefCOCO's
``grefs(unc).json``, whose references have lists of targets.
"""

from contextlib import suppress
from pathlib import Path

from vg_mc.corpora.inspection import Inspection, as_expression
from vg_mc.corpora.instances import (
    Instances,
    as_annotation_id,
    read_instances,
    require_image,
)
from vg_mc.corpora.plain_pickle import read_plain_pickle
from vg_mc.errors import BadInputError
from vg_mc.records import Corpus, ImageFolder, ReferringExpression
from vg_mc.system.fields import as_integer, as_mapping, as_text, place, read_json

NO_TARGET = -1  # in the ann_id of gRefCOCO


def read_refer(
    folder: Path,
    split_by: str,
    images_folder: ImageFolder,
    *,
    skip_bad: bool,
    candidates_file: Path | None = None,
) -> Corpus:
    """Read the references of ``refs(<split_by>).p`` with their images and boxes.

    Args:
        folder: Contains the references and ``instances.json``.
        split_by: Author of the splits, such as unc, umd or google.
        images_folder: Folder of the images; none is opened here.
        skip_bad: Collect bad records in the corpus' `rejected` instead of stopping at the first.
        candidates_file: Another file in the format of ``instances.json`` with the annotated regions
            of every image. It also replaces a missing ``instances.json``.

    Raises:
        BadInputError: If a file is missing or unusable, or at the first bad record.
    """
    references_file = _references_file(folder, split_by)
    instances_file = folder / "instances.json"
    if candidates_file is not None and not instances_file.is_file():
        instances_file = candidates_file
    is_json = references_file.suffix == ".json"
    references = read_json(references_file) if is_json else read_plain_pickle(references_file)
    if not isinstance(references, list):
        kind = type(references).__name__
        raise BadInputError(f"expected a list of references, not {kind}", file=references_file)

    inspection = Inspection(skip_bad=skip_bad)
    needed = _referenced_images(references)
    referenced = _referenced_annotations(references)
    instances = candidates = read_instances(instances_file, needed, referenced, inspection)
    if candidates_file is not None and candidates_file != instances_file:
        candidates = read_instances(candidates_file, needed, referenced, inspection)
    sources = (instances, candidates)
    expressions = _read_expressions(references, references_file, sources, inspection)
    files = dict.fromkeys([references_file, instances_file, candidates_file or instances_file])
    return Corpus(
        name=f"{_folder_name(folder)}_{split_by}",
        images_folder=images_folder,
        photos=instances.photos,
        expressions=expressions,
        annotations=candidates.annotations,
        source_files=list(files),
        rejected=inspection.rejected,
        texts=dict(inspection.texts),
        notes=inspection.notes,
        categories=candidates.categories,
    )


def _references_file(folder: Path, split_by: str) -> Path:
    names = [f"refs({split_by}).p", f"refs({split_by}).json", f"grefs({split_by}).json"]
    existing = next((folder / name for name in names if (folder / name).is_file()), None)
    if existing is None:
        found = [path for start in ("", "*/") for path in folder.glob(f"{start}*refs(*).*")]
        there = ", ".join(sorted(str(path.relative_to(folder)) for path in found)) or "none"
        problem = f"no such file of references; found: {there}"
        raise BadInputError(problem, file=folder / names[0])
    return existing


def _folder_name(folder: Path) -> str:
    """Return the name of a folder as given: of a link, not of its target."""
    return folder.name if folder.name not in {"", ".."} else folder.resolve().name


def _referenced_images(references: list[object]) -> set[int]:
    """Return the ids of all images with a reference; bad references are reported later."""
    ids = (record.get("image_id") for record in references if isinstance(record, dict))
    return {image_id for image_id in ids if isinstance(image_id, int)}


def _referenced_annotations(references: list[object]) -> set[int]:
    """Return the ids of all annotations with a reference; bad references are reported later."""
    found = set()
    for record in references:
        with suppress(BadInputError):
            found.add(as_annotation_id(_with_one_target(record), "ann_id"))
    return found


def _read_expressions(
    references: list[object],
    file: Path,
    sources: tuple[Instances, Instances],  # of the targets, of the candidates
    inspection: Inspection,
) -> list[ReferringExpression]:
    """Convert every sentence to an expression; each sentence of a bad reference is an error."""
    targets, candidates = sources
    expressions: dict[int, ReferringExpression] = {}
    holder_of: dict[int, int] = {}  # position of the first record with a ref_id
    for position, reference in enumerate(references):
        reference_place = place(reference, "ref_id", position)
        for number, sentence in enumerate(_sentences(reference)):
            name = f"{reference_place}, {place(sentence, 'sent_id', number)}"
            with inspection.record(file, name):
                expression = _expression(reference, sentence, targets, inspection)
                require_image(expression.image_id, candidates)
                if holder_of.setdefault(expression.ref_id, position) != position:
                    raise BadInputError("expected every ref_id once; an earlier record has it")
                if expression.expression_id in expressions:
                    raise BadInputError("expected every sent_id once; an earlier one has it")
                expressions[expression.expression_id] = expression
        if not _sentences(reference):
            with inspection.record(file, reference_place):
                raise BadInputError("expected a reference with a list of sentences, found none")
    return list(expressions.values())


def _sentences(reference: object) -> list[object]:
    sentences = reference.get("sentences") if isinstance(reference, dict) else None
    return sentences if isinstance(sentences, list) else []


def _expression(
    reference: object, sentence: object, instances: Instances, inspection: Inspection
) -> ReferringExpression:
    image_id = as_integer(reference, "image_id")
    annotation_id = as_annotation_id(_with_one_target(reference), "ann_id")
    if image_id not in instances.photos:
        raise BadInputError(f"expected an image in instances.json, not image_id {image_id}")
    if annotation_id not in instances.region_of:
        raise BadInputError(f"expected a usable box in instances.json, not ann_id {annotation_id}")
    if instances.image_of[annotation_id] != image_id:
        other = instances.image_of[annotation_id]
        raise BadInputError(f"expected ann_id {annotation_id} in image {image_id}, not in {other}")
    region = instances.region_of[annotation_id]
    return ReferringExpression(
        expression_id=as_integer(sentence, "sent_id"),
        ref_id=as_integer(reference, "ref_id"),
        image_id=image_id,
        annotation_id=annotation_id,
        text=as_expression(sentence, _text_field(sentence), inspection),
        target=region.box,
        category=region.category,
        split=as_text(reference, "split"),
    )


def _with_one_target(reference: object) -> object:
    """Return a reference with a single annotation id where gRefCOCO has a list of them.

    Raises:
        BadInputError: If it refers to no object or to several.
    """
    written = as_mapping(reference).get("ann_id")
    if not isinstance(written, list):
        return reference
    targets = [one for one in written if one != NO_TARGET]
    if len(targets) != 1:
        problem = f"expected one target, found {len(targets)} in ann_id"
        raise BadInputError(f"{problem}; --on-error skip leaves out such references of gRefCOCO")
    return {**as_mapping(reference), "ann_id": targets[0]}


def _text_field(sentence: object) -> str:
    """Return ``sent``, the lower-cased text that results are published for, or else ``raw``."""
    return "sent" if "sent" in as_mapping(sentence) else "raw"
