from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from services.__main__ import COMMANDS
from tests.installed import EMBEDDED
from tests.system.small import FILES, Run, write_files

PAPER = ("--reason", "Ghi nhầm", "--document", "BB 12")
in_a_folder = pytest.mark.parametrize("mode", [EMBEDDED], indirect=True)
"""About the folder itself, or about words that are the same wherever figures come from."""
H_2022 = ("--unit", "H", "--period", "2022", "--as-of", "2022-12-31")


def figures(run: Run, data: Path, *more: str) -> Any:  # noqa: ANN401 - JSON
    result = run("figures", *H_2022, *more, "--json", "--data", data)
    assert result.code == 0
    return result.json


# Help and misuse.


@pytest.mark.parametrize("lang", ["vi", "en"])
@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_explains_itself_with_an_example(run: Run, name: str, lang: str) -> None:
    result = run(name, "--lang", lang, "--help")

    assert result.code == 0
    assert f"ketnap {name}" in result.out
    assert ("Ví dụ" if lang == "vi" else "Example") in result.out


def test_every_option_is_explained() -> None:
    from services.__main__ import command  # noqa: PLC0415 - built for this test alone

    unexplained = [
        (name, param.name)
        for name, one in command("vi").commands.items()
        for param in one.params
        if param.name != "help" and not getattr(param, "help", None)
    ]

    assert unexplained == []


def test_no_command_at_all_shows_what_there_is(run: Run) -> None:
    result = run()

    assert result.code == 2
    assert "figures" in result.out + result.err


def test_the_version_is_told(run: Run) -> None:
    assert run("--version").out.startswith("ketnap ")


@in_a_folder
@pytest.mark.parametrize(
    "arguments",
    [
        ("figures", "--unit", "H", "--as-of", "2022-02-30"),
        ("figures", "--unit", "H", "--period", "2022-Q5"),
        ("figures", "--unit", "H", "--known-at", "2022-01-01T10:00"),
        ("figures", "--unit", "H", "--known-at", "yesterday"),
        ("figures", "--unit", "H", "--known-at", "0001-01-01T00:00+14:00"),
        ("figures", "--unit", "H", "--places", "99"),
        ("figures", "--lang", "fr"),
        ("facts", "--unit", "H", "--names"),
        ("history",),
        ("history", "R-1", "--unit", "H"),
        ("import", "no-such-file.csv"),
        ("import", "--dry-run", "--commit", __file__),
        ("import", "--correct", __file__),
        ("import", "--kind", "people", __file__),
        ("template", "people"),
        ("correct", "R-1", "ceremony", *PAPER),
        ("correct", "R-1", "ceremony", "--on", "2022-02-11", "--retract", *PAPER),
        ("correct", "R-1", "ceremony", "--on", "2022-02-11", "--document", "x"),
        ("correct", "R-1", "ceremony", "--on", "2022-02-11", "--reason", "x"),
        ("correct", "R-1", "ceremony", "--facet", "sex", *PAPER),
        ("shred", "R-1"),
        ("shred", "R-1", "--reason", "x"),
        ("replay", "nowhere"),
        ("replay", "--to-position", "dossiers"),
        ("replay", "--to-position", "nowhere:1"),
        ("replay", "--to-position", "dossiers:1000000"),
        ("replay", "--to-position", "dossiers:1", "--known-at", "2022-01-01"),
        ("no-such-command",),
    ],
)
def test_misuse_is_told_and_leaves_with_2(run: Run, data: Path, arguments: tuple[str, ...]) -> None:
    result = run(*arguments, *(("--data", data) if arguments[0] in COMMANDS else ()))

    assert result.code == 2
    assert result.err


def test_a_folder_without_data_is_told_and_not_made(run: Run, tmp_path: Path) -> None:
    result = run("figures", "--data", tmp_path / "typo")

    assert result.code == 2
    assert "ketnap demo" in result.err
    assert not (tmp_path / "typo").exists()


def test_a_file_is_no_data_folder(run: Run) -> None:
    assert run("figures", "--data", __file__).code == 2
    assert run("doctor", "--data", __file__).code == 1


@in_a_folder
@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31"])
def test_the_first_and_the_last_day_there_are_can_be_asked_for(
    run: Run, data: Path, day: str
) -> None:
    result = run("figures", "--unit", "H", "--as-of", day, "--data", data)

    assert result.code == 0
    assert "Huyện ủy Thử" in result.out


