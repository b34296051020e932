"""Stored results of one specimen's tubes, pooled by the rules that they were analysed by."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from cd5flow.analysis.stored import read_result
from cd5flow.config.shipped import list_protocols, list_strategies, protocol_file, strategy_file
from cd5flow.config.yaml_file import Loaded
from cd5flow.criteria.protocol import Protocol, load_protocol
from cd5flow.errors import OptionError
from cd5flow.gating.strategy import Strategy, load_strategy
from cd5flow.model.result import Result
from cd5flow.quantify.pooling import Pooled, pool

Rule = TypeVar("Rule", Strategy, Protocol)


def pool_results(
    results: Sequence[Path | Result], *, strategy: str | None = None, protocol: str | None = None
) -> Pooled:
    """Return what several tubes of one specimen say of the burden together.

    Args:
        results: the tubes' results, or their files.
        strategy: the strategy file that they were analysed by; None finds it among those that come
            with cd5flow.
        protocol: the protocol file likewise.

    Raises:
        FileAccessError: a file cannot be read.
        ResultError: it is no result.
        OptionError: no result was given, or strategy or protocol are not those of the results.
    """
    read = [one if isinstance(one, Result) else read_result(one) for one in results]
    if not read:
        raise OptionError("pool: found no result, expected the results of one specimen's tubes")
    first = read[0]
    rules = _found(
        strategy, first.strategy.sha256, first.strategy.name,
        kind="strategy", names=list_strategies, file=strategy_file, load=load_strategy,
    )  # fmt: skip
    trial = _found(
        protocol, first.protocol.sha256, first.protocol.name,
        kind="protocol", names=list_protocols, file=protocol_file, load=load_protocol,
    )  # fmt: skip
    return pool(
        read,
        limits=rules.value.burden,
        burden_limit_percent=trial.value.burden.overt_percent,
    )


def _found(
    given: str | None,
    sha256: str,
    name: str,
    *,
    kind: str,
    names: Callable[[], tuple[str, ...]],
    file: Callable[[str], Path],
    load: Callable[[Path], Loaded[Rule]],
) -> Loaded[Rule]:
    """Return the file of rules whose bytes a result names."""
    for candidate in (name,) if given is None else (given,):
        if given is None and candidate not in names():
            break
        loaded = load(file(candidate))
        if loaded.sha256 == sha256:
            return loaded
    asked = f"--{kind} FILE" if given is None else f"the {kind} that the results name"
    found = "no file" if given is None else given
    raise OptionError(f"{kind}: found {found}, expected {asked}: {name}, SHA-256 {sha256[:12]}…")
