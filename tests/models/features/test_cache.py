"""Caches return exactly what was written, and ignore incomplete and damaged files."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vg_mc.models.features.cache import (
    FEATURES,
    TEXTS,
    FeatureBank,
    RowCache,
    caption_cache,
    text_key,
)


def made(keys, seed=0):
    shape = (len(keys), 5)
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def ids(*keys):
    return np.array(keys, np.int64)


def opened(folder):
    table = RowCache(folder, FEATURES)
    table.open(table.verified_files())
    return table


def test_written_rows_are_read_in_any_order(tmp_path):
    table, features = RowCache(tmp_path, FEATURES), made(range(3))

    table.open([table.write(ids(7, -3, 5), features)])

    assert np.array_equal(table.rows(ids(5, 7, 5, -3)), features[[2, 0, 2, 1]])
    assert table.rows(ids(7)).dtype == np.float32


@given(parts=st.lists(st.sets(st.integers(-(2**63), 2**63 - 1), min_size=1), max_size=4))
def test_files_are_combined(parts, tmp_path_factory):
    folder = tmp_path_factory.mktemp("table")
    expected = {}
    for seed, part in enumerate(parts):
        keys = ids(*part)
        RowCache(folder, FEATURES).write(keys, features := made(keys, seed))
        expected |= dict(zip(keys.tolist(), features, strict=True))

    table = opened(folder)

    held = ids(*expected)
    assert table.missing(held).size == 0
    if expected:
        found = dict(zip(held.tolist(), table.rows(held), strict=True))
        alone = {key for key in expected if sum(key in part for part in parts) == 1}
        assert all(np.array_equal(found[key], expected[key]) for key in alone)


def test_missing_keys_are_unique(tmp_path):
    table = RowCache(tmp_path / "not there yet", FEATURES)
    assert table.missing(ids(3, 1, 3)).tolist() == [1, 3]

    table.open([table.write(ids(1), made([1]))])

    assert table.missing(ids(3, 1, 3)).tolist() == [3]
    with pytest.raises(KeyError, match="3"):
        table.rows(ids(1, 3))


def test_no_keys_give_no_rows(tmp_path):
    table = RowCache(tmp_path, FEATURES)
    assert table.rows(ids()).shape == (0, 0)

    table.open([table.write(ids(1), made([1]))])

    assert table.rows(ids()).shape == (0, 5)


def test_equal_content_is_written_once(tmp_path):
    first, second = RowCache(tmp_path, FEATURES), RowCache(tmp_path, FEATURES)

    names = {table.write(ids(1, 2), made(range(2))) for table in (first, second)}

    assert names == {path.name for path in tmp_path.iterdir()}
    assert len(names) == 1


def test_a_file_is_opened_once(tmp_path):
    table = RowCache(tmp_path, FEATURES)
    name = table.write(ids(1, 2), made(range(2)))

    for _ in range(3):
        table.open([name, *table.verified_files()])

    assert len(table._files) == 1
    assert table.missing(ids(1, 2)).size == 0


def test_the_features_that_were_opened_first_are_used(tmp_path):
    table, first = RowCache(tmp_path, FEATURES), made([1], 0)
    table.open([table.write(ids(1), first)])

    table.open([table.write(ids(1), made([1], 1))])

    assert np.array_equal(table.rows(ids(1)), first)


@pytest.mark.parametrize("damage", ["cut", "flipped", "empty"])
def test_a_damaged_file_is_removed_with_a_notice(tmp_path, capsys, damage):
    table = RowCache(tmp_path, FEATURES)
    path = tmp_path / table.write(ids(1, 2), made(range(2)))
    kept = table.write(ids(3), made([3]))
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes({"cut": content[:-9], "flipped": content, "empty": b""}[damage])

    table = opened(tmp_path)

    assert table.missing(ids(1, 2, 3)).tolist() == [1, 2]
    assert f"note: {path} is damaged" in capsys.readouterr().err
    assert [file.name for file in tmp_path.iterdir()] == [kept]


def test_incomplete_and_other_files_are_ignored(tmp_path):
    (tmp_path / f".{'0' * 64}.partial-99.npy").write_bytes(b"half")
    (tmp_path / "notes.npy").write_bytes(b"mine")

    assert opened(tmp_path).missing(ids(1)).tolist() == [1]
    assert len(list(tmp_path.iterdir())) == 2


def test_models_and_datasets_have_separate_images_and_share_texts(tmp_path):
    banks = [
        FeatureBank(tmp_path, model_hash=model, data_hash=data, first_view="a")
        for model, data in (("m", "d"), ("m", "e"), ("n", "d"))
    ]

    for mirrored in (True, False):
        assert len({bank.pictures_in("a", mirrored=mirrored).folder for bank in banks}) == 3
    assert [bank.texts.folder for bank in banks] == [tmp_path / name / "texts" for name in "mmn"]


def test_views_have_separate_folders_and_the_first_one_has_no_suffix(tmp_path):
    bank = FeatureBank(tmp_path, model_hash="m", data_hash="d", first_view="a")

    assert bank.pictures_in("a", mirrored=False).folder == tmp_path / "m" / "pictures-d"
    assert bank.pictures_in("a", mirrored=True).folder == tmp_path / "m" / "mirrored-d"
    tables = [
        bank.pictures_in(view, mirrored=way) for view in ("a", "b", "c") for way in (True, False)
    ]
    assert len({table.folder for table in tables}) == 6
    assert bank.pictures_in("b", mirrored=True) is tables[2]


def texts(*values):
    return np.array(values, object)


def test_texts_are_read_as_they_were_written(tmp_path):
    cache = RowCache(tmp_path, TEXTS)
    cache.write(ids(3, 17), texts("a “dog”", ""))
    cache.write(ids(1), texts("a cat"))

    cache.open(cache.verified_files())

    assert cache.keys.tolist() == [1, 3, 17]
    assert cache.rows(ids(17, 1, 3, 1)).tolist() == ["", "a cat", "a “dog”", "a cat"]


def test_the_text_that_was_opened_first_is_used(tmp_path):
    cache = RowCache(tmp_path, TEXTS)
    cache.open([cache.write(ids(1), texts("a cat"))])

    cache.open([cache.write(ids(1, 2), texts("a dog", "a cow"))])

    assert cache.rows(ids(1, 2)).tolist() == ["a cat", "a cow"]


def test_a_file_of_texts_is_a_json_mapping(tmp_path):
    cache = RowCache(tmp_path, TEXTS)

    name = cache.write(ids(3), texts("a “dog”"))

    assert json.loads((tmp_path / name).read_text("utf-8")) == {"3": "a “dog”"}
    assert "“" in (tmp_path / name).read_text("utf-8")


def test_a_damaged_file_of_texts_is_removed(tmp_path, capsys):
    cache = RowCache(tmp_path, TEXTS)
    (tmp_path / cache.write(ids(1), texts("a cat"))).write_text("{")

    assert cache.verified_files() == []
    assert "damaged" in capsys.readouterr().err


def test_captions_of_models_datasets_and_views_are_separate(tmp_path):
    folders = {
        caption_cache(tmp_path, model_hash=model, data_hash=data, view=view).folder
        for model, data, view in ("mdv", "ndv", "mev", "mdw")
    }

    assert len(folders) == 4
    assert tmp_path / "m" / "captions-d-v" in folders


@given(one=st.lists(st.integers(0, 60_000)), other=st.lists(st.integers(0, 60_000)))
def test_text_keys_are_equal_for_equal_token_ids_only(one, other):
    assert (text_key(one) == text_key(other)) == (one == other)
    assert -(2**63) <= text_key(one) < 2**63
