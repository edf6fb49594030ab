"""What programs leave in their working folder, hostile things included: no byte of the host is ever stored."""

import itertools
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from playground.sandbox import InputFile, Limits, RunResult

Run = Callable[..., RunResult]


def names(result: RunResult) -> list[str]:
    return [file.name for file in result.files]


def contents(result: RunResult) -> dict[str, bytes]:
    return {file.name: file.path.read_bytes() for file in result.files}


def test_new_files_are_kept(run: Run) -> None:
    result = run("""
        import os
        os.makedirs("a/b")
        open("top.txt", "w").write("top")
        open("a/b/deep.bin", "wb").write(bytes(range(256)))
        open("empty", "w")
        os.makedirs("__pycache__")
        open("__pycache__/x.pyc", "w").write("not wanted")
    """)
    assert contents(result) == {"empty": b"", "top.txt": b"top", "a/b/deep.bin": bytes(range(256))}
    assert [file.size for file in result.files] == [0, 3, 256]
    assert result.dropped == []


HOSTILE = {
    "symbolic link": ("os.symlink('{secret}', 'x')", "symbolic links"),
    "symbolic link to a folder": ("os.symlink('{folder}', 'x')", "symbolic links"),
    "relative symbolic link": ("os.symlink('../../../../..{secret}', 'x')", "symbolic links"),
    "link to /proc": ("os.symlink('/proc/self/environ', 'x')", "symbolic links"),
    "hard link": ("open('/tmp/y', 'w').write('y'); os.link('/tmp/y', 'x')", "several names"),
    "two names": ("open('x', 'w').write('y'); os.link('x', 'x2')", "several names"),
    "fifo": ("os.mkfifo('x')", "neither files nor folders"),
    "socket": ("import socket; socket.socket(socket.AF_UNIX).bind('x')", "neither files nor folders"),
    "newline": (
        "open('x\\n../y', 'w').write('y') if os.mkdir('x\\n..') is None else 0",
        "control characters",
    ),
    "escape character": ("open('\\x1b[2Jx', 'w').write('y')", "control characters"),
    "not UTF-8": ("open(b'\\xff\\xfe', 'w').write('y')", "not UTF-8"),
    "long path": (
        "[(os.mkdir('d' * 200), os.chdir('d' * 200)) for _ in range(6)]; open('x', 'w')",
        "too long",
    ),
    "deep path": ("[(os.mkdir('d'), os.chdir('d')) for _ in range(100)]; open('x', 'w')", "nested too deep"),
    "working folder replaced": (
        "os.rename('/sandbox/work', '/sandbox/old'); os.symlink('{folder}', '/sandbox/work')",
        "removed or replaced",
    ),
    "values replaced": (
        "os.rename('/sandbox/values', '/sandbox/old'); os.symlink('{folder}', '/sandbox/values')",
        "",
    ),
    "manifest is a link": (
        "os.symlink('{secret}', '/sandbox/values/manifest.jsonl')",
        "cannot be read",
    ),
    "error is a link": ("os.symlink('{secret}', '/sandbox/values/error.json'); os._exit(1)", ""),
}


