"""Reader of COCO files with expressions in their annotations, as exported by labelling tools.

An annotation has ``expression``, a text, or ``expressions``, a list of texts. The split is a field
of the annotation or of its image; without one, it is that of the file. All annotations of an
image are candidates, including those without an expression.
"""

from contextlib import suppress
from pathlib import Path

from vg_mc.corpora import expression_records as names
from vg_mc.corpora.inspection import Inspection, as_expression
from vg_mc.corpora.instances import as_annotation_id, read_instances
from vg_mc.errors import BadInputError
from vg_mc.records import Corpus, ImageFolder, ReferringExpression
from vg_mc.system.fields import as_list, as_mapping, as_text, place, read_json

EXPRESSIONS = "expressions"


def is_coco(file: Path) -> bool:
    """Return True if a file has the tables of COCO.

    Raises:
        BadInputError: If the file name ends in ``.json`` and its content is not JSON.
    """
    if file.suffix.lower() != ".json":
        return False
    content = read_json(file)
    return isinstance(content, dict) and "annotations" in content


def read_coco_expressions(
    file: Path, images_folder: ImageFolder, split: str, inspection: Inspection
) -> Corpus:
    """Read all annotations and their expressions.

    Args:
        file: The file.
        images_folder: Folder of the images.
        split: Split of annotations that have none, nor their images.
        inspection: Handles bad records.

    Raises:
        BadInputError: If the file is not as described above, or at the first bad record without
            ``skip_bad``.
    """
    images, annotations = _tables(file)
    referenced = _annotations_with_expressions(annotations)
    instances = read_instances(file, _images_with_expressions(annotations), referenced, inspection)
    split_of = _splits(images)
    expressions: list[ReferringExpression] = []
    holder_of: dict[int, int] = {}  # position of the first record with an annotation id
    for position, annotation in enumerate(annotations):
        for number, words in enumerate(_expressions(annotation)):
            name = f"annotation {place(annotation, 'id', position)}, expression {number}"
            with inspection.record(file, name):
                annotation_id = as_annotation_id(annotation, "id")
                if annotation_id not in instances.region_of:
                    raise BadInputError("expected a usable box on a usable image")
                if holder_of.setdefault(annotation_id, position) != position:
                    raise BadInputError("expected every annotation once; an earlier one has its id")
                image_id, region = (
                    instances.image_of[annotation_id],
                    instances.region_of[annotation_id],
                )
                own = {names.SPLIT: split_of.get(image_id, split), **as_mapping(annotation)}
                expressions.append(
                    ReferringExpression(
                        expression_id=len(expressions) + 1,
                        ref_id=annotation_id,
                        image_id=image_id,
                        annotation_id=annotation_id,
                        text=as_expression({names.EXPRESSION: words}, names.EXPRESSION, inspection),
                        target=region.box,
                        category=region.category,
                        split=as_text(own, names.SPLIT),
                    )
                )
    return Corpus(
        name=file.stem,
        images_folder=images_folder,
        photos=instances.photos,
        expressions=expressions,
        annotations=instances.annotations,
        source_files=[file],
        rejected=inspection.rejected,
        texts=dict(inspection.texts),
        notes=inspection.notes,
        categories=instances.categories,
    )


def _tables(file: Path) -> tuple[list[object], list[object]]:
    """Return the records of images and of annotations, some of which have expressions."""
    content = read_json(file)
    try:
        images, annotations = as_list(content, "images"), as_list(content, "annotations")
    except BadInputError as fault:
        raise BadInputError(fault.problem, file=file) from fault
    if not any(map(_expressions, annotations)):
        problem = f"expected {names.EXPRESSION} or {EXPRESSIONS} in annotations, found neither"
        raise BadInputError(problem, file=file)
    return images, annotations


def _images_with_expressions(annotations: list[object]) -> set[int]:
    """Return the ids of images with an expression; bad records are reported later."""
    ids = [
        one.get("image_id") for one in annotations if _expressions(one) and isinstance(one, dict)
    ]
    return {image_id for image_id in ids if isinstance(image_id, int)}


def _annotations_with_expressions(annotations: list[object]) -> set[int]:
    """Return the ids of annotations with an expression; bad ids are reported later."""
    found = set()
    for one in annotations:
        with suppress(BadInputError):
            if _expressions(one):
                found.add(as_annotation_id(one, "id"))
    return found


def _splits(images: list[object]) -> dict[int, object]:
    """Return the split of every image that has one."""
    return {
        image["id"]: image[names.SPLIT]
        for image in images
        if isinstance(image, dict) and isinstance(image.get("id"), int) and names.SPLIT in image
    }


def _expressions(annotation: object) -> list[object]:
    """Return the values in the fields for expressions, unchecked."""
    if not isinstance(annotation, dict):
        return []
    several = annotation.get(EXPRESSIONS)
    if several is not None:
        return several if isinstance(several, list) else [several]
    return [annotation[names.EXPRESSION]] if names.EXPRESSION in annotation else []
