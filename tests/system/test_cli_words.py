from __future__ import annotations

import json
import re
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from services.terminal.asked import moment, today
from services.wording import LANGUAGES, sentences
from tests.system.small import Run
from tests.system.test_cli import H_2022, PAPER, figures

# Words and codes of what goes wrong.


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--lang", "en", "figures", *H_2022), "Of the target"),
        (("--lang=en", "figures", *H_2022, "--lang", "vi"), "Đạt"),
        (("--lang", "en", "history", "R-1"), "Admission ceremony at H-1"),
        (("--lang", "en", "verify"), "the chain is whole"),
    ],
)
def test_the_language_is_that_of_every_command_unless_it_has_its_own(
    run: Run, data: Path, arguments: tuple[str, ...], words: str
) -> None:
    assert words in run(*arguments, "--data", data).out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("figures", "--places", "7"), "Giá trị của --places không dùng được"),
        (("figures", "--places", "x"), "từ 0 đến 6"),
        (("figures", "--unit", "H", "--known-at", "garbage"), "2022-08-26T17:30+07:00"),
        (("figures", "--lang", "fr"), "vi hoặc en"),
        (("figures", "--unit", ""), "Mã đơn vị để trống"),
        (("figures", "--zzz"), "Không có tùy chọn --zzz"),
        (("figures", "--unit"), "Tùy chọn --unit thiếu giá trị"),
        (("facts",), "Thiếu --unit: Mã đơn vị."),
        (("import",), "Thiếu FILE…"),
        (("history", "a", "b"), "Thừa từ"),
        (("no-such-command",), "Các lệnh: demo, figures"),
    ],
)
def test_misuse_is_told_in_one_language(run: Run, arguments: tuple[str, ...], words: str) -> None:
    result = run(*arguments)

    assert result.code == 2
    assert words in result.err
    assert "Error" not in result.err
    assert "Invalid" not in result.err


@pytest.mark.parametrize(
    ("arguments", "code", "fact", "exit_code"),
    [
        (("--known-at", "2022-12-31"), "unit-not-yet-known", ("unit", "H"), 1),
        (("--known-at", "garbage"), "bad-moment", ("option", "--known-at"), 2),
        (("--places", "9"), "bad-value", ("option", "--places"), 2),
    ],
)
def test_programs_are_told_by_code_why_there_is_no_answer(  # noqa: PLR0917 - a case each
    run: Run,
    data: Path,
    arguments: tuple[str, ...],
    code: str,
    fact: tuple[str, str],
    exit_code: int,
) -> None:
    result = run("figures", *H_2022, *arguments, "--json", "--data", data)

    error = json.loads(result.err)["error"]
    assert (result.code, result.out) == (exit_code, "")
    assert error["code"] == code
    assert error["text"]
    assert error[fact[0]] == fact[1]


# What figures are made of, in words.


def test_every_figure_that_help_names_can_be_asked_for(run: Run, data: Path) -> None:
    for lang in LANGUAGES:
        named = re.findall(r"`([\w.-]+)`", sentences(lang)["help.option.figure"])
        assert len(named) == 4
        for name in named:
            figure = name.replace("PD-08", "H-1")
            assert run("facts", *H_2022, "--figure", figure, "--data", data).code == 0, name


def test_a_figure_that_is_not_known_is_not_summed(run: Run, data: Path) -> None:
    asked = ("facts", "--unit", "H-1", "--period", "2020", "--as-of", "2022-12-31")

    shown = run(*asked, "--figure", "remaining", "--data", data).out
    rows = run(*asked, "--figure", "remaining", "--json", "--data", data).json

    assert "số còn lại chưa rõ" in shown
    assert [(row["fact"], row["n"]) for row in rows] == [("target", None)]


def test_tables_are_in_one_language(run: Run, data: Path) -> None:
    counts = run("facts", *H_2022, "--figure", "members", "--data", data).out
    asked = ("--unit", "H", "--period", "2021", "--as-of", "2022-12-31")
    classes = run("facts", *asked, "--figure", "classes", "--data", data).out
    refused = run("correct", "R-1", "recognised", "--on", "2022-03-01", *PAPER, "--data", data)

    assert " lớp " in classes
    assert "số tổng hợp" in counts
    assert " count " not in counts
    assert "ceremony (lễ kết nạp)" in refused.err


