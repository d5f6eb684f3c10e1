from churn.campaigns.uplift.judge import CHOSEN, RANDOM


def test_frame_holds_the_numbers_of_the_picture(learned):
    frame, figure = learned.frame, learned.figure()
    (axes,) = figure.axes
    drawn = {
        line.get_label(): line.get_ydata() for line in axes.lines if not line.get_label().startswith("_")
    }
    assert {CHOSEN, RANDOM} < set(drawn)
    for name, values in drawn.items():
        assert list(values) == frame.loc[frame["ranking"] == name, "kept_per_1000"].tolist()
    assert len(frame) == 101 * len(learned.judgement.curves)


def test_rendered_text_has_every_ranking_every_fifth_and_the_notes(learned):
    text = learned.render()
    for row in learned.judgement.table:
        assert row["ranking"] in text or "-learner" in text
    assert all(f"\n{i}  " in text for i in range(1, 6))
    assert "kept of 100 contacted" in text