@pytest.mark.parametrize(("act", "reason"), HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_output(run: Run, tmp_path: Path, act: str, reason: str) -> None:
    canary = "canary-" + os.urandom(8).hex()
    secret = tmp_path / "secret"
    secret.write_text(canary)
    tmp_path.chmod(0o755)
    code = f"import os\ntry:\n    {act.format(secret=secret, folder=tmp_path)}\nexcept PermissionError:\n    pass"
    result = run(code)
    assert canary not in str((result.error, result.dropped, result.stdout))
    for path in [*(file.path for file in result.files), *(value.path for value in result.values)]:
        assert canary.encode() not in path.read_bytes()
    folders_are_ours = os.geteuid() != 0  # as root the program cannot rename what belongs to root
    if reason and ("replaced" not in reason or folders_are_ours):
        assert reason in str(result.dropped), (result.dropped, result.error)
        assert names(result) == []


@pytest.mark.parametrize("path", ["../x", "/x", "/sandbox/x", "../../etc/x", "/tmp/../../x", "/etc/x"])
def test_writing_elsewhere_is_refused_or_ignored(run: Run, path: str) -> None:
    result = run(f"try:\n    open({path!r}, 'w').write('x')\nexcept OSError:\n    pass")
    assert result.files == []


def test_swapped_while_read(run: Run, tmp_path: Path) -> None:
    """A process that outlives the program exchanges a file for a link, as fast as it can."""
    secret = tmp_path / "secret"
    secret.write_text("canary")
    result = run(f"""
        import os
        open("x", "w").write("mine")
        if os.fork() == 0:
            os.setsid()
            while True:
                os.symlink("{secret}", "link")
                os.rename("link", "x")
                open("plain", "w").write("mine")
                os.rename("plain", "x")
    """)
    assert result.exit == "done"
    assert all(data in (b"mine", b"") for data in contents(result).values())


def test_devices_cannot_be_made(run: Run) -> None:
    result = run("""
        import os, stat
        try:
            os.mknod("zero", 0o666 | stat.S_IFCHR, os.makedev(1, 5))
        except PermissionError:
            print("refused")
    """)
    assert (result.stdout, result.files) == ("refused\n", [])


def test_many_outputs_are_capped_and_told(run: Run) -> None:
    result = run(
        "import os\nfor number in range(100_000):\n    os.close(os.open(f'{number:06d}', os.O_CREAT))",
        limits=Limits(outputs=50),
    )
    assert names(result) == [f"{number:06d}" for number in range(50)]
    assert len(result.dropped) == 1
    assert "limit of 50 outputs: 99,950 files" in result.dropped[0]
    assert len(result.dropped[0]) < 500


@pytest.mark.slow
def test_too_many_to_look_at(run: Run) -> None:
    result = run(
        "import os\nfor number in range(210_000):\n    os.close(os.open(f'{number:06d}', os.O_CREAT))",
        limits=Limits(outputs=1),
    )
    assert len(result.files) == 1
    assert any("more than 200,000 files" in sentence for sentence in result.dropped)


def test_total_size_is_capped(run: Run) -> None:
    code = "for number in range(5):\n    open(f'{number}', 'wb').write(bytes(1_000_000))"
    result = run(code, limits=Limits(output_total_bytes=3_000_000))
    assert names(result) == ["0", "1", "2"]
    assert "total size" in result.dropped[0]


def test_a_sparse_file_counts_with_its_size(run: Run) -> None:
    result = run("open('x', 'wb').truncate(100_000_000)", limits=Limits(output_total_bytes=10_000_000))
    assert result.files == []
    assert "total size" in result.dropped[0]


def test_unreadable_files_do_no_harm(run: Run) -> None:
    result = run("""
        import os
        open("secretive", "w").write("x")
        os.chmod("secretive", 0)
        os.mkdir("folder")
        open("folder/inner", "w").write("x")
        os.chmod("folder", 0)
        open("fine", "w").write("x")
    """)
    assert "fine" in names(result)


def test_forged_values(run: Run, tmp_path: Path) -> None:
    """The list of artifacts is the program's own; a forged one is checked like any input."""
    secret = tmp_path / "secret"
    secret.write_text("canary")
    result = run(f"""
        import json, os
        entries = [
            {{"type": "file", "name": "a", "file": "../work/x"}},
            {{"type": "file", "name": "a", "file": "{secret}"}},
            {{"type": "file", "name": "../a", "file": "1-1.data"}},
            {{"type": "odd", "name": "a", "file": "1-1.data"}},
            {{"type": "file", "name": "", "file": "1-1.data"}},
            {{"type": "file", "name": "link", "file": "2-2.data"}},
            {{"type": "table", "name": "no rows", "file": "1-1.data"}},
            {{"type": "table", "name": "nan", "file": "3-3.data"}},
            {{"type": "visualization", "name": "no html", "file": "1-1.data"}},
            {{"type": "text", "name": "no text", "file": "4-4.data"}},
            {{"type": "file", "name": "missing", "file": "9-9.data"}},
            [1],
            {{"type": "text", "name": "good", "file": "1-1.data"}},
        ]
        os.chdir("/sandbox/values")
        open("1-1.data", "w").write("text")
        open("3-3.data", "w").write('{{"a": NaN}}\\n')
        open("4-4.data", "wb").write(b"\\xff")
        os.symlink("{secret}", "2-2.data")
        with open("manifest.jsonl", "w") as file:
            file.writelines(json.dumps(entry) + "\\n" for entry in entries)
            file.write("[" * 100_000 + "\\n" + "no json\\n")
    """)
    assert [(value.name, value.path.read_text()) for value in result.values] == [("good", "text")]
    assert len(result.dropped) >= 6


def test_changed_and_unchanged_state(run: Run, tmp_path: Path) -> None:
    before, after = tmp_path / "before", tmp_path / "after"
    (before / "sub").mkdir(parents=True)
    after.mkdir()
    for name in ("same.txt", "sub/changed.txt", "removed.txt", "touched.txt"):
        (before / name).write_text("old")
    (before / "link").symlink_to("/etc/passwd")
    result = run(
        """
        import os
        assert open("same.txt").read() == "old" and not os.path.lexists("link")
        open("sub/changed.txt", "w").write("new")
        os.unlink("removed.txt")
        open("made.txt", "w").write("made")
        """,
        workdir_in=before,
        workdir_out=after,
    )
    assert result.exit == "done", result.error
    assert contents(result) == {"made.txt": b"made", "sub/changed.txt": b"new"}
    kept = {str(path.relative_to(after)): path.read_text() for path in after.rglob("*") if path.is_file()}
    assert kept == {"same.txt": "old", "touched.txt": "old", "made.txt": "made", "sub/changed.txt": "new"}


def test_state_passes_from_run_to_run(run: Run, tmp_path: Path) -> None:
    folders = [tmp_path / str(number) for number in range(4)]
    for folder in folders:
        folder.mkdir()
    for before, after in itertools.pairwise(folders):
        run("open('log', 'a').write('x')", workdir_in=before, workdir_out=after)
    assert (folders[-1] / "log").read_text() == "xxx"


def test_inputs(run: Run, tmp_path: Path) -> None:
    (tmp_path / "data").write_text("content")
    sources = [
        "a.csv",
        "a.csv",
        "../../etc/passwd",
        "..",
        "",
        "C:\\x\\y.txt",
        "n\0ul\n",
        "é" * 300 + ".txt",
        "\ud800",
    ]
    result = run(
        "import os\nfor name in sorted(os.listdir('files')):\n    print(name, open(f'files/{name}').read())",
        inputs=[InputFile(tmp_path / "data", name) for name in sources],
    )
    assert result.exit == "done", result.error
    found = [line.rpartition(" ")[0] for line in result.stdout.splitlines()]
    assert {"a.csv", "a-2.csv", "passwd", "file", "file-2", "y.txt", "n_ul_", "?"} < set(found)
    assert len(found) == len(sources)
    assert result.files == []


@pytest.mark.parametrize("kind", ["link", "folder", "fifo"])
def test_an_input_must_be_a_regular_file(run: Run, tmp_path: Path, kind: str) -> None:
    source = tmp_path / "source"
    if kind == "link":
        source.symlink_to("/etc/passwd")
    elif kind == "folder":
        source.mkdir()
    else:
        os.mkfifo(source)
    with pytest.raises((OSError, ValueError)):
        run("print(open('files/x').read())", inputs=[InputFile(source, "x")])


def test_inputs_of_a_closed_umask(run: Run, tmp_path: Path) -> None:
    source = tmp_path / "private"
    source.write_text("content")
    source.chmod(0o600)
    old = os.umask(0o077)
    try:
        assert run("print(open('files/x').read())", inputs=[InputFile(source, "x")]).stdout == "content\n"
    finally:
        os.umask(old)