def test_english_percents_have_a_point_and_json_keeps_the_comma(run: Run, data: Path) -> None:
    assert "30.0% (3/10)" in run("figures", *H_2022, "--lang", "en", "--data", data).out
    assert figures(run, data, "--lang", "en")["ratio"]["percent"] == "30,0%"


def test_a_deadline_that_does_not_count_itself_is_shown_so(
    run: Run, data: Path, tmp_path: Path
) -> None:
    file = tmp_path / "targets.csv"
    file.write_text(
        "unit_code,period,kind,minimum,category,deadline,deadline_inclusive\n"
        "H,2022,pledge,5,,2022-05-19,no\n",
        "utf-8",
    )
    run("import", file, "--commit", "--data", data)

    shown = run("figures", *H_2022, "--data", data).out
    told = figures(run, data)["targets"]

    assert "hạn trước ngày 19/05/2022" in shown
    assert all("deadline_inclusive" not in row for row in told)


def test_a_unit_without_any_number_of_members_is_told_quietly(run: Run, data: Path) -> None:
    asked = ("--unit", "H-TT", "--period", "2022", "--as-of", "2022-12-31")

    texts = [
        row["text"] for row in run("figures", *asked, "--json", "--data", data).json["findings"]
    ]

    assert "H-TT: chưa có số đảng viên." in texts


# What a correction and an import say.


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("--facet", "sex=male"), ["Giới tính: nữ → nam"]),
        (("--facet", "occupation=nông dân"), ["Nghề nghiệp: — → nông dân"]),
        (("--retract",), ["lễ kết nạp: 10/02/2022 → —"]),
        (
            ("--unit", "H-2"),
            ["giới thiệu: H-1 → H-2", "quyết định kết nạp: H-1 → H-2", "lễ kết nạp: H-1 → H-2"],
        ),
    ],
)
def test_a_correction_says_only_what_is_otherwise_now(
    run: Run, data: Path, change: tuple[str, ...], said: list[str]
) -> None:
    result = run("correct", "R-1", "ceremony", *change, *PAPER, "--data", data)

    assert result.out.splitlines()[:-1] == said
    assert result.out.splitlines()[-1].startswith("Đã ghi tại dossiers:")


@pytest.mark.parametrize(
    ("facet", "words"),
    [
        ("age=18-30", "age được tính ra từ birth_date"),
        ("birth_date=1990-01-01", "ketnap import TỆP --commit --correct"),
        ("mood=good", "Các đặc điểm sửa được: sex, ethnic_group"),
        ("sex=?", "các giá trị: female, male"),
    ],
)
def test_a_facet_that_cannot_be_corrected_is_told_with_what_can(
    run: Run, data: Path, facet: str, words: str
) -> None:
    result = run("correct", "R-1", "ceremony", "--facet", facet, *PAPER, "--data", data)

    assert result.code == 1
    assert words in result.err


def test_an_act_that_is_still_to_come_is_refused(run: Run, data: Path) -> None:
    result = run("correct", "R-1", "ceremony", "--on", "9999-12-31", *PAPER, "--data", data)

    assert result.code == 1
    assert "chưa đến" in result.err


def test_history_words_facets_and_targets(run: Run, data: Path) -> None:
    run("correct", "R-1", "ceremony", "--facet", "sex=male", *PAPER, "--data", data)

    assert "Giới tính: nam" in run("history", "R-1", "--data", data).out
    assert "Giao chỉ tiêu (giao) kỳ 2022" in run("history", "--unit", "H", "--data", data).out


def test_every_bad_row_is_printed(run: Run, data: Path, tmp_path: Path) -> None:
    file = tmp_path / "bad.csv"
    rows = "".join(f"X-{n},Q-{n},2022-06-01\n" for n in range(60))
    file.write_text(f"unit_code,person_ref,ceremony_on\n{rows}", "utf-8")

    said = run("import", file, "--data", data).err

    assert said.count("[unit_code]") == 60


def test_shred_warns_that_its_reason_is_read(run: Run) -> None:
    assert "đừng viết tên ai" in " ".join(run("shred", "--help").out.replace("│", "").split())


def test_moments_are_days_ends_in_vietnam() -> None:
    assert moment("2022-08-26", "vi", "--known-at") == datetime.fromisoformat(
        "2022-08-26T23:59:59.999999+07:00"
    )
    assert today() - today() == timedelta(0)
