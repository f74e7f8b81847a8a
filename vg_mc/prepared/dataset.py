"""Reader of prepared datasets: columns as arrays, images decoded on access."""

import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Any, Self

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from PIL import Image

from vg_mc.boxes.arithmetic import Boxes, as_boxes
from vg_mc.boxes.transforms import LongerSide
from vg_mc.errors import BadInputError
from vg_mc.images import present_name
from vg_mc.prepared.manifest import ORIENTATION, WHOLE_IMAGES, Manifest, read_manifest, views_of
from vg_mc.prepared.schema import (
    CANDIDATES,
    CANDIDATES_FOLDER,
    IMAGE,
    IMAGES,
    IMAGES_FOLDER,
    PICTURE,
    arrow_schema,
    open_shard,
    picture_columns,
)
from vg_mc.records import ANNOTATIONS, WHOLE_IMAGE, ImageFolder, Photo, Proposal

Ids = NDArray[np.int64]

DETECTED = "detector"
NO_DETECTIONS = frozenset({ANNOTATIONS, WHOLE_IMAGE})


@dataclass(frozen=True, slots=True)
class Expressions:
    """The expressions of one split as columns; all columns have one entry per expression.

    Attributes:
        targets: Annotated boxes (B, 4) as xyxy, in pixels of the source image.
        candidate_ids: Row numbers of the candidates table, an array (C_i,) per expression.
        ious: IoU of each candidate with the target, an array (C_i,) per expression.
        rivals: Number of distractors, i.e. other annotations of the target's category in the
            image; -1 if unknown.
    """

    expression_ids: Ids
    image_ids: Ids
    texts: list[str]
    categories: list[str]
    targets: Boxes
    candidate_ids: list[Ids]
    ious: list[NDArray[np.float64]]
    rivals: Ids

    def __len__(self) -> int:
        return len(self.texts)


