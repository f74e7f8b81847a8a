"""A caption becomes the expression of the object that its subject names."""

from tests.corpora.pseudo_labels.made_objects import detected, image_of
from vg_mc.corpora.pseudo_labels.caption import CaptionOptions, CaptionSource
from vg_mc.text.subjects import Subject

DOG, CAT = detected("dog", (0, 0, 100, 100)), detected("cat", (200, 0, 300, 100))


def first_words(texts):
    """Take the words up to a verb as the subject: enough for these sentences."""
    found = []
    for text in texts:
        words = text.removeprefix("a ").split(" is ")[0].split()
        names = tuple(" ".join(words[place:]) for place in range(len(words)))
        found.append(Subject(" ".join(words), names) if words else None)
    return found


ONLY_UNIQUE = CaptionOptions()


def labels(image, options=ONLY_UNIQUE):
    found = CaptionSource(options, first_words).labels(image)
    return [(label.text, label.target, label.rule) for label in found]


def test_a_caption_of_the_image_belongs_to_the_object_of_its_subject():
    text = "a dog is near a cat"

    assert labels(image_of(DOG, CAT, captions=[text])) == [(text, DOG, "image")]


def test_common_names_and_people_are_understood():
    person = detected("man", (400, 0, 500, 300))

    assert labels(image_of(DOG, person, captions=["a puppy is here"]))[0][1] == DOG
    assert labels(image_of(DOG, person, captions=["a guy is here"]))[0][1] == person


def test_a_hot_dog_is_not_a_dog():
    food = detected("hot dog", (400, 0, 500, 100))

    found = labels(image_of(DOG, food, captions=["a hot dog is on a plate", "a dog is here"]))

    assert [target for _, target, _ in found] == [food, DOG]


def test_a_caption_that_fits_several_objects_or_none_is_left_out():
    other = detected("dog", (200, 200, 300, 300))
    captions = ["a dog is here", "a bird is here", ""]

    assert labels(image_of(DOG, other, captions=captions)) == []
    kept = labels(image_of(DOG, other, captions=captions), CaptionOptions(keep_ambiguous=True))
    assert [target for _, target, _ in kept] == [DOG, other]


def test_a_caption_of_a_crop_belongs_to_it_if_it_names_its_category():
    good = detected("dog", (0, 0, 100, 100), caption="a dog is sitting")
    wrong = detected("cat", (200, 0, 300, 100), caption="a sofa is red")

    assert labels(image_of(good, wrong)) == [("a dog is sitting", good, "crop")]


def test_no_more_than_the_largest_number_is_kept():
    captions = [f"a dog is number {number}" for number in range(9)]

    found = labels(image_of(DOG, captions=captions), CaptionOptions(captions=4))

    assert [text for text, _, _ in found] == captions[:4]
