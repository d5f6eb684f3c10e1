"""Checks trees in LightGBM's text format before LightGBM reads them.

Its parser trusts the text: a child that does not exist is followed, and many a damaged line ends the whole
process. So what a bundle holds is held against the rules of the format first, and the parameters that
LightGBM writes behind the trees, which prediction does not need, are left out.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence

from churn.sealed.bundlefiles import unusable

# The objectives whose trees a bundle may hold, as patterns.
CHURN = ("binary sigmoid:1", "cross_entropy")
SPEND = ("tweedie", "gamma", "poisson", "regression")

_END = "\nend of trees\n"
_LINE = re.compile(r"([a-z_]+)=([^=\r]*)")
_NUMBER = re.compile(r"-?[0-9]{1,20}(\.[0-9]{1,25})?(e[-+]?[0-9]{1,3})?")
_HEAD = (
    "num_class",
    "num_tree_per_iteration",
    "max_feature_idx",
    "objective",
    "feature_names",
    "feature_infos",
)
_PER_SPLIT = (
    *("split_feature", "split_gain", "threshold", "decision_type", "left_child", "right_child"),
    *("internal_value", "internal_weight", "internal_count"),
)
_PER_LEAF = ("leaf_value", "leaf_weight", "leaf_count")
_WHOLE = {"split_feature", "decision_type", "left_child", "right_child", "internal_count", "leaf_count"}


def trees_only(text: str) -> str:
    """Return a model's text up to the end of its trees."""
    return text.partition(_END)[0] + _END


def check_trees(
    text: str, n_signals: int, what: str = "The model's trees", objectives: Sequence[str] = CHURN
) -> None:
    """Raise a `ModelError` unless a text is a LightGBM model of one output over so many signals.

    Parameters
    ----------
    text : str
        What ``Booster.model_to_string`` wrote, without what stands behind the trees.
    n_signals : int
        The columns of the matrix that it will be asked about.
    what : str, optional
        What to call it in the error.
    objectives : sequence of str, optional
        Patterns of which its objective must be one.

    Raises
    ------
    ModelError
        A line is missing or too short, a number is not finite, a split reads a column that is not there, or the
        nodes do not form a tree.
    """
    try:
        header, *blocks = text.removesuffix(_END).split("\nTree=")
        if not header.startswith("tree\nversion=") or not text.endswith(_END):
            raise ValueError("it is not LightGBM's text format")
        head = _lines(header.removeprefix("tree\n"))
        for key in _HEAD:
            if key not in head:
                raise ValueError(f"{key} is missing")
        if _whole(head["max_feature_idx"]) != [n_signals - 1]:
            raise ValueError(f"it is not for {n_signals} signals")
        if (head["num_class"], head["num_tree_per_iteration"]) != ("1", "1"):
            raise ValueError("it has more than one output")
        if not any(re.fullmatch(pattern, head["objective"]) for pattern in objectives):
            raise ValueError(f"its objective is {head['objective'][:40]!r}")
        for key in ("feature_names", "feature_infos"):
            if len(head[key].split(" ")) != n_signals:
                raise ValueError(f"{key} is not of {n_signals} signals")
        sizes = _whole(head["tree_sizes"])
        if not blocks or len(sizes) != len(blocks):
            raise ValueError("trees are missing")
        for i, (block, size) in enumerate(zip(blocks, sizes, strict=True)):
            # LightGBM jumps by these sizes: "Tree=0", the lines, two empty ones.
            if len(f"Tree={block}\n".encode()) != size or not block.startswith(f"{i}\n"):
                raise ValueError(f"tree {i} is not of the size that is written")
            _check_tree(_lines(block.removeprefix(f"{i}\n")), n_signals)
    except KeyError as error:
        raise unusable(what, f"{error.args[0]} is missing") from None
    except (ValueError, OverflowError) as error:
        raise unusable(what, str(error)) from None


def _check_tree(tree: Mapping[str, str], n_signals: int) -> None:
    ((leaves,), (sets,)) = _whole(tree["num_leaves"]), _whole(tree["num_cat"])
    if tree.get("is_linear", "0") != "0":
        raise ValueError("a tree has linear leaves")
    if leaves < 1 or not _numbers(tree["shrinkage"]):
        raise ValueError("a tree has no leaves")
    found = {}
    for keys, count in ((_PER_SPLIT, leaves - 1), (_PER_LEAF, leaves)):
        for key in keys:
            if leaves == 1 and key != "leaf_value":
                continue
            # LightGBM writes inf for a threshold that parts what is known from what is not.
            text = re.sub(r"(?<!\S)-?inf(?!\S)", "0", tree[key]) if key == "threshold" else tree[key]
            found[key] = _whole(text) if key in _WHOLE else _numbers(text)
            if len(found[key]) != count:
                raise ValueError(f"{key} is not of {leaves} leaves")
    if leaves == 1:
        return
    if not all(0 <= f < n_signals for f in found["split_feature"]):
        raise ValueError("a split reads a column that is not there")
    if not all(0 <= d < 16 for d in found["decision_type"]):
        raise ValueError("a decision_type is none")
    _check_shape(_whole(tree["left_child"]), _whole(tree["right_child"]), leaves)
    by_category = [t for t, d in zip(found["threshold"], found["decision_type"], strict=True) if int(d) & 1]
    if not all(0 <= t < sets and t == int(t) for t in by_category):
        raise ValueError("a split reads a set of categories that is not there")
    if sets:
        edges, words = _whole(tree["cat_boundaries"]), _whole(tree["cat_threshold"])
        if len(edges) != sets + 1 or edges[0] != 0 or edges != sorted(edges) or len(words) != edges[-1]:
            raise ValueError("cat_boundaries do not part the sets of categories")
        if not all(0 <= w < 2**32 for w in words):
            raise ValueError("cat_threshold holds what is no set of categories")


def _check_shape(left: Sequence[int], right: Sequence[int], leaves: int) -> None:
    """Every node but the root is the child of one node that stands before it, every leaf of one node."""
    seen = set()
    for node, children in enumerate(zip(left, right, strict=True)):
        for child in children:
            if child in seen or not (node < child < leaves - 1 or -leaves <= child < 0):
                raise ValueError("the nodes do not form a tree")
            seen.add(child)


def _lines(block: str) -> dict[str, str]:
    out: dict[str, str] = {}
    for line in block.rstrip("\n").split("\n"):
        match = _LINE.fullmatch(line)
        if match is None or match[1] in out:
            raise ValueError(f"the line {line[:40]!r} is not of the format")
        out[match[1]] = match[2]
    return out


def _numbers(text: str) -> list[float]:
    parts = text.split(" ") if text else []
    if not all(_NUMBER.fullmatch(p) and math.isfinite(float(p)) for p in parts):
        raise ValueError(f"{text[:40]!r} holds what is no finite number")
    return [float(p) for p in parts]


def _whole(text: str) -> list[int]:
    values = _numbers(text)
    if not all(v == int(v) and abs(v) < 2**53 for v in values):
        raise ValueError(f"{text[:40]!r} holds what is no whole number")
    return [int(p) for p in text.split(" ")] if text else []