class PreparedDataset:
    """A memory-mapped prepared dataset: opening it reads the manifest, but no images."""

    def __init__(
        self, folder: Path, manifest: Manifest, tables: Mapping[str, pa.Table] | None = None
    ) -> None:
        """Store the location of a dataset.

        Args:
            folder: Folder of the dataset; a mere name for a dataset in memory.
            manifest: Content of `manifest.json`.
            tables: Tables of a dataset in memory, by name; these are not read from `folder`.
        """
        self.folder = folder
        self.manifest = manifest
        self._tables = tables or {}

    def _table(self, name: str) -> pa.Table:
        return self._tables[name] if name in self._tables else _open_table(self.folder / name)

    @property
    def data_hash(self) -> str:
        """Hash of all files, which identifies the dataset in results."""
        return str(self.manifest["data_hash"])

    @property
    def image_size(self) -> int:
        """Side of the square candidate images in pixels.

        Raises:
            BadInputError: If the dataset was prepared without candidates.
        """
        self._require_candidates()
        return int(self.manifest["settings"]["image_size"])

    @property
    def has_candidates(self) -> bool:
        """Whether the dataset was prepared with candidates."""
        return bool(self.views)

    def _require_candidates(self) -> None:
        if not self.has_candidates:
            problem = (
                "expected a dataset with candidates, found whole images only; prepare it with "
                "--proposer and --train-proposer other than none"
            )
            raise BadInputError(problem, file=self.folder)

    @property
    def whole_images(self) -> LongerSide | None:
        """Transform from source images and boxes to stored whole images; None without them."""
        side = self.manifest["settings"].get(WHOLE_IMAGES)
        return None if side is None else LongerSide(side)

    def image_folder(self, path: Path) -> ImageFolder:
        """Return a folder with the source images, in the frame of the boxes of this dataset."""
        return ImageFolder(path, self.manifest.get(ORIENTATION, "stored"))

    @property
    def splits(self) -> list[str]:
        """Names of the splits, in the order of the corpus."""
        return list(self.manifest["splits"])

    @property
    def views(self) -> dict[str, dict[str, Any]]:
        """Properties of each view of a candidate, by name; the first one is used in training."""
        return views_of(self.manifest)

    @property
    def first_view(self) -> str:
        """Name of the view that is used in training.

        Raises:
            BadInputError: If the dataset was prepared without candidates.
        """
        self._require_candidates()
        return next(iter(self.views))

    def view_named(self, name: str) -> str:
        """Return the current name of a view; `name` may be a former name.

        Raises:
            BadInputError: If the dataset was prepared without this view.
        """
        view = present_name(name)
        if view not in self.views:
            problem = (
                f"no view {name!r}; there are {', '.join(self.views) or 'none'}; prepare the "
                "dataset with --views for others"
            )
            raise BadInputError(problem, file=self.folder)
        return view

    @cached_property
    def _candidates(self) -> pa.Table:
        if not self.has_candidates:
            return arrow_schema(CANDIDATES).empty_table()
        return self._table(CANDIDATES_FOLDER)

    @cached_property
    def _boxes(self) -> Boxes:
        column = self._candidates.column("box").combine_chunks()
        return as_boxes(column.flatten().to_numpy())

    @cached_property
    def _scores(self) -> NDArray[np.float64]:
        scores: NDArray[np.float64] = self._candidates.column("score").to_numpy()
        return scores

    @cached_property
    def _pictures(self) -> dict[str, pa.ChunkedArray]:
        """Image files by column; filled on access."""
        return {}

    def __getstate__(self) -> dict[str, object]:
        """Pickle only the location: the receiving process maps the files itself."""
        return {"folder": self.folder, "manifest": self.manifest, "_tables": self._tables}

    def expressions(self, split: str) -> Expressions:
        """Read the expressions of `split`.

        Raises:
            BadInputError: If the dataset does not have this split.
        """
        if split not in self.splits:
            known = ", ".join(self.splits)
            raise BadInputError(f"no split {split!r}; there are {known}", file=self.folder)
        table = self._table(f"expressions/{split}")
        return Expressions(
            expression_ids=table.column("expression_id").to_numpy(),
            image_ids=table.column("image_id").to_numpy(),
            texts=table.column("text").to_pylist(),
            categories=table.column("category").to_pylist(),
            targets=as_boxes(table.column("target").combine_chunks().flatten().to_numpy()),
            candidate_ids=_ragged(table.column("candidate_ids")),
            ious=_ragged(table.column("ious")),
            rivals=table.column("rivals").to_numpy(),
        )

    def first_expressions(self, split: str, count: int, *, named: Iterable[str]) -> Self:
        """Return this dataset with the first expressions of a split as the splits `named`."""
        few = self._table(f"expressions/{split}").slice(0, count)
        tables = {**self._tables, **{f"expressions/{name}": few for name in named}}
        return type(self)(self.folder, self.manifest, tables)

    def photos(self) -> dict[int, Photo]:
        """Return all images by image id."""
        rows = self._table(IMAGES_FOLDER).select(list(IMAGES)).to_pylist()
        return {row["image_id"]: Photo(**row) for row in rows}

    @cached_property
    def _whole(self) -> tuple[dict[int, int], pa.ChunkedArray]:
        """Row number by image id, and the column of whole-image files."""
        if self.whole_images is None:
            problem = "expected a dataset with whole images; prepare it with --whole-images"
            raise BadInputError(problem, file=self.folder)
        table = self._table(IMAGES_FOLDER)
        image_ids = table.column("image_id").to_pylist()
        return {image_id: row for row, image_id in enumerate(image_ids)}, _files(table, IMAGE)

    def image_bytes(self, image_ids: Ids) -> list[bytes]:
        """Return the JPEG files of whole images.

        Raises:
            BadInputError: If the dataset was prepared without whole images, or an id is unknown.
        """
        rows, files = self._whole
        unknown = [image_id for image_id in image_ids.tolist() if image_id not in rows]
        if unknown:
            problem = f"expected the id of one of the {len(rows):,} images of the dataset"
            raise BadInputError(problem, file=self.folder, record=f"image {unknown[0]}")
        return [files[rows[image_id]].as_py() for image_id in image_ids.tolist()]

    def image(self, photo: Photo) -> Image.Image:
        """Decode one whole image in RGB."""
        return self.images(np.array([photo.image_id]))[0]

    def images(self, image_ids: Ids) -> list[Image.Image]:
        """Decode whole images in RGB; sizes differ, and `whole_images` maps boxes to them."""
        return [
            Image.open(io.BytesIO(jpeg), formats=["JPEG"]).convert("RGB")
            for jpeg in self.image_bytes(image_ids)
        ]

    def boxes(self, candidate_ids: Ids) -> Boxes:
        """Return the boxes (C, 4) of candidates as xyxy, in pixels of their source images."""
        return self._boxes[candidate_ids]

    def scores(self, candidate_ids: Ids) -> NDArray[np.float64]:
        """Return the detector's confidence (C,) of candidates; it is 1 for an annotation."""
        return self._scores[candidate_ids]

    def detections(self) -> dict[int, list[Proposal]]:
        """Return the detections of each image by image id, without duplicates."""
        columns = ["image_id", "box", "score", "category", "source"]
        found: dict[int, dict[Proposal, None]] = {}
        for row in self._candidates.select(columns).to_pylist():
            if row["source"] not in NO_DETECTIONS:
                left, top, right, bottom = row["box"]
                box = (left, top, right, bottom)
                detection = Proposal(box, row["score"], row["category"] or None, DETECTED)
                found.setdefault(row["image_id"], {})[detection] = None
        return {image_id: list(detections) for image_id, detections in found.items()}

    def detected_categories(self) -> set[str]:
        """Return the category names of all candidates that were detected."""
        columns = self._candidates.select(["category", "source"])
        pairs = columns.group_by(["category", "source"]).aggregate([]).to_pylist()
        return {pair["category"] for pair in pairs if pair["source"] not in NO_DETECTIONS}

    def candidate_categories(self, candidate_ids: Ids) -> list[str]:
        """Return the category name of each candidate."""
        names: list[str] = (
            self._candidates.column("category").take(pa.array(candidate_ids)).to_pylist()
        )
        return names

    def are_annotations(self) -> NDArray[np.bool_]:
        """Return a mask (C,) over all candidates of the dataset: True for an annotation."""
        sources = self._candidates.column("source").to_numpy()
        return np.asarray(sources == ANNOTATIONS, dtype=np.bool_)

    def _picture_column(self, view: str) -> str:
        """Return the name of the column that contains a view."""
        columns = dict(zip(self.views, picture_columns(self.views), strict=True))
        return columns[self.view_named(view)]

    def picture_bytes(self, candidate_ids: Ids, view: str | None = None) -> list[bytes]:
        """Return the JPEG files of candidate images in a view, by default the first one."""
        column = PICTURE if view is None else self._picture_column(view)
        if column not in self._pictures:
            self._pictures[column] = _files(self._candidates, column)
        pictures = self._pictures[column]
        return [pictures[int(candidate)].as_py() for candidate in candidate_ids]

    def pictures(self, candidate_ids: Ids, view: str | None = None) -> NDArray[np.uint8]:
        """Decode candidate images in a view, shape (C, H, W, 3)."""
        size = self.image_size
        decoded = np.empty((len(candidate_ids), size, size, 3), dtype=np.uint8)
        for row, encoded in enumerate(self.picture_bytes(candidate_ids, view)):
            decoded[row] = np.asarray(Image.open(io.BytesIO(encoded), formats=["JPEG"]))
        return decoded


def open_prepared(folder: Path) -> PreparedDataset:
    """Open a dataset that prepare_data.py wrote.

    Raises:
        BadInputError: If it is missing or incomplete, or a file does not have its listed size.
    """
    return PreparedDataset(folder, read_manifest(folder))


def _open_table(folder: Path) -> pa.Table:
    return pa.concat_tables([open_shard(path) for path in sorted(folder.glob("data-*.arrow"))])


def _files(table: pa.Table, column: str) -> pa.ChunkedArray:
    """Return the encoded files of a column of images."""
    files = [chunk.field("bytes") for chunk in table.column(column).chunks]
    return pa.chunked_array(files, type=pa.binary())


def _ragged(column: pa.ChunkedArray) -> list[NDArray[Any]]:
    """Return a list column as one array per row, without copying."""
    lists = column.combine_chunks()
    values, offsets = lists.values.to_numpy(), lists.offsets.to_numpy()
    return [values[start:end] for start, end in pairwise(offsets)]
