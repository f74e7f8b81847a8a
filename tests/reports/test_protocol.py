"""The protocol says how numbers came about, and what differs between their models."""

from vg_mc.reports.protocol import protocol_of


def test_the_protocol_names_what_differs_side_by_side(make_predictions):
    members = [
        make_predictions(data_hash="384", facts={"proposals": "yolo", "model": "rn"}),
        make_predictions(data_hash="224", facts={"proposals": "yolo"}),
    ]

    protocol = protocol_of(members)

    assert protocol["data"] == "384; 224"
    assert protocol["proposals"] == "yolo"
    assert protocol["model"] == "rn"


def test_rules_and_denominators_are_part_of_it(make_predictions):
    protocol = protocol_of([make_predictions()])

    assert "IoU > 0.5" in protocol["right"]
    assert "without proposals" in protocol["denominators"]
    assert protocol["intervals"] == "95 %, percentiles of 1,000 draws of photos"
