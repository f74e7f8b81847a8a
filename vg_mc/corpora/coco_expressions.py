"""Reader of COCO files with expressions in their annotations, as exported by labelling tools.

An annotation has ``expression``, a text, or ``expressions``, a list of texts, also within CVAT's
``attributes``. The split is a field of the annotation or of its image; without one, it is that of
the file. All annotations of an image are candidates, including those without an expression. MDETR's
files are another kind: they have one image per expression, with the expression as its caption.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from vg_mc.corpora import expression_records as names
from vg_mc.corpora.coco_files import CocoTables
from vg_mc.corpora.frames import FramesOf
from vg_mc.corpora.inspection import Inspection, as_expression
from vg_mc.corpora.instances import Instances, as_annotation_id, read_instances
from vg_mc.corpora.nested import field_names, value_at
from vg_mc.errors import BadInputError
from vg_mc.records import Corpus, ReferringExpression
from vg_mc.system.fields import as_mapping, as_text, place

EXPRESSIONS = "expressions"
CAPTION = "caption"  # of an image of MDETR
FIELDS_NAMED = 5


def is_coco(content: object) -> bool:
    """Return whether the content of a JSON file has the tables of COCO."""
    return (
        isinstance(content, dict)
        and "annotations" in content
        and ("images" in content or not isinstance(content["annotations"], list))
    )


def has_captions(content: object) -> bool:
    """Return whether the content of a COCO file is MDETR's: the images have captions."""
    images = content.get("images") if isinstance(content, dict) else None
    first = images[0] if isinstance(images, list) and images else None
    return isinstance(first, dict) and CAPTION in first


def captioned_images(tables: CocoTables) -> Iterator[tuple[str, object]]:
    """Yield the caption of every image of an MDETR file with the only annotation that it refers to.

    Nothing is yielded but pairs of a place and a record with ``image``, ``annotation`` and
    ``category``, or an error.
    """
    regions: defaultdict[int | None, list[Mapping[object, object]]] = defaultdict(list)
    for annotation in tables.annotations:
        if isinstance(annotation, dict):
            regions[_id_in(annotation, "image_id")].append(annotation)
    categories = {
        _id_in(one, "id"): one.get("name") for one in tables.categories if isinstance(one, dict)
    }
    for position, image in enumerate(tables.images):
        where = f"image {place(image, 'id', position)}"
        found = regions[_id_in(image, "id")] if isinstance(image, dict) else []
        if len(found) == 1:
            kind = _id_in(found[0], "category_id")
            category = categories.get(kind) if len(categories) > 1 else None
            yield where, {"image": image, "annotation": found[0], "category": category}
        else:
            yield where, BadInputError(f"expected one box for the caption, found {len(found)}")


def _id_in(record: Mapping[object, object], key: str) -> int | None:
    """Return an id; None for another value, which may not be hashable."""
    value = record.get(key)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def read_coco_expressions(
    tables: CocoTables,
    file: Path,
    frames_of: FramesOf,
    split: str,
    inspection: Inspection,
    columns: Mapping[str, str],
) -> Corpus:
    """Read all annotations and their expressions.

    Args:
        tables: The content of the file.
        file: The file.
        frames_of: Returns the frames of the images with the given names.
        split: Split of annotations that have none, nor their images.
        inspection: Handles bad records.
        columns: Paths of expression and split in an annotation, where they have other names.

    Raises:
        BadInputError: If the file is not as described above, or at the first bad record without
            ``skip_bad``.
    """
    images, annotations = tables.images, tables.annotations
    said = {at: texts for at, one in enumerate(annotations) if (texts := _texts(one, columns))}
    if not said:
        raise BadInputError(_no_expressions(annotations, columns), file=file)
    instances = _instances(tables, file, said, inspection, frames_of)
    split_of = _splits(images)
    expressions: list[ReferringExpression] = []
    holder_of: dict[int, int] = {}  # position of the first record with an annotation id
    for position, texts in said.items():
        annotation = annotations[position]
        for number, words in enumerate(texts):
            name = f"annotation {place(annotation, 'id', position)}, expression {number}"
            with inspection.record(file, name):
                annotation_id = _usable_id(annotation, instances)
                if holder_of.setdefault(annotation_id, position) != position:
                    raise BadInputError("expected every annotation once; an earlier one has its id")
                image_id = instances.image_of[annotation_id]
                region = instances.region_of[annotation_id]
                written_split = _split(annotation, split_of.get(image_id, split), columns)
                text = as_expression({names.EXPRESSION: words}, names.EXPRESSION, inspection)
                expressions.append(
                    ReferringExpression(
                        expression_id=len(expressions) + 1,
                        ref_id=annotation_id,
                        image_id=image_id,
                        annotation_id=annotation_id,
                        text=text,
                        target=region.box,
                        category=region.category,
                        split=written_split,
                    )
                )
    return _corpus(tables, file, instances, expressions, inspection)


