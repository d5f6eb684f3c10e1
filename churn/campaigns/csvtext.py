"""CSV files of others as texts, so that an id such as 007 or NA stays what it is."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

_MARKS = ",;\t|"


def read_csv_texts(file: Path, missing: Sequence[str] = ()) -> pd.DataFrame:
    r"""Read a CSV file in UTF-8; the sign between its columns is the one that its header has most.

    Parameters
    ----------
    file : Path
        The file; a byte order mark, as spreadsheet programs write it, is left out.
    missing : sequence of str
        Texts that mean not known.

    Returns
    -------
    pandas.DataFrame
        Every value as text, NaN where it is one of `missing`.

    Raises
    ------
    ValueError, OSError
        It is no such file.

    Examples
    --------
    >>> import tempfile
    >>> file = Path(tempfile.mkdtemp(), "a.csv")
    >>> _ = file.write_text("customer;retained\n007;1\nNA;\n")
    >>> read_csv_texts(file)["customer"].tolist()
    ['007', 'NA']
    """
    import pandas as pd

    with file.open(encoding="utf-8-sig") as lines:
        header = lines.readline()
    mark = max(_MARKS, key=header.count)
    return pd.read_csv(
        file, sep=mark, dtype="str", keep_default_na=False, na_values=list(missing), encoding="utf-8-sig"
    )
