"""Captions come back as they were written, each model's, dataset's and view's by itself."""

import json

from vg_mc.models.features.caption_cache import CaptionTable


def table_in(folder, model="model", data="data", view="crop") -> CaptionTable:
    return CaptionTable(folder, model_hash=model, data_hash=data, view=view)


def test_what_is_written_is_read(tmp_path):
    table = table_in(tmp_path)
    table.write({3: "a “dog”", 17: ""})
    table.write({1: "a cat"})

    reader = table_in(tmp_path)
    reader.open(reader.sound_files())

    assert reader.captions == {1: "a cat", 3: "a “dog”", 17: ""}
    assert table.captions == {}


def test_people_can_read_a_file(tmp_path):
    table = table_in(tmp_path)

    name = table.write({3: "a dog"})

    assert json.loads((table.folder / name).read_text()) == {"3": "a dog"}


def test_models_datasets_and_views_have_tables_of_their_own(tmp_path):
    folders = {
        table_in(tmp_path, *names).folder
        for names in (("m", "d", "v"), ("n", "d", "v"), ("m", "e", "v"), ("m", "d", "w"))
    }

    assert len(folders) == 4


def test_the_caption_that_was_opened_first_stays(tmp_path):
    table = table_in(tmp_path)
    table.open([table.write({1: "a cat"})])

    table.open([table.write({1: "a dog", 2: "a cow"})])

    assert table.captions == {1: "a cat", 2: "a cow"}


def test_a_damaged_file_is_removed(tmp_path, capsys):
    table = table_in(tmp_path)
    path = table.folder / table.write({1: "a cat"})
    path.write_text("{")

    assert table.sound_files() == []
    assert "damaged" in capsys.readouterr().err
