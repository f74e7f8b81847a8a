"""Words for people and garments, by the part of the body that a garment is worn on."""

from enum import StrEnum


class Part(StrEnum):
    """Part of the body that a garment is worn on; a word of several parts has the first one."""

    HEAD = "head"
    UPPER_BODY = "upper body"
    LEGS = "legs"
    FEET = "feet"


ANY_PERSON = frozenset({"person", "people", "human", "pedestrian"})
_PEOPLE = """man men woman women boy boys girl girls guy lady kid kids child children player baby
    gentleman catcher batter umpire skier surfer skateboarder snowboarder rider driver officer
    worker chef soldier student couple crowd"""
PEOPLE = ANY_PERSON | frozenset(_PEOPLE.split())
_GARMENTS = {
    Part.HEAD: "hat cap helmet hood headband beanie glasses sunglasses goggles scarf visor mask",
    Part.UPPER_BODY: """shirt t-shirt tshirt jacket coat sweater sweatshirt hoodie dress suit vest
        blouse top tie necktie jersey uniform apron robe gown bag backpack handbag purse
        glove gloves wetsuit""",
    Part.LEGS: "pants jeans trousers shorts skirt leggings belt kilt",
    Part.FEET: "shoe shoes boot boots sneaker sneakers sandal sandals sock socks heels",
}
PART_OF = {word: part for part, words in reversed(_GARMENTS.items()) for word in words.split()}


def denotes(word: str, name: str) -> bool:
    """Return whether an object of category `name` may be called `word`: any person is a person."""
    return word == name or (word in ANY_PERSON and name in PEOPLE)