def _corpus(
    tables: CocoTables,
    file: Path,
    instances: Instances,
    expressions: list[ReferringExpression],
    inspection: Inspection,
) -> Corpus:
    return Corpus(
        name=file.stem,
        images_folder=instances.images_folder,
        photos=instances.photos,
        expressions=expressions,
        annotations=instances.annotations,
        source_files=[file],
        rejected=inspection.rejected,
        texts=dict(inspection.texts),
        assigned_ids=tables.numbered_images & instances.photos.keys(),
        boxes=instances.boxes,
        notes=inspection.notes,
        categories=instances.categories,
    )


def _texts(annotation: object, columns: Mapping[str, str]) -> list[object]:
    """Return the values in the field for expressions, unchecked; a list counts as several."""
    if not isinstance(annotation, dict):
        return []
    if names.EXPRESSION in columns:
        value = value_at(annotation, columns[names.EXPRESSION])
    elif annotation.get(EXPRESSIONS) is not None:
        value = annotation[EXPRESSIONS]
    elif names.EXPRESSION in annotation:
        return [annotation[names.EXPRESSION]]
    else:
        value = _attribute(annotation.get("attributes"))
    return value if isinstance(value, list) else [] if value is None else [value]


def _attribute(attributes: object) -> object:
    """Return the attribute with expressions; CVAT exports an empty text where none was typed."""
    if not isinstance(attributes, dict):
        return None
    written = {str(name).lower(): value for name, value in attributes.items() if value}
    return written.get(EXPRESSIONS, written.get(names.EXPRESSION))


def _no_expressions(annotations: list[object], columns: Mapping[str, str]) -> str:
    """Return a message with the fields that contain texts."""
    if names.EXPRESSION in columns:
        return f"no annotation has the field {columns[names.EXPRESSION]} named by --columns"
    record = as_mapping(annotations[0]) if annotations and isinstance(annotations[0], dict) else {}
    texts = [path for path in field_names(record) if isinstance(value_at(record, path), str)]
    found = f", but texts in {', '.join(texts[:FIELDS_NAMED])}" if texts else ""
    return (
        f"expected {names.EXPRESSION} or {EXPRESSIONS} in annotations or their attributes, found "
        f"neither{found}; name the field: --columns expression={texts[0] if texts else '...'}"
    )


def _instances(
    tables: CocoTables,
    file: Path,
    said: Mapping[int, object],
    inspection: Inspection,
    frames_of: FramesOf,
) -> Instances:
    """Return the images with an expression, and all their annotations."""
    referenced, images = set(), set()
    for position in said:
        annotation = as_mapping(tables.annotations[position])
        if isinstance(image_id := annotation.get("image_id"), int):
            images.add(image_id)
        with suppress(BadInputError):  # reported later
            referenced.add(as_annotation_id(annotation, "id"))
    inspection.notes.extend(tables.notes)
    return read_instances(file, images, referenced, inspection, tables, frames_of)


def _usable_id(annotation: object, instances: Instances) -> int:
    annotation_id = as_annotation_id(annotation, "id")
    if annotation_id not in instances.region_of:
        raise BadInputError("expected a usable box on a usable image, but one of them is rejected")
    return annotation_id


def _splits(images: list[object]) -> dict[int, object]:
    """Return the split of every image that has one."""
    return {
        image["id"]: image[names.SPLIT]
        for image in images
        if isinstance(image, dict) and isinstance(image.get("id"), int) and names.SPLIT in image
    }


def _split(annotation: object, default: object, columns: Mapping[str, str]) -> str:
    """Return the split of an annotation, else `default`."""
    path = columns.get(names.SPLIT, names.SPLIT)
    own = value_at(as_mapping(annotation), path)
    written = own if own is not None or path in as_mapping(annotation) else default
    return as_text({names.SPLIT: written}, names.SPLIT)
