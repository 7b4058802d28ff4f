#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
#
# setup_cases.py PROGRAM WORK CASES: run "coaming setup" on every case of tests/golden/setup or
# tests/bad/setup, which CASES names.
#
#	args    its arguments; before/ the files that are there, below another "/"
#	out     golden: what it prints; error: bad: the one line on standard error
#
# Golden: --dry-run writes nothing; the diff is that of diff -u; the second run changes nothing;
# --remove gives every byte back, and the second --remove finds nothing. Bad: status 2, nothing
# written. GOLDEN_WRITE=1 writes out and error anew.

import os
import shutil
import subprocess
import sys

PROGRAM, WORK, CASES = sys.argv[1:4]
ROOT = WORK + "/root"
BIN = os.path.dirname(PROGRAM)


class Wrong(Exception):
    pass


def must_be(seen, expected, what):
    if seen != expected:
        raise Wrong(f"{what}:\n--- seen\n{seen}\n--- expected\n{expected}")


def write_file(path, text, mode=0o644):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    os.chmod(path, mode)


# Another host's "/", with coaming and crun installed. Nothing of it is executed.
def make_tree(case):
    shutil.rmtree(ROOT, ignore_errors=True)
    shutil.copytree(case + "/before", ROOT, copy_function=shutil.copyfile)
    for path in (f"{BIN}/coaming-runtime", "/usr/bin/crun", "/usr/libexec/coaming/coaming-hook"):
        write_file(ROOT + path, "", 0o755)
    os.makedirs(ROOT + "/usr/share/coaming/hooks.d")
    for directory, names, _ in os.walk(ROOT):
        os.chmod(directory, 0o755)


def files():
    found = {}
    for directory, _, names in os.walk(ROOT):
        for name in names:
            path = os.path.join(directory, name)
            status = os.lstat(path)
            with open(path, "rb") as file:
                found[path] = (status.st_mode, status.st_uid, status.st_gid, file.read())
    return found


def setup(*args):
    done = subprocess.run([PROGRAM, "setup", "--root", ROOT, *args], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, env={"LC_ALL": "C"}, check=False)
    return (done.returncode, done.stdout.decode().replace(ROOT, "ROOT"),
            done.stderr.decode().replace(ROOT, "ROOT"))


def succeed(*args):
    status, out, error = setup(*args)
    must_be((status, error), (0, ""), f"coaming setup {' '.join(args)}")
    return out


# What the file holds when all is said, as diff(1) sees it.
def diff_of(before):
    text = ""
    for path, (_, _, _, new) in files().items():
        if path in before and before[path][3] != new:
            name = path.replace(ROOT, "ROOT")
            write_file(WORK + "/was", "")
            with open(WORK + "/was", "wb") as file:
                file.write(before[path][3])
            text += subprocess.run(["diff", "-u", "--label", name, "--label", name, WORK + "/was", path],
                                   stdout=subprocess.PIPE, check=False).stdout.decode()
    return text


def check_golden(case, engine, args):
    before = files()
    succeed("--dry-run", *args)
    must_be(files(), before, "files after --dry-run")
    out = succeed(*args)
    if os.environ.get("GOLDEN_WRITE"):
        write_file(case + "/out", out)
    with open(case + "/out", encoding="utf-8", newline="") as file:
        must_be(out, file.read(), "output")
    shown = "".join(line for line in out.splitlines(keepends=True) if not line.startswith(engine + ": "))
    if not shown.startswith("--- /dev/null\n"):
        must_be(shown, diff_of(before), "diff")
    after = files()
    must_be(any(path not in after or after[path] != before[path] for path in before
                if "/etc/" in path) or len(after) > len(before), True, "that something was written")
    must_be(succeed(*args), engine + ": nothing to change\n", "the second run")
    must_be(files(), after, "files after the second run")
    must_be(succeed("--list").split()[:1], [engine], "engines listed")
    succeed(engine, "--remove", "--dry-run")
    must_be(files(), after, "files after --remove --dry-run")
    told = succeed(engine, "--remove")
    must_be("made with this runtime does not start any more" in told, engine in ("docker", "podman"),
            "what is told of containers that are there")
    if not case.endswith("-old-path"):  # what was there before named coaming, and must not
        must_be(files(), before, "files after --remove")
    must_be(succeed("--list"), "", "engines listed after --remove")
    must_be(succeed(engine, "--remove"), engine + ": nothing to remove\n", "the second --remove")


def check_bad(case, engine, args):
    before = files()
    status, _, error = setup(*args)
    if os.environ.get("GOLDEN_WRITE"):
        write_file(case + "/error", error)
    with open(case + "/error", encoding="utf-8") as file:
        must_be((status, error), (2, file.read()), "status and error")
    must_be(error.count("\n"), 1, "lines of the error")
    must_be(files(), before, "files")


def main():
    bad = 0
    cases = sorted(os.listdir(CASES))
    for name in cases:
        case = os.path.join(CASES, name)
        with open(case + "/args", encoding="utf-8") as file:
            args = file.read().split()
        make_tree(case)
        try:
            (check_golden if "golden" in CASES else check_bad)(case, args[0] if args else "", args)
        except Wrong as wrong:
            bad += 1
            print(f"{name}: {wrong}")
    print(f"{len(cases)} cases, {bad} wrong")
    return 1 if bad or len(cases) < 20 else 0


sys.exit(main())
