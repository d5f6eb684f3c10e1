"""The explanation of one customer."""

from __future__ import annotations

from typing import Annotated

import typer

from churn.cli.common import (
    AsJson,
    AsOf,
    ConfigFile,
    ModelFolder,
    load_base,
    own_signals,
    print_result,
    progress,
)
from churn.cli.models import check_definition, default_model


def explain(
    config: ConfigFile,
    customer: Annotated[
        str, typer.Argument(metavar="CUSTOMER", help="The customer's id, as it is in the data.")
    ],
    as_of: AsOf = None,
    model: ModelFolder = None,
    json: AsJson = False,
) -> None:
    """Explain one customer's score: what raises the risk, what holds it down, and by how much."""
    from churn.model.bundle import load_model
    from churn.model.explain_customer import explain_customer

    settings, base = load_base(config, quiet=json)
    bundle = load_model(model or default_model(settings), own=own_signals(settings))
    check_definition(bundle, settings, config)
    with progress(quiet=json):
        explanation = explain_customer(
            bundle,
            base,
            customer,
            as_of,
            currency=settings.scoring.currency,
            threads=settings.training.threads,
        )
    print_result(explanation, json)
