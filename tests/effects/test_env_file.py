import fcntl
import os
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.core.env_text import EnvFileProblem, edited, values
from console.core.plan import FileChange
from console.core.redact import REDACTED, Redactor
from console.effects.env_file import changes, edit_env_file, read_env_file, write_problem


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("A=1\nSHARE=10\nB=2\n", "A=1\nSHARE=25\nB=2\n"),
        ("# SHARE=1\nSHARE=10 # the share\n", "# SHARE=1\nSHARE=25 # the share\n"),
        ("export SHARE=10\n", "export SHARE=25\n"),
        ("  SHARE = 10  \n", "  SHARE = 25  \n"),
        ('SHARE="10"\n', 'SHARE="25"\n'),
        ("SHARE='10' # x\n", "SHARE='25' # x\n"),
        ("SHARE=10\r\nB=2\r\n", "SHARE=25\r\nB=2\r\n"),
        ("B=2\nSHARE=10", "B=2\nSHARE=25"),
        ("SHARE=\n", "SHARE=25\n"),
        ("SHARE= # none yet\n", "SHARE=25 # none yet\n"),
        ("SHARE=1\nSHARE=2\n", "SHARE=25\nSHARE=25\n"),
        ("\ufeffSHARE=10\n", "\ufeffSHARE=25\n"),
        ('K="a\nSHARE=5\nb"\nSHARE=10\n', 'K="a\nSHARE=5\nb"\nSHARE=25\n'),
        ("", "SHARE=25\n"),
        ("A=1", "A=1\nSHARE=25"),
        ("A=1\r\n", "A=1\r\nSHARE=25\r\n"),
        ("MY_SHARE=1\n", "MY_SHARE=1\nSHARE=25\n"),
        ('SHARE="unclosed\nA=1\n', "SHARE=25\nA=1\n"),
        ("SHARE=25\n", "SHARE=25\n"),
        ('SHARE="10"x\n', "SHARE=25\n"),
        ("not a setting at all\n", "not a setting at all\nSHARE=25\n"),
    ],
)
def test_one_key_changes_and_every_other_byte_stays(before: str, after: str) -> None:
    assert edited(before, {"SHARE": "25"}) == after


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("a b", "K='a b'"),
        ("it's", 'K="it\'s"'),
        ("a#b", "K='a#b'"),
        ("$HOME", "K='$HOME'"),
        ("two\nlines", 'K="two\\nlines"'),
        ("it's $5 \\", 'K="it\'s \\$5 \\\\"'),
        ("http://h/x?a=1&b=2", "K=http://h/x?a=1&b=2"),
        ("", "K="),
    ],
)
def test_a_value_gets_the_quotes_it_needs(value: str, written: str) -> None:
    assert edited("", {"K": value}) == written + "\n"
    assert values(written) == {"K": value}


def test_a_file_whose_quotes_do_not_close_is_not_made_worse() -> None:
    with pytest.raises(EnvFileProblem, match="never closed"):
        edited("B='", {"A": "# x"})


@pytest.mark.parametrize(("key", "value"), [("A B", "1"), ("1A", "1"), ("", "1"), ("A", "x\0y")])
def test_what_no_env_file_can_hold_is_refused(key: str, value: str) -> None:
    with pytest.raises(EnvFileProblem):
        edited("", {key: value})


names = st.from_regex(r"[A-Z_][A-Z0-9_]{0,5}", fullmatch=True)
any_value = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=20)
lines = st.lists(
    st.one_of(
        st.builds("{}={}".format, names, st.sampled_from(["1", "'a b'", '"x\\n$y"', "", "a # c", '"un', "'", "#"])),
        st.sampled_from(["", "# comment", "  # A=1", "export B=2", "garbage", '"', "=", "A", '"\nA=1\n"']),
    ),
    max_size=8,
)
files = st.builds(
    lambda parts, end, last: end.join(parts) + (end if last else ""),
    lines,
    st.sampled_from(["\n", "\r\n"]),
    st.booleans(),
)


@given(files, st.dictionaries(names, any_value, max_size=4))
def test_what_is_set_is_read_back_and_the_rest_is_as_it_was(text: str, settings: dict[str, str]) -> None:
    before = values(text)

    try:
        after = edited(text, settings)
    except EnvFileProblem:
        assert any(mark in text for mark in ("'", '"'))
        return

    assert values(after) == {**before, **settings}
    assert edited(after, settings) == after


