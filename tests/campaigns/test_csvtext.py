"""CSV files as programs of the office write them."""

import pytest

from churn.campaigns.csvtext import read_csv_texts


@pytest.mark.parametrize("mark", [",", ";", "\t", "|"])
def test_any_sign_between_columns_and_a_byte_order_mark(tmp_path, mark):
    file = tmp_path / "a.csv"
    file.write_text(f"customer{mark}a{mark}b\n007{mark}{mark}x\n", "utf-8-sig")
    frame = read_csv_texts(file, missing=[""])
    assert list(frame) == ["customer", "a", "b"]
    assert frame["customer"].tolist() == ["007"]
    assert frame["a"].isna().all()


def test_only_what_is_named_is_not_known(tmp_path):
    file = tmp_path / "a.csv"
    file.write_text("customer,a\nNA,null\nnan,\n")
    assert read_csv_texts(file).to_numpy().tolist() == [["NA", "null"], ["nan", ""]]
    assert read_csv_texts(file, missing=[""])["customer"].tolist() == ["NA", "nan"]


def test_what_is_no_text_is_a_value_error(tmp_path):
    (tmp_path / "a.csv").write_bytes(b"\xff\xfe\x00a")
    with pytest.raises(ValueError, match="utf-8"):
        read_csv_texts(tmp_path / "a.csv")
