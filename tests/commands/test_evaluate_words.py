"""Grounders of words are built as the flags say, and tables tell how."""

import numpy as np
from transformers import BertConfig, BertModel, BertTokenizer

from tests.flat import flat
from tests.models.tiny_captioners import save_captioner
from tests.refusals import refused
from vg_mc.commands.evaluate import EvaluateConfig, run
from vg_mc.text.subjects import Subject, SubjectFinder


def test_subjects_are_matched_by_the_model_that_is_named(coloured, tmp_path, spacy_model):
    config = flat(
        EvaluateConfig,
        coloured.folder,
        tmp_path,
        grounder=("subject-match",),
        spacy_model=spacy_model,
        place_words=True,
    )

    (answered,) = run(config)

    assert answered.name == "subject-match"
    assert answered.provenance.notes["subject and category"] == "same name or synonym"
    assert answered.provenance.notes["place words"] == "decide between equals"


def test_captions_and_subjects_are_compared_by_words_or_by_a_model(coloured, tmp_path, spacy_model):
    config = flat(
        EvaluateConfig,
        coloured.folder,
        tmp_path,
        grounder=("pseudo-query", "pseudo-query-model", "subject-match-model"),
        model=("tiny-vit",),
        spacy_model=spacy_model,
    )

    words, captions, subjects = run(config)

    assert words.provenance.notes["captions"] == "category and place"
    assert "rare" in words.provenance.notes["expression and caption"]
    assert captions.name == "pseudo-query-model, tiny-vit"
    assert "tiny-vit" in captions.provenance.notes["expression and caption"]
    assert "tiny-vit" in subjects.provenance.notes["subject and category"]


def test_texts_are_compared_by_a_sentence_encoder(coloured, tmp_path, spacy_model):
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "red", "circle", "on", "the", "left"]
    vocabulary = {word: index for index, word in enumerate(words)}
    BertTokenizer(vocab=vocabulary, model_max_length=16).save_pretrained(tmp_path / "bert")
    sizes = {"hidden_size": 8, "intermediate_size": 16, "num_attention_heads": 2}
    shape = BertConfig(**sizes, vocab_size=len(words), num_hidden_layers=1)
    BertModel(shape).save_pretrained(tmp_path / "bert")
    config = flat(
        EvaluateConfig,
        coloured.folder,
        tmp_path / "results",
        grounder=("pseudo-query-model", "subject-match-model"),
        model=(f"sentence:{tmp_path / 'bert'}",),
        spacy_model=spacy_model,
    )

    captions, subjects = run(config)

    assert captions.name == "pseudo-query-model, bert"
    assert subjects.name == "subject-match-model, bert"
    assert "sentence:" in captions.provenance.notes["expression and caption"]
    assert len(captions) == len(subjects) > 0


def test_a_captioner_describes_candidates_in_the_view_that_is_named(coloured, tmp_path):
    folder = save_captioner("git", tmp_path / "tiny-git")
    config = flat(
        EvaluateConfig,
        coloured.folder,
        tmp_path / "results",
        grounder=("pseudo-query", "pseudo-query-model"),
        model=("tiny-vit",),
        captioner=folder,
        caption_view="marker",
        features=tmp_path / "bank",
        batch_size=8,
        num_workers=0,
    )

    words, by_clip = run(config)

    assert (words.name, by_clip.name) == (
        "pseudo-query, tiny-git",
        "pseudo-query-model, tiny-vit, tiny-git",
    )
    assert words.provenance.notes["captions"] == "the captioner's, then the place"
    assert words.provenance.notes["captioner"] == folder
    assert words.provenance.notes["captioned view"].startswith("marker: color")
    home = tmp_path / "bank" / words.provenance.notes["captioner hash"][:16]
    assert len(list(home.glob("captions-*-marker/*.json"))) == 1  # once for both


def test_a_view_that_the_dataset_lacks_is_no_view_to_caption(coloured, tmp_path):
    config = flat(
        EvaluateConfig, coloured.folder, tmp_path, grounder=("pseudo-query",), captioner="a/blip"
    )

    with refused("--caption-view", "crop"):
        run(config)


def test_vectors_that_the_model_lacks_are_told(coloured, tmp_path, spacy_model):
    config = flat(
        EvaluateConfig,
        coloured.folder,
        tmp_path,
        grounder=("subject-match",),
        spacy_model=spacy_model,
        text_similarity="vectors",
    )

    with refused("spaCy", record="--spacy-model"):
        run(config)


def test_clip_is_asked_about_subjects_alone_where_a_wording_says_so(
    coloured, tmp_path, spacy_model, monkeypatch
):
    cat = Subject("cat", ("cat",))
    monkeypatch.setattr(SubjectFinder, "subjects", lambda _, texts: [cat for _ in texts])
    config = flat(
        EvaluateConfig,
        coloured.folder,
        tmp_path,
        model=("tiny-vit",),
        prompts=("a photo of {subject}",),
        spacy_model=spacy_model,
        num_workers=0,
    )

    (answered,) = run(config)

    assert answered.provenance.notes["prompts"] == "a photo of {subject}"
    of_photo = dict(zip(answered.examples.image_ids.tolist(), answered.answers.logits, strict=True))
    assert len(of_photo) < len(answered)
    for image_id, logits in zip(
        answered.examples.image_ids.tolist(), answered.answers.logits, strict=True
    ):
        assert np.array_equal(logits, of_photo[image_id])  # every text of a photo is "... cat"