@given(files.filter(lambda text: "'" not in text and '"' not in text), names, any_value)
def test_lines_of_other_keys_keep_every_byte(text: str, key: str, value: str) -> None:
    after = edited(text, {key: value})

    before_lines, after_lines = text.splitlines(keepends=True), after.splitlines(keepends=True)
    for was, line in zip(before_lines[:-1], after_lines, strict=False):
        assert was == line or list(values(was)) == [key]


@given(files)
def test_an_edit_that_sets_nothing_changes_nothing(text: str) -> None:
    assert edited(text, {}) == text


def test_an_edit_keeps_mode_and_leaves_one_copy_of_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    path.write_text("SHARE=10\n")
    path.chmod(0o640)

    first = edit_env_file(path, {"SHARE": "5"}, "back-1")
    second = edit_env_file(path, {"SHARE": "0"}, "back-1")

    assert first == second == tmp_path / ".env.before-back-1"
    assert path.read_text() == "SHARE=0\n"
    assert (tmp_path / ".env.before-back-1").read_text() == "SHARE=10\n"
    assert {stat.S_IMODE(found.stat().st_mode) for found in tmp_path.iterdir()} == {0o640}
    assert sorted(found.name for found in tmp_path.iterdir()) == [".env", ".env.before-back-1"]


def test_an_edit_that_changes_nothing_touches_nothing(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    path.write_text("SHARE=10\n")
    inode = path.stat().st_ino

    assert edit_env_file(path, {"SHARE": "10"}, "x") is None
    assert path.stat().st_ino == inode
    assert len(list(tmp_path.iterdir())) == 1


def test_a_symbolic_link_stays_one(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "prod.env").write_text("SHARE=10\n")
    (tmp_path / ".env").symlink_to("real/prod.env")

    edit_env_file(tmp_path / ".env", {"SHARE": "0"}, "x")

    assert (tmp_path / ".env").is_symlink()
    assert (tmp_path / "real" / "prod.env").read_text() == "SHARE=0\n"


def test_bytes_that_are_no_text_survive(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    path.write_bytes(b"NAME=\xff\xfe\nSHARE=10\n")

    edit_env_file(path, {"SHARE": "0"}, "x")

    assert path.read_bytes() == b"NAME=\xff\xfe\nSHARE=0\n"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give a file to somebody else")
def test_the_owner_stays(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    path.write_text("SHARE=10\n")
    os.chown(path, 12345, 23456)

    edit_env_file(path, {"SHARE": "0"}, "x")

    assert (path.stat().st_uid, path.stat().st_gid) == (12345, 23456)


def test_a_missing_file_is_a_clear_problem(tmp_path: Path) -> None:
    with pytest.raises(EnvFileProblem, match="does not exist"):
        edit_env_file(tmp_path / ".env", {"SHARE": "0"}, "x")

    assert "does not exist" in write_problem(tmp_path / ".env")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_and_a_huge_file_are_no_env_files(tmp_path: Path) -> None:
    (tmp_path / "big").write_bytes(b"x" * (4 * 1024 * 1024 + 1))

    with pytest.raises(EnvFileProblem, match="larger than 4 MiB"):
        read_env_file(tmp_path / "big")
    with pytest.raises(EnvFileProblem, match="cannot be read"):
        read_env_file(tmp_path)
    assert "is no file" in write_problem(tmp_path)


def test_the_difference_is_shown_without_secrets(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    path.write_text("SHARE=10\nDB_PASSWORD=hunter2\nURL=redis://:hunter3@h/0\nSAME=1\n")
    settings = {"SHARE": "0", "DB_PASSWORD": "other-one", "URL": "redis://:hunter4@h/0", "SAME": "1", "NEW": "x"}

    found = changes(path, settings, ".env", Redactor())

    assert found == (
        FileChange(".env", "SHARE", "10", "0"),
        FileChange(".env", "DB_PASSWORD", REDACTED, REDACTED),
        FileChange(".env", "URL", f"redis://:{REDACTED}@h/0", f"redis://:{REDACTED}@h/0"),
        FileChange(".env", "NEW", None, "x"),
    )


def test_what_a_killed_writer_left_is_removed_and_what_another_is_writing_stays(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("SHARE=10\nPASSWORD=hunter2\n")
    left, written = tmp_path / "..env.abc.rollout-console", tmp_path / "..env.def.rollout-console"
    left.write_text("PASSWORD=hunter2\n")
    written.write_text("PASSWORD=hunter2\n")

    with written.open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        edit_env_file(tmp_path / ".env", {"SHARE": "0"}, "attempt")

    assert sorted(path.name for path in tmp_path.iterdir()) == [written.name, ".env", ".env.before-attempt"]
