"""``prepare_data.py``: annotations, photos and proposals in, a multiple-choice dataset out."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from vg_mc.commands.config import parse_config
from vg_mc.commands.error_output import plain_errors
from vg_mc.commands.prepare_settings import check_flags, settings_of
from vg_mc.flags.prepare_data import PrepareConfig
from vg_mc.records import Corpus
from vg_mc.system.launch import processes_launched

if TYPE_CHECKING:
    from vg_mc.prepared.build.worker_group import WorkerGroup
    from vg_mc.prepared.manifest import Manifest  # which loads pyarrow

SCENE_SIZE = 128  # pixels along the longer side


def main(argv: Sequence[str] | None = None) -> None:
    """Run the command."""
    with plain_errors():
        config = parse_config(PrepareConfig, argv)
        if processes_launched() == 1:
            _tell(run(config), config)
            return
        from vg_mc.prepared.build.worker_group import joined

        with joined() as group:
            if group.rank == 0:
                _tell(run(config, group), config)
            else:
                group.help(config.num_workers)


def _tell(manifest: "Manifest", config: PrepareConfig) -> None:
    from vg_mc.reports.preparation import summary

    print(summary(manifest, config.output))


def run(config: PrepareConfig, group: "WorkerGroup | None" = None) -> "Manifest":
    """Prepare the dataset that `config` describes, in all processes of `group`."""
    from vg_mc.prepared.build.publication import require_free
    from vg_mc.prepared.build.run import prepare
    from vg_mc.system.workers import results_as_they_come

    check_flags(config)
    require_free(config.output, overwrite=config.overwrite)  # before a large corpus is read
    corpus = read_corpus(config)
    settings = settings_of(config, corpus)
    return prepare(
        corpus,
        settings,
        config.output,
        num_workers=config.num_workers,
        share=group.draw_share if group else results_as_they_come,
        overwrite=config.overwrite,
    )


def read_corpus(config: PrepareConfig) -> Corpus:
    """Read the annotations, and print how the counts compare where the corpus is a known one."""
    from vg_mc.corpora import readers as reading

    if config.corpus == "scenes":
        from vg_mc.corpora.scenes.generator import write_scenes

        write_scenes(
            config.annotations,
            train=config.scenes,
            evaluation=max(1, config.scenes // 10),
            size=SCENE_SIZE,
            seed=config.seed,
            num_workers=config.num_workers,
        )
    source = reading.CorpusSource(
        kind="refer" if config.corpus == "scenes" else config.corpus,
        annotations=config.annotations,
        images=config.images,
        extracted=config.output.with_name(f"{config.output.name}-photos"),
        split_by="scenes" if config.corpus == "scenes" else config.split_by,
        instances=config.instances,
        box_format=config.box_format,
        splits=config.splits,
        skip_bad=config.on_error == "skip",
        allow_count_mismatch=config.allow_count_mismatch,
    )
    corpus, comparisons = reading.read_corpus(source)
    for comparison in comparisons:
        print(comparison)
    if not comparisons and config.corpus not in ("table", "scenes"):
        print(
            f"{corpus.name}: no counts are published for a corpus of this name, none were compared"
        )
    return corpus
