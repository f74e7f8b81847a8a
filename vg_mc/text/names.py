"""Table of common names for the categories of COCO.

It is written by hand and incomplete: a word that is missing here is a category name or unknown.
"""

from collections.abc import Sequence

_WORDS = {
    "person": """man woman guy kid boy girl lady child people dude men women kids guys
        baby gentleman player batter catcher umpire pitcher skier skateboarder
        snowboarder surfer rider biker cyclist chef cook waiter bride groom mom mother
        dad father toddler male female somebody someone anyone human adult worker
        officer policeman soldier driver dancer blonde""",
    "bicycle": "bike cycle",
    "motorcycle": "motorbike scooter moped harley",
    "car": "taxi cab suv sedan van jeep minivan automobile",
    "airplane": "plane jet aircraft aeroplane jetliner airliner",
    "bus": "coach doubledecker",
    "train": "locomotive engine tram trolley",
    "truck": "lorry pickup semi van firetruck",
    "boat": "ship canoe kayak sailboat yacht ferry",
    "bird": "duck goose pigeon seagull gull parrot swan owl hawk",
    "cat": "kitten kitty",
    "dog": "puppy pup",
    "horse": "pony foal colt mare",
    "sheep": "lamb ram goat",
    "cow": "bull calf steer ox cattle heifer",
    "elephant": "calf",
    "bear": "cub",
    "couch": "sofa loveseat settee",
    "chair": "seat armchair stool recliner",
    "dining table": "table desk",
    "tv": "television monitor screen",
    "laptop": "computer notebook macbook",
    "cell phone": "phone cellphone mobile smartphone",
    "cup": "mug glass",
    "wine glass": "wineglass glass goblet",
    "bowl": "dish",
    "hot dog": "hotdog sausage",
    "donut": "doughnut pastry",
    "handbag": "bag purse",
    "backpack": "bag knapsack rucksack",
    "suitcase": "luggage bag baggage",
    "sports ball": "ball baseball football basketball soccer",
    "baseball bat": "bat",
    "baseball glove": "glove mitt",
    "tennis racket": "racket racquet",
    "teddy bear": "teddy bear toy plush",
    "potted plant": "plant flowerpot",
    "refrigerator": "fridge freezer",
    "remote": "controller wiimote",
    "tie": "necktie",
    "fire hydrant": "hydrant",
    "stop sign": "sign",
    "toothbrush": "brush",
    "umbrella": "parasol",
    "broccoli": "vegetable",
    "orange": "tangerine mandarin",
    "cake": "cupcake",
    "sandwich": "burger sub",
}
_CATEGORIES_OF = {
    word: frozenset(category for category, words in _WORDS.items() if word in words.split())
    for words in _WORDS.values()
    for word in words.split()
}


def categories_called(name: str) -> frozenset[str]:
    """Return the categories that a singular noun may denote, including the noun itself."""
    return _CATEGORIES_OF.get(name, frozenset()) | {name}


def words_named(names: Sequence[str], category: str) -> int:
    """Return the word count of the longest of `names` that may denote `category`, or 0.

    The names of "hot dog" are "hot dog" and "dog", so it counts as a hot dog rather than a dog.
    """
    return max(
        (len(name.split()) for name in names if category.lower() in categories_called(name)),
        default=0,
    )
