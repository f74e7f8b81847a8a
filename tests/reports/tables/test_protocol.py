"""The protocol says how numbers came about, and what differs between their models."""

from tests.predictions.made import proposed_by
from vg_mc.predictions.ensembles import combine, rule_of
from vg_mc.reports.tables.protocol import protocol_of
from vg_mc.scoring import score

YOLO = proposed_by("yolo")


def test_what_differs_says_whose_it_is(make_predictions):
    members = [
        make_predictions(
            "rn", data_hash="384", provenance={"proposals": YOLO, "notes": {"subtracted": "mean"}}
        ),
        make_predictions("vit", data_hash="224", provenance={"proposals": YOLO}),
        make_predictions("mean", data_hash="224", provenance={"proposals": YOLO}),
    ]

    protocol = protocol_of(members)

    assert protocol["data"] == "rn: 384; vit, mean: 224"
    assert protocol["proposals"] == "yolo"
    assert protocol["subtracted"] == "rn: mean"


def test_a_model_is_named_once_for_all_its_splits(make_predictions):
    members = [
        make_predictions(
            name,
            split,
            provenance={"model_hash": f"of {name}", "proposals": proposed_by(split)},
        )
        for name in ("rn", "vit")
        for split in ("val", "testA")
    ]

    protocol = protocol_of(members)

    assert protocol["model hash"] == "rn: of rn; vit: of vit"
    assert protocol["proposals"] == "rn on val, vit on val: val; rn on testA, vit on testA: testA"


def test_what_one_model_is_alone_says_no_name(make_predictions):
    assert (
        protocol_of([make_predictions("rn", provenance={"notes": {"model": "RN50"}})])["model"]
        == "RN50"
    )


def test_rules_and_denominators_are_part_of_it(make_predictions):
    protocol = protocol_of([make_predictions()])

    assert "IoU > 0.5" in protocol["right"]
    assert "without proposals" in protocol["denominators"]
    assert protocol["intervals"] == "95 %, percentiles of 1,000 bootstrap samples of images"


def test_the_protocol_of_a_joined_table_is_that_of_all_its_rows(make_predictions):
    members = [make_predictions("rn"), make_predictions("vit")]
    plain = combine(members, "mean", rule_of("equal", []))
    ranked = combine(members, "ranks", rule_of("rank", []))

    protocol = protocol_of([score(each) for each in [*members, plain, ranked]])

    assert protocol["members"] == "mean, ranks: rn + vit"
    weightings = [each.provenance.weighting for each in (plain, ranked)]
    assert protocol["weighting"] == f"mean: {weightings[0]}; ranks: {weightings[1]}"