@in_a_folder
def test_an_unknown_language_in_the_environment_is_vietnamese(
    run: Run, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KETNAP_LANG", "fr")

    assert "Các tổ chức đứng đầu" in run("figures", "--data", data).out


# Figures.


def test_figures_alone_list_the_units_at_the_top(run: Run, data: Path) -> None:
    assert run("figures", "--json", "--data", data).json == [{"unit": "H", "name": "Huyện ủy Thử"}]
    assert "Huyện ủy Thử" in run("figures", "--data", data).out


def test_figures_as_json_have_the_promised_shape(run: Run, data: Path) -> None:
    answer = figures(run, data)

    assert list(answer) == [
        "unit",
        "name",
        "period",
        "as_of",
        "known_at",
        "positions",
        "target",
        "admitted",
        "ratio",
        "remaining",
        "units",
        "by_unit",
        "targets",
        "facets",
        "rounds",
        "left",
        "funnel",
        "classes",
        "members",
        "findings",
    ]
    assert answer["ratio"] == {
        "numerator": 3,
        "denominator": 10,
        "denominator_is": "assigned target of 2022",
        "percent": "30,0%",
    }
    assert (answer["admitted"], answer["remaining"], answer["known_at"]) == (3, 7, None)
    assert answer["members"] == {"count": 200, "on": "2022-01-31"}
    for finding in answer["findings"]:
        assert list(finding) == ["kind", "unit", "expected", "actual", "difference", "text"]


def test_figures_are_a_readable_table_with_operands(run: Run, data: Path) -> None:
    shown = run("figures", *H_2022, "--data", data).out

    assert "30,0% (3/10)" in shown
    assert "33,3% (2/6)" in shown
    assert "nữ 2, nam 1" in shown
    assert "200 (ngày 31/01/2022)" in shown


@in_a_folder
def test_figures_speak_english_too(run: Run, data: Path) -> None:
    shown = run("figures", *H_2022, "--lang", "en", "--data", data).out

    assert "Of the target" in shown
    assert "female 2, male 1" in shown


def test_the_period_is_that_of_the_day_asked_for(run: Run, data: Path) -> None:
    answer = run("figures", "--unit", "H", "--as-of", "31/12/2022", "--json", "--data", data).json

    assert (answer["period"], answer["as_of"]) == ("2022", "2022-12-31")


@in_a_folder
def test_an_unknown_unit_is_refused_in_words(run: Run, data: Path) -> None:
    result = run("figures", "--unit", "X", "--data", data)

    assert result.code == 1
    assert "Không có đơn vị nào mang mã X" in result.err


def test_a_moment_before_the_unit_was_known_is_refused(run: Run, data: Path) -> None:
    result = run("figures", *H_2022, "--known-at", "2022-12-31", "--data", data)

    assert result.code == 1
    assert "chưa ai biết đơn vị H" in result.err


# Facts and history.


def test_the_facts_behind_a_figure_add_up_to_it(run: Run, data: Path) -> None:
    rows = run("facts", *H_2022, "--json", "--data", data).json

    assert sum(row["n"] for row in rows) == figures(run, data)["admitted"]
    assert "số kết nạp = 3" in run("facts", *H_2022, "--data", data).out


@in_a_folder
def test_an_unknown_figure_is_refused(run: Run, data: Path) -> None:
    assert run("facts", *H_2022, "--figure", "happiness", "--data", data).code == 1


def test_names_are_shown_for_a_purpose_that_goes_on_record(run: Run, data: Path) -> None:
    result = run("facts", *H_2022, "--names", "--purpose", "kiểm tra", "--data", data)

    assert "Canary Lê Thị Ba" in result.out
    assert "Canary" not in run("facts", *H_2022, "--data", data).out
    verdicts = {row["ledger"]: row for row in run("verify", "--json", "--data", data).json}
    assert verdicts["reads"]["positions"] == 3


def test_history_is_told_in_words(run: Run, data: Path) -> None:
    shown = run("history", "R-1", "--data", data)

    assert shown.code == 0
    assert "Lễ kết nạp tại H-1" in shown.out
    assert "Canary" not in shown.out


def test_the_history_of_a_unit_is_told(run: Run, data: Path) -> None:
    assert "Lập đơn vị H-1" in run("history", "--unit", "H-1", "--data", data).out


def test_a_case_may_be_named_by_the_beginning_of_its_id(run: Run, data: Path) -> None:
    case = run("facts", *H_2022, "--json", "--data", data).json[0]["case"]

    assert run("history", case[:32], "--json", "--data", data).json == (
        run("history", case, "--json", "--data", data).json
    )


@in_a_folder
@pytest.mark.parametrize("case", ["R-9", "00000000"])
def test_an_unknown_case_is_refused(run: Run, data: Path, case: str) -> None:
    result = run("history", case, "--data", data)

    assert result.code == 1
    assert "Không có hồ sơ" in result.err


# Import.


def test_an_import_only_previews_until_it_is_told_to_commit(run: Run, tmp_path: Path) -> None:
    files = write_files(tmp_path / "files")
    data = tmp_path / "new"

    preview = run("import", *files, "--data", data)
    assert preview.code == 0
    assert "Thêm --commit" in preview.err
    assert run("figures", "--json", "--data", data).json == []

    assert run("import", *files, "--commit", "--data", data).code == 0
    assert figures(run, data)["admitted"] == 3


def test_the_same_files_twice_change_nothing(run: Run, data: Path, tmp_path: Path) -> None:
    before = figures(run, data)

    result = run("import", *write_files(tmp_path / "files"), "--commit", "--json", "--data", data)

    assert result.code == 0
    assert {report["changed"] for report in result.json} == {0}
    assert figures(run, data) == before


@in_a_folder
def test_bad_rows_are_printed_kept_beside_the_file_and_nothing_is_written(
    run: Run, data: Path, tmp_path: Path
) -> None:
    before = figures(run, data)
    file = tmp_path / "more.csv"
    file.write_text(
        "unit_code,person_ref,ceremony_on\nH-1,R-8,2022-06-01\nH-9,R-9,2022-06-01\n", "utf-8"
    )

    result = run("import", file, "--commit", "--data", data)

    assert result.code == 1
    assert "row 3 [unit_code]" in result.err
    assert (tmp_path / "more.errors.csv").exists()
    assert figures(run, data) == before


def test_good_rows_are_written_when_told_so(run: Run, data: Path, tmp_path: Path) -> None:
    file = tmp_path / "more.csv"
    file.write_text(
        "unit_code,person_ref,ceremony_on\nH-1,R-8,2022-06-01\nH-9,R-9,2022-06-01\n", "utf-8"
    )

    assert run("import", file, "--commit", "--accept-good", "--data", data).code == 1
    assert figures(run, data)["admitted"] == 4


@in_a_folder
@pytest.mark.parametrize("content", [b"", b"\xff\xfe\x00bad", b"PK\x03\x04", b"a,b\n1,2\n"])
def test_a_file_that_is_none_is_refused(
    run: Run, data: Path, tmp_path: Path, content: bytes
) -> None:
    for name in ("bad.csv", "bad.xlsx"):
        (tmp_path / name).write_bytes(content)

        result = run("import", tmp_path / name, "--data", data)

        assert result.code == 1
        assert name in result.err


@in_a_folder
def test_a_template_comes_back_as_a_file_to_import(run: Run, data: Path, tmp_path: Path) -> None:
    path = tmp_path / "c.xlsx"

    assert run("template", "candidates", "--output", path).code == 0
    assert path.read_bytes().startswith(b"PK")
    assert run("import", path, "--data", data).code == 0
    assert run("template", "candidates", "--output", path).code == 2


# Corrections.


def test_a_correction_says_what_changed_and_moves_the_figure(run: Run, data: Path) -> None:
    result = run("correct", "R-1", "ceremony", "--on", "2023-02-10", *PAPER, "--data", data)

    assert result.code == 0
    assert result.out.splitlines()[0] == "lễ kết nạp: 10/02/2022 → 10/02/2023"
    assert "Sửa lễ kết nạp: ngày 10/02/2023, tại H-1" in run("history", "R-1", "--data", data).out
    assert figures(run, data)["admitted"] == 2


def test_what_was_known_before_a_correction_can_still_be_asked(run: Run, data: Path) -> None:
    known = run("history", "R-1", "--json", "--data", data).json[-1]["recorded"]
    run("correct", "R-1", "ceremony_on", "--on", "2023-02-10", *PAPER, "--data", data)

    assert figures(run, data, "--known-at", known)["admitted"] == 3
    moved = run("facts", *H_2022, "--against", known, "--json", "--data", data).json
    assert [(row["n"], row["on"], row["unit"]) for row in moved] == [(-1, "2022-02-10", "H-1")]


def test_a_unit_a_facet_and_a_position_can_be_corrected(run: Run, data: Path) -> None:
    run("correct", "R-1", "ceremony", "--unit", "H-2", *PAPER, "--data", data)
    run("correct", "R-1", "ceremony", "--facet", "sex=male", *PAPER, "--data", data)
    ceremony = next(
        row["position"]
        for row in run("history", "R-2", "--json", "--data", data).json
        if row["type"] == "dossiers.CeremonyHeld"
    )
    run("correct", "R-2", ceremony, "--retract", *PAPER, "--data", data)

    answer = figures(run, data)
    assert {row["unit"]: row["admitted"] for row in answer["by_unit"]} == {"H-1": 0, "H-2": 2}
    assert answer["facets"]["sex"] == {"female": 1, "male": 1}


def test_a_correction_that_changes_nothing_says_so(run: Run, data: Path) -> None:
    result = run("correct", "R-1", "ceremony", "--on", "2022-02-10", *PAPER, "--data", data)

    assert result.code == 0
    assert "không ghi gì" in result.out


def test_a_correction_out_of_order_is_refused_naming_both_days(run: Run, data: Path) -> None:
    before = figures(run, data)

    result = run("correct", "R-1", "ceremony", "--on", "2022-01-10", *PAPER, "--data", data)

    assert result.code == 1
    assert "lễ kết nạp (10/01/2022)" in result.err
    assert "quyết định kết nạp (01/02/2022)" in result.err
    assert figures(run, data) == before


@in_a_folder
@pytest.mark.parametrize("fact", ["recognised", "dossiers:1", "dossiers:0", "dossiers:99999"])
def test_a_fact_that_is_not_there_is_refused(run: Run, data: Path, fact: str) -> None:
    result = run("correct", "R-1", fact, "--on", "2022-03-01", *PAPER, "--data", data)

    assert result.code == 1
    assert "Hồ sơ không có việc" in result.err


# Proof and examination.


def test_verify_finds_whole_chains(run: Run, data: Path) -> None:
    result = run("verify", "--data", data)

    assert result.code == 0
    assert result.out.count("✓") == 5


def test_replay_finds_no_difference(run: Run, data: Path) -> None:
    run("correct", "R-1", "ceremony", "--retract", *PAPER, "--data", data)

    result = run("replay", "--compare", "--json", "--data", data)

    assert result.code == 0
    assert {(row["missing"], row["extra"]) for row in result.json["tables"]} == {(0, 0)}
    assert "không có khác biệt" in result.err


@in_a_folder
def test_doctor_finds_nothing_wrong(run: Run, data: Path) -> None:
    result = run("doctor", "--json", "--data", data)

    assert result.code == 0
    assert "wrong" not in {check["state"] for check in result.json}
    assert run("doctor", "--data", data).code == 0


def test_doctor_tells_what_to_do_where_there_is_no_data(run: Run, tmp_path: Path) -> None:
    result = run("doctor", "--data", tmp_path / "none")

    assert result.code == 0
    assert "ketnap demo" in result.out


@in_a_folder
def test_doctor_finds_a_folder_that_others_read(run: Run, data: Path) -> None:
    data.chmod(0o755)

    result = run("doctor", "--data", data)

    assert result.code == 1
    assert "chmod go-rwx" in result.out


@in_a_folder
def test_a_misspelt_variable_is_found(
    run: Run, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KETNAP_DATTA", "x")

    assert "KETNAP_DATTA" in run("doctor", "--data", data).out


@in_a_folder
def test_the_data_folder_may_come_from_the_environment(
    run: Run, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KETNAP_DATA", str(data))

    assert "Huyện ủy Thử" in run("figures").out


def test_a_wrong_setting_is_named(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KETNAP_PORT", "eighty")

    result = run("figures")

    assert result.code == 2
    assert "KETNAP_PORT=eighty" in result.err


def test_the_promises_have_not_drifted(run: Run) -> None:
    assert run("contracts", "--check").code == 0


def test_every_public_kind_of_file_is_in_the_small_province() -> None:
    assert {name.removesuffix(".csv") for name in FILES} == {
        "organisations",
        "targets",
        "classes",
        "candidates",
        "counts",
    }
