import gzip

import pytest
from hypothesis import given
from hypothesis import strategies as st
from open_clip.tokenizer import SimpleTokenizer, default_bpe
from transformers import CLIPTokenizer

from tests.refusals import refused
from vg_mc.text.cleaning import clean_text, swap_left_right

NASTY = [
    "it’s “nice”",
    "&amp;#39;quoted&amp;quot; &lt;b&gt;",
    "&amp;amp;amp;amp;amp; nested",
    "a ﬁsh and a ﬂag",
    "Ｆｕｌｌｗｉｄｔｈ ｍａｎ",
    "nul\0 and bell\a",
    "  white \t space\n\n of\u00a0all\u2028kinds ",
    "cafÃ© mojibake",
    "cafe\u0301 in pieces",
    "İstanbul ẞ K",
    "😀 and 👩‍👩‍👧",
    "رجل على اليسار",
    "½ of 2² pizzas, 1/2",
    "don'T we'LL it'S",
    "the <|endoftext|> of a text",
    "<end_of_text> <START_OF_TEXT> <|startoftext|>",
    "<<end_of_text>|endoftext|>",
    "a\u200bb",
    "left... right!!! (man)",
]


@pytest.fixture(scope="module")
def of_open_clip() -> SimpleTokenizer:
    return SimpleTokenizer()


@pytest.fixture(scope="module")
def of_transformers(of_open_clip) -> CLIPTokenizer:
    with gzip.open(default_bpe(), "rt", encoding="utf-8") as file:
        lines = file.read().split("\n")
    vocabulary = dict(of_open_clip.encoder)
    vocabulary["<|startoftext|>"] = vocabulary.pop("<start_of_text>")
    vocabulary["<|endoftext|>"] = vocabulary.pop("<end_of_text>")
    merges = [tuple(line.split()) for line in lines[1 : 49152 - 256 - 2 + 1]]
    return CLIPTokenizer(vocab=vocabulary, merges=merges, model_max_length=77)


@pytest.mark.parametrize("text", NASTY)
def test_both_tokenizers_give_the_same_ids(text, of_open_clip, of_transformers):
    cleaned = clean_text(text)

    inner = of_open_clip.encode(cleaned)
    expected = [of_open_clip.sot_token_id, *inner, of_open_clip.eot_token_id]
    assert of_transformers(cleaned)["input_ids"] == expected


def test_some_of_these_texts_differ_without_cleaning(of_open_clip, of_transformers):
    differing = [
        text
        for text in NASTY
        if of_transformers(text)["input_ids"][1:-1] != of_open_clip.encode(text)
    ]

    assert len(differing) >= 5


def test_no_text_ends_itself_early(of_open_clip):
    for text in NASTY:
        assert of_open_clip.eot_token_id not in of_open_clip.encode(clean_text(text))


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("plain text", "plain text"),
        ("It’s &quot;Red&quot;", 'It\'s "Red"'),
        (" a \0\t b\n", "a b"),
        ("cafÃ©", "café"),
        ("\0", ""),
        ("<|endoftext|>", "end of text"),
    ],
)
def test_text_is_repaired_and_keeps_its_case(text, cleaned):
    assert clean_text(text) == cleaned


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"])))
def test_a_cleaned_text_needs_no_more_cleaning(text):
    cleaned = clean_text(text)

    assert clean_text(cleaned) == cleaned
    assert "\0" not in cleaned


def test_half_a_surrogate_pair_is_refused_with_its_place():
    with refused("2", "U+D83D"):
        clean_text("a \ud83d b")


@pytest.mark.parametrize(
    ("text", "mirrored"),
    [
        ("man on left", "man on right"),
        ("Right guy, left of him", "Left guy, right of him"),
        ("LEFT cow", "RIGHT cow"),
        ("the leftmost of the rightmost", "the rightmost of the leftmost"),
        ("left-hand side, righthand, left-most", "right-hand side, lefthand, right-most"),
        ("far right's edge", "far left's edge"),
        ("left", "right"),
        ("leftover, bright, upright, lefty", "leftover, bright, upright, lefty"),
        ("top right (left of left)", "top left (right of right)"),
        ("leftMOST rightwards lefts", "rightMOST leftwards rights"),
        ("lEft stays", "lEft stays"),
        ("", ""),
    ],
)
def test_left_and_right_are_swapped_as_words(text, mirrored):
    assert swap_left_right(text) == mirrored


@given(st.lists(st.one_of(st.text(), st.sampled_from(["left", "Right", "RIGHTmost", "-", " "]))))
def test_a_text_mirrored_twice_is_the_text(pieces):
    text = "".join(pieces)

    assert swap_left_right(swap_left_right(text)) == text
