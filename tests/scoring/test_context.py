import dataclasses
import json

import pytest

from churn.data.base import CustomerBase
from churn.data.store import LogStore
from churn.features.over import pools_over
from churn.scoring.context import Context, mark_of


@pytest.fixture(scope="module")
def base(saved_shop):
    return CustomerBase.of(LogStore.of(saved_shop))


@pytest.fixture(scope="module")
def context(model, base):
    pools = pools_over(base, [base.closing], model.signals)
    return Context("digest", base.closing, mark_of(base), 0.25, 31.5, 0.2, 0.4, 2.0, pools)


def test_it_is_read_as_it_was_written_to_the_last_bit(context, model, tmp_path):
    context.write(tmp_path)
    read = Context.read(tmp_path, model.signals)
    assert {k: v.tobytes() for k, v in read.pools.items()} == {
        k: v.tobytes() for k, v in context.pools.items()
    }
    assert len(read.pools) > 0
    plain = [f.name for f in dataclasses.fields(read) if f.name != "pools"]
    assert {k: getattr(read, k) for k in plain} == {k: getattr(context, k) for k in plain}


def test_a_log_in_one_piece_has_no_pools(context, model, tmp_path):
    dataclasses.replace(context, pools=None).write(tmp_path)
    assert Context.read(tmp_path, model.signals).pools is None


def test_another_model_cutoff_or_log_does_not_fit(context, base):
    mark = mark_of(base)
    assert context.fits("digest", base.closing, mark)
    assert not context.fits("other", base.closing, mark)
    assert not context.fits("digest", base.closing - 1, mark)
    assert not context.fits("digest", base.closing, {**mark, "data_end": 0})


@pytest.mark.parametrize(
    "damage", ["", "{", "[]", '{"format": 0, "pools": null}', '{"format": 1, "pools": ["x"]}']
)
def test_a_damaged_or_missing_context_is_none(context, model, tmp_path, damage):
    context.write(tmp_path)
    (tmp_path / "context.json").write_text(damage)
    assert Context.read(tmp_path, model.signals) is None
    assert Context.read(tmp_path / "nowhere", model.signals) is None


@pytest.mark.parametrize("kept", [0, 20, 200])
def test_figures_cut_short_are_none(context, model, tmp_path, kept):
    context.write(tmp_path)
    arrays = tmp_path / "context.npz"
    arrays.write_bytes(arrays.read_bytes()[:kept])
    assert json.loads((tmp_path / "context.json").read_text())["pools"]
    assert Context.read(tmp_path, model.signals) is None


def test_its_histograms_take_little_room_and_damage_in_them_is_none(context, model, tmp_path):
    context.write(tmp_path)
    arrays = tmp_path / "context.npz"
    assert arrays.stat().st_size < 200_000
    content = bytearray(arrays.read_bytes())
    for at in range(100, len(content) // 2, 997):
        content[at] ^= 0xFF
    arrays.write_bytes(content)
    assert Context.read(tmp_path, model.signals) is None
