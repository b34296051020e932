"""Which matrix is used, and what compensation does."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from flowutils.compensate import compensate as reference
from hypothesis import given
from hypothesis import strategies as st

from cd5flow.errors import FileAccessError, SpilloverError
from cd5flow.model.events import Channel, RawEvents, Spillover
from cd5flow.model.panel import Panel
from cd5flow.preprocess.compensation import (
    CompensationState,
    SpilloverChoice,
    choose_spillover,
    compensate,
    read_spillover_csv,
)
from support.paths import SHARED
from support.properties import part_of_examples

TWO = np.array([[1.0, 0.1], [0.02, 1.0]])


def matrix_of(
    *detectors: str, values: npt.ArrayLike | None = None, source: str = "$SPILLOVER"
) -> Spillover:
    matrix = np.eye(len(detectors)) if values is None else np.array(values, dtype=np.float64)
    return Spillover(detectors=detectors, matrix=matrix, source=source)


def events_of(
    *detectors: str, values: npt.ArrayLike | None = None, decades: float = 0.0
) -> RawEvents:
    table = np.ones((3, len(detectors))) if values is None else np.asarray(values)
    return RawEvents(
        values=np.asfortranarray(table, dtype=np.float32),
        channels=tuple(
            Channel(
                index=i,
                detector=detector,
                label=None,
                bits=32,
                range=262144.0,
                maximum=262144.0,
                amplification=(decades, decades and 1.0),
            )
            for i, detector in enumerate(detectors)
        ),
        timestep_seconds=None,
    )


def choose(
    raw: RawEvents,
    file_spillover: Spillover | None = None,
    *,
    given: Spillover | str | None = None,
    **markers: str,
) -> SpilloverChoice:
    return choose_spillover(
        file_spillover,
        raw,
        Panel(channels=raw.channels, markers=markers, labels={}),
        given=given,  # type: ignore[arg-type]
        max_condition=1e6,
    )


def codes(choice: SpilloverChoice) -> list[str]:
    return [finding.code for finding in choice.findings]


def test_spill_of_one_dye_is_taken_from_the_other_channel() -> None:
    raw = events_of("FSC-A", "FITC-A", "PE-A", values=[[5.0, 1000.0, 100.0], [5.0, 0.0, 500.0]])
    spillover = matrix_of("FITC-A", "PE-A", values=[[1.0, 0.1], [0.0, 1.0]])
    events = compensate(raw, spillover)
    assert events.linear("FITC-A").tolist() == pytest.approx([1000.0, 0.0])
    assert events.linear("PE-A").tolist() == pytest.approx([0.0, 500.0], abs=1e-4)
    assert events.linear("PE-A", compensated=False).tolist() == [100.0, 500.0]
    assert events.linear("FSC-A").tolist() == [5.0, 5.0]


def test_the_matrix_order_need_not_be_that_of_the_file() -> None:
    raw = events_of("PE-A", "FITC-A", values=[[100.0, 1000.0]])
    spillover = matrix_of("FITC-A", "PE-A", values=[[1.0, 0.1], [0.0, 1.0]])
    assert compensate(raw, spillover).linear("PE-A")[0] == pytest.approx(0.0, abs=1e-4)


def test_without_a_matrix_events_stay_as_they_are() -> None:
    raw = events_of("FITC-A", "PE-A", values=[[1.0, 2.0]])
    events = compensate(raw, None)
    assert events.compensated == {}
    assert events.spillover is None
    assert events.linear("PE-A").tolist() == [2.0]


def test_only_the_channels_asked_for_are_computed() -> None:
    raw = events_of("FITC-A", "PE-A", "APC-A")
    spillover = matrix_of("FITC-A", "PE-A", "APC-A", values=np.eye(3) + 0.1)
    whole = compensate(raw, spillover)
    part = compensate(raw, spillover, needed={"APC-A", "FSC-A"})
    assert set(part.compensated) == {"APC-A"}
    np.testing.assert_allclose(part.compensated["APC-A"], whole.compensated["APC-A"], rtol=1e-6)


def test_compensated_channels_are_contiguous_and_read_only() -> None:
    events = compensate(events_of("FITC-A", "PE-A"), matrix_of("FITC-A", "PE-A", values=TWO))
    for column in events.compensated.values():
        assert column.flags.c_contiguous
        assert not column.flags.writeable
        assert column.dtype == np.float32


def test_an_infinite_value_makes_its_event_undefined_and_no_other() -> None:
    raw = events_of("FITC-A", "PE-A", values=[[np.inf, 1.0], [10.0, 20.0]])
    events = compensate(raw, matrix_of("FITC-A", "PE-A", values=[[1.0, 0.1], [0.0, 1.0]]))
    assert not np.isfinite(events.linear("PE-A")[0])
    assert events.linear("PE-A")[1] == pytest.approx(19.0)


@part_of_examples(0.3)
@given(st.integers(0, 2**32 - 1), st.integers(2, 12), st.integers(1, 500))
def test_compensation_equals_the_reference(seed: int, n: int, events: int) -> None:
    rng = np.random.default_rng(seed)
    matrix = rng.uniform(0.0, 0.3, (n, n))
    np.fill_diagonal(matrix, 1.0)
    names = tuple(f"F{i}-A" for i in range(n))
    values = rng.uniform(-100.0, 262144.0, (events, n)).astype(np.float32)
    found = compensate(events_of(*names, values=values), matrix_of(*names, values=matrix))
    expected = reference(values.astype(np.float64), matrix, np.arange(n))
    assert np.linalg.cond(matrix) < 1e3
    for i, name in enumerate(names):
        np.testing.assert_allclose(found.compensated[name], expected[:, i], atol=2.0, rtol=1e-5)


def test_many_blocks_of_events_agree_with_one() -> None:
    values = np.random.default_rng(0).uniform(0.0, 1e5, (70_000, 2)).astype(np.float32)
    spillover = matrix_of("FITC-A", "PE-A", values=TWO)
    whole = compensate(events_of("FITC-A", "PE-A", values=values), spillover)
    part = compensate(events_of("FITC-A", "PE-A", values=values[60_000:]), spillover)
    np.testing.assert_allclose(whole.linear("PE-A")[60_000:], part.linear("PE-A"), rtol=1e-6)


def test_a_matrix_for_other_channels_is_refused() -> None:
    with pytest.raises(SpilloverError, match="names APC-A, which the file lacks"):
        compensate(events_of("FITC-A", "PE-A"), matrix_of("PE-A", "APC-A", values=TWO))


def test_a_singular_matrix_is_refused_by_compensation_itself() -> None:
    with pytest.raises(SpilloverError, match="cannot be inverted"):
        compensate(events_of("A-A", "B-A"), matrix_of("A-A", "B-A", values=np.ones((2, 2))))


def test_the_matrix_of_the_file_is_used() -> None:
    spillover = matrix_of("FITC-A", "PE-A", values=TWO)
    choice = choose(events_of("FITC-A", "PE-A"), spillover, CD5="PE-A")
    assert choice == (spillover, CompensationState.KNOWN, ())


def test_a_given_matrix_takes_the_place_of_the_file_s() -> None:
    own = matrix_of("FITC-A", "PE-A", values=TWO)
    given_one = matrix_of("FITC-A", "PE-A", values=TWO.T, source="lab.csv")
    choice = choose(events_of("FITC-A", "PE-A"), own, given=given_one)
    assert choice.spillover is given_one
    assert choice.state is CompensationState.KNOWN


def test_hardware_compensation_is_what_the_user_states() -> None:
    own = matrix_of("FITC-A", "PE-A", values=TWO)
    choice = choose(events_of("FITC-A", "PE-A"), own, given="hardware")
    assert choice.spillover is None
    assert choice.state is CompensationState.HARDWARE
    assert "($SPILLOVER) is not applied" in choice.findings[0].message


def test_several_colours_without_a_matrix_are_not_compensated() -> None:
    choice = choose(events_of("FSC-A", "SSC-A", "FITC-A", "PE-A", "Time"))
    assert choice.spillover is None
    assert choice.state is CompensationState.MISSING
    assert codes(choice) == ["NO_SPILLOVER"]
    assert "2 fluorescence channels" in choice.findings[0].message


def test_one_colour_needs_no_matrix() -> None:
    for names in (
        ("FSC-A", "SSC-A", "PE-A", "Time"),
        ("FSC-H", "SSC-H", "FL1-H", "FL1-A", "FL1-W", "Width", "TIME"),
        ("FS Lin", "SS Lin", "FL1 Log", "FL1 Lin"),
    ):
        assert choose(events_of(*names)) == (None, CompensationState.NOT_NEEDED, ())


def test_scatter_under_another_name_is_no_colour() -> None:
    choice = choose(events_of("P1", "P2", "PE-A"), FSC="P1", SSC="P2")
    assert choice.state is CompensationState.NOT_NEEDED


def test_log_amplified_colours_without_a_matrix_may_be_compensated_but_who_knows() -> None:
    choice = choose(events_of("FL1-H", "FL2-H", decades=4.0))
    assert choice.state is CompensationState.MISSING
    assert "stored as logarithms" in choice.findings[0].message


def test_an_identity_matrix_says_nothing_of_the_spillover() -> None:
    choice = choose(events_of("FITC-A", "PE-A"), matrix_of("FITC-A", "PE-A"))
    assert choice.state is CompensationState.IDENTITY
    assert not choice.state.is_known
    assert codes(choice) == ["IDENTITY_SPILLOVER"]


def test_a_singular_matrix_is_not_used() -> None:
    singular = matrix_of("FITC-A", "PE-A", values=np.ones((2, 2)))
    choice = choose(events_of("FITC-A", "PE-A"), singular)
    assert choice.spillover is None
    assert choice.state is CompensationState.SINGULAR
    assert codes(choice) == ["SINGULAR_SPILLOVER"]


def test_a_matrix_that_multiplies_the_noise_is_not_used() -> None:
    poor = matrix_of("FITC-A", "PE-A", values=[[1.0, 1.0], [1.0, 1.0 + 1e-9]])
    assert choose(events_of("FITC-A", "PE-A"), poor).state is CompensationState.SINGULAR


def test_a_matrix_with_undefined_coefficients_is_not_used() -> None:
    poor = matrix_of("FITC-A", "PE-A", values=[[1.0, np.nan], [0.0, 1.0]])
    assert choose(events_of("FITC-A", "PE-A"), poor).state is CompensationState.SINGULAR


@pytest.mark.parametrize(
    ("named", "state"),
    [
        (("Comp-FITC-A", "Comp-PE-A"), CompensationState.ALREADY_APPLIED),
        (("FITC-A", "PE-A"), CompensationState.ALREADY_APPLIED),
    ],
)
def test_compensated_channels_are_not_compensated_again(
    named: tuple[str, str], state: CompensationState
) -> None:
    raw = events_of("FSC-A", "Comp-FITC-A", "Comp-PE-A")
    choice = choose(raw, matrix_of(*named, values=TWO))
    assert choice.spillover is None
    assert choice.state is state
    assert codes(choice) == ["DOUBLE_COMPENSATION"]


@pytest.mark.parametrize(
    "names",
    [("Comp-FITC-A", "Comp-PE-A"), ("FJComp-FITC-A", "FJComp-PE-A"), ("<FITC-A>", "<PE-A>")],
)
def test_compensated_channels_without_a_matrix_are_known(names: tuple[str, str]) -> None:
    choice = choose(events_of(*names))
    assert choice.state is CompensationState.ALREADY_APPLIED
    assert choice.state.is_known
    assert codes(choice) == ["ALREADY_COMPENSATED"]


def test_a_matrix_beside_its_result_is_applied_to_the_raw_channels() -> None:
    raw = events_of("FITC-A", "PE-A", "Comp-FITC-A", "Comp-PE-A")
    spillover = matrix_of("FITC-A", "PE-A", values=TWO)
    assert choose(raw, spillover).spillover is spillover


def test_a_file_s_matrix_for_absent_channels_is_not_used() -> None:
    choice = choose(events_of("FITC-A", "PE-A"), matrix_of("FITC-A", "APC-A", values=TWO))
    assert choice.spillover is None
    assert choice.state is CompensationState.MISMATCH
    assert "APC-A" in choice.findings[0].message


@pytest.mark.parametrize(
    ("given_one", "says"),
    [
        (matrix_of("FITC-A", "APC-A", values=TWO, source="lab.csv"), "lab.csv.* names APC-A"),
        (matrix_of("FITC-A", "PE-A", values=np.ones((2, 2)), source="lab.csv"), "condition number"),
    ],
)
def test_a_given_matrix_that_does_not_fit_is_refused(given_one: Spillover, says: str) -> None:
    with pytest.raises(SpilloverError, match=says):
        choose(events_of("FITC-A", "PE-A"), given=given_one)


def test_a_given_matrix_for_compensated_channels_is_refused() -> None:
    with pytest.raises(SpilloverError, match="compensated already"):
        choose(events_of("Comp-A-A", "Comp-B-A"), given=matrix_of("A-A", "B-A", values=TWO))


def test_a_matrix_that_leaves_out_a_marker_is_incomplete() -> None:
    raw = events_of("FSC-A", "FITC-A", "PE-A", "APC-A")
    spillover = matrix_of("FITC-A", "PE-A", values=TWO)
    choice = choose(raw, spillover, FSC="FSC-A", CD5="APC-A", CD45="PE-A")
    assert choice.spillover is spillover
    assert choice.state is CompensationState.INCOMPLETE
    assert not choice.state.is_known
    assert "CD5 (APC-A)" in choice.findings[0].message
    assert "CD45" not in choice.findings[0].message


def test_unusual_coefficients_are_named() -> None:
    spillover = matrix_of("FITC-A", "PE-A", values=[[1.0, 1.2], [-0.1, 0.9]])
    choice = choose(events_of("FITC-A", "PE-A"), spillover)
    assert choice.state is CompensationState.KNOWN
    message = choice.findings[0].message
    assert codes(choice) == ["UNUSUAL_SPILLOVER"]
    for said in ("FITC-A into PE-A 1.2", "PE-A into FITC-A -0.1", "PE-A into PE-A 0.9"):
        assert said in message


def read(tmp_path: Path, text: str, name: str = "lab.csv") -> Spillover:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return read_spillover_csv(path)


@pytest.mark.parametrize(
    "text",
    [
        "FITC-A,PE-A\n1,0.1\n0.02,1\n",
        ",FITC-A,PE-A\nFITC-A,1,0.1\nPE-A,0.02,1\n",
        "FITC-A,PE-A\nFITC-A,1,0.1\nPE-A,0.02,1\n",
        "Detector,FITC-A,PE-A\nPE-A,0.02,1\nFITC-A,1,0.1\n",
        ",Comp-FITC-A :: CD3,Comp-PE-A :: CD5\nComp-FITC-A :: CD3,1,0.1\nComp-PE-A :: CD5,0.02,1\n",
        "<FITC-A>\t<PE-A>\n1\t0.1\n0.02\t1\n",
        "FITC-A;PE-A\n1;0,1\n0,02;1\n",
        "FITC-A,PE-A\n100,10\n2,100\n",
        "\ufeff# FITC-A,PE-A\r\n1.0,1e-1\r\n\r\n0.02,1,\r\n",
    ],
)
def test_a_matrix_is_read_from_the_tables_that_programs_write(tmp_path: Path, text: str) -> None:
    spillover = read(tmp_path, text)
    assert spillover.detectors == ("FITC-A", "PE-A")
    np.testing.assert_allclose(spillover.matrix, TWO)
    assert spillover.source == "lab.csv"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "a row of channel names"),
        ("FITC-A,PE-A\n", "a row of channel names"),
        ("FITC-A,PE-A\n1,0.1\n", "2 channels need as many rows, found 1"),
        ("FITC-A,PE-A\n1,0.1\n0.02,x\n", r"lab\.csv:3: 'x' stands where a coefficient"),
        ("FITC-A,PE-A\n1,nan\n0.02,1\n", r"lab\.csv:2: 'nan' stands where"),
        ("FITC-A,PE-A\n1,0.1,3\n0.02,1\n", r"lab\.csv:2: 3 coefficients, expected 2"),
        ("FITC-A,FITC-A\n1,0.1\n0.02,1\n", r"lab\.csv:1: channel names must differ"),
        (",FITC-A,PE-A\nFITC-A,1,0\nAPC-A,0,1\n", r"lab\.csv:3: 'APC-A' is no further channel"),
        (",FITC-A,PE-A\nFITC-A,1,0\nFITC-A,0,1\n", r"lab\.csv:3: 'FITC-A' is no further channel"),
    ],
)
def test_a_faulty_table_is_refused_with_its_line(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(SpilloverError, match=says):
        read(tmp_path, text)


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "lab.csv"
    path.write_bytes(b"FITC-A,PE-A\n\xff\xfe")
    with pytest.raises(SpilloverError, match="not UTF-8"):
        read_spillover_csv(path)
    path.write_bytes(b"1" * 1_000_001)
    with pytest.raises(SpilloverError, match="larger than"):
        read_spillover_csv(path)


def test_an_absent_file_is_an_access_error(tmp_path: Path) -> None:
    with pytest.raises(FileAccessError, match=r"absent\.csv"):
        read_spillover_csv(tmp_path / "absent.csv")
    with pytest.raises(FileAccessError):
        read_spillover_csv(tmp_path)


@pytest.mark.skipif(not SHARED.is_dir(), reason="shared files are not here")
def test_tables_written_by_other_programs_are_read() -> None:
    folder = SHARED / "gatingml" / "data"
    whole = read_spillover_csv(folder / "comp_complete_example.csv")
    assert len(whole.detectors) == 14
    assert whole.detectors[0] == "Ax488-A"
    assert whole.matrix[0, 1] == 0.2986
    named = read_spillover_csv(folder / "8_color_data_set" / "den_comp.csv")
    assert named.detectors[0] == "TNFa FITC FLR-A"
