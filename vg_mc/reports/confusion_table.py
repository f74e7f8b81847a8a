"""Which categories are taken for which, as a shaded table."""

from collections.abc import Mapping, Sequence
from html import escape

MOST_CATEGORIES = 12  # rows and columns; the others share the last ones
OTHERS = "others"

Counts = Mapping[str, Mapping[str, int]]


def confusion_table(counts: Counts) -> str:
    """Lay out counts by category of the target and of the chosen box, the most frequent first.

    A cell is shaded by its share of its row.
    """
    targets = list(counts)[:MOST_CATEGORIES]
    chosen = _most_chosen(counts)
    rows = [_row(target, counts[target], chosen) for target in targets]
    left = [of for target, of in counts.items() if target not in targets]
    if left:
        rows.append(_row(OTHERS, _summed(left), chosen))
    names = [*chosen, OTHERS, "all"]
    heads = "".join(f'<th scope="col"><span>{escape(name)}</span></th>' for name in names)
    return (
        '<figure class="plot wide"><h3>Category of the target (rows) and of the answer</h3>'
        '<div class="scroll" tabindex="0"><table class="confusion"><thead><tr><td></td>'
        f"{heads}</tr></thead><tbody>{''.join(rows)}</tbody></table>"
        "</div></figure>"
    )


def _most_chosen(counts: Counts) -> list[str]:
    """Return the categories of answers in the order of the targets, then by frequency."""
    total = _summed(list(counts.values()))
    kept = sorted(total, key=lambda name: -total[name])[:MOST_CATEGORIES]
    order = {name: place for place, name in enumerate(counts)}
    return sorted(kept, key=lambda name: (order.get(name, len(order)), -total[name]))


def _summed(parts: Sequence[Mapping[str, int]]) -> dict[str, int]:
    total: dict[str, int] = {}
    for part in parts:
        for name, count in part.items():
            total[name] = total.get(name, 0) + count
    return total


def _row(target: str, of_chosen: Mapping[str, int], chosen: Sequence[str]) -> str:
    total = sum(of_chosen.values())
    shown = {name: of_chosen.get(name, 0) for name in chosen}
    shown[OTHERS] = total - sum(shown.values())
    cells = "".join(_cell(target, name, count, total) for name, count in shown.items())
    return f'<tr><th scope="row">{escape(target)}</th>{cells}<td>{total:,}</td></tr>'


def _cell(target: str, chosen: str, count: int, total: int) -> str:
    if not count:
        return "<td></td>"
    share = count / total
    note = escape(f"{target} answered by {chosen}: {count:,} of {total:,}")
    return f'<td style="--share:{share:.3f}" title="{note}">{count:,}</td>'
