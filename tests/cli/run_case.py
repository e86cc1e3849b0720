#!/usr/bin/env python3
"""Runs text tests: a small project, commands, and what they must print.

    tests/cli/run_case.py CASE…             runs them; LOCHAN_BIN names the program (build/dev/lochan by default)
    tests/cli/run_case.py --update CASE…    writes what the commands print into the cases, to be read in review
    tests/cli/run_case.py --keep CASE…      says where the project is, and leaves it there

A case is one text file:

    # What must hold, in words.
    requires: unshare -rm true           a shell command; the case is skipped when it fails
    $ lochan validate                    run by bash in the project's folder; `> ` goes on with the line above
    ok: 1 raw table, 2 models, 3 checks  standard output
    ! an error                           standard error
    [2]                                  the exit code, when it is not 0

    -- models/mart/sale.sql --           a file of the project, up to the next such line

With LOCHAN_TEST_LAKE=s3 each project that keeps its lake in `./lake` has it in a bucket instead, below a prefix of its own.

A case named *_service.case may start servers: `$SERVICES/postgres.sh start` says how to reach one.
A file's lines are written as they stand; `\\x` at the end of its name (`-- a.csv \\x --`) has escapes such as \\xff read.
What differs from run to run is replaced before the comparison: see REPLACED.

With LOCHAN_TEST_STATE=postgresql the state of each project that the case writes is a schema of its own on the server of
tests/services; a case that looks into the state's file, or makes a project itself, says `state: sqlite` in its head; one that looks into the
lake's folder, or names another place for it, says `lake: local`.
"""

import argparse
import difflib
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

SKIPPED = 77
TIMEOUT_SECONDS = 120
FILE = re.compile(r"^-- (\S+)( \\x)? --$")

BUCKET = "lochan-cases"

# In this order. Times are taken off with the blanks before them, so that columns may be as wide as they like.
REPLACED = [
    (re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(\.\d+)?(Z|\+00)?"), "<at>"),
    (re.compile(r"\bdt=\d{4}-\d\d-\d\d"), "dt=<date>"),
    (re.compile(r"\b\d+ min \d+ s\b"), "<time>"),
    (re.compile(r"\b\d+(\.\d+)? (ms|s)\b"), "<time>"),
    (re.compile(r'("seconds": )[0-9.e-]+'), r"\1<seconds>"),
    (re.compile(r'("bytes_(?:read|written)": )[0-9]+'), r"\1<bytes>"),
    (re.compile(r"127\.0\.0\.1:\d+"), "127.0.0.1:<port>"),
    (re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"), "<uuid>"),
    (re.compile(r"\b\d{17,19}\b"), "<snapshot>"),
    (re.compile(r"\d+(\.\d)? (B|kB|MB|GB|TB)\b"), "<bytes>"),
]


class Step:
    """One command with what it must print."""

    def __init__(self, command):
        self.command = command
        self.expected = []


class Case:
    def __init__(self, path):
        self.path = path
        self.lines = path.read_text().splitlines()
        self.head, self.steps, self.files, self.requires = [], [], {}, []
        self.is_for_file = self.is_for_folder = False
        self.tail = self.find_tail()
        self.read_script(self.lines[: self.tail])
        self.read_files(self.lines[self.tail :])

    def find_tail(self):
        for number, line in enumerate(self.lines):
            if FILE.match(line):
                return number
        return len(self.lines)

    def read_script(self, lines):
        for line in lines:
            if line.startswith("$ "):
                self.steps.append(Step([line[2:]]))
            elif not self.steps:
                self.head.append(line)
                if line == "state: sqlite":
                    self.is_for_file = True
                if line == "lake: local":
                    self.is_for_folder = True
                if line.startswith("requires: "):
                    self.requires.append(line[len("requires: ") :])
            elif line.startswith("> ") and not self.steps[-1].expected:
                self.steps[-1].command.append(line[2:])
            else:
                self.steps[-1].expected.append(line)
        for step in self.steps:
            while step.expected and not step.expected[-1]:
                step.expected.pop()

    def read_files(self, lines):
        name, escaped = None, False
        for line in lines:
            match = FILE.match(line)
            if match:
                name, escaped = match.group(1), bool(match.group(2))
                self.files[name] = b""
            else:
                text = line + "\n"
                data = text.encode("latin-1").decode("unicode_escape").encode("latin-1") if escaped else text.encode()
                self.files[name] += data

    def written(self, results):
        """The case's text with these outputs."""
        lines = list(self.head)
        for step, output in zip(self.steps, results):
            if lines and lines[-1] and not lines[-1].startswith("#"):
                lines.append("")
            lines += ["$ " + step.command[0]] + ["> " + line for line in step.command[1:]] + output
        if self.tail < len(self.lines):
            lines += [""] + self.lines[self.tail :]
        return "\n".join(lines) + "\n"


class SharedState:
    """A schema for each project of a case."""

    def __init__(self, folder):
        services = Path(__file__).resolve().parent.parent / "services"
        told = subprocess.run([services / "postgres.sh", "start"], check=True, capture_output=True, text=True).stdout
        self.url = dict(line.split("=", 1) for line in told.splitlines())["POSTGRES_URL"]
        self.name = "case_" + hashlib.sha256(folder.encode()).hexdigest()[:20]
        self.schemas = []

    def put(self, name, data):
        """The file with its state there."""
        if Path(name).name != "lochan.yaml" or b"state: post" in data:
            return data
        schema = f"{self.name}_{len(self.schemas)}"
        self.schemas.append(schema)
        line = f"state: {self.url}?schema={schema}"
        text, count = re.subn(r"(?m)^state: sqlite:.*$", line, data.decode("latin-1"))
        return (text if count else text + line + "\n").encode("latin-1")

    def drop(self):
        sql = "".join(f"drop schema if exists {schema} cascade;" for schema in self.schemas)
        subprocess.run(["psql", "-q", self.url, "-c", f"set client_min_messages = error; {sql}"], check=False, timeout=60)


def normalised(text, folder):
    for path in (os.path.realpath(folder), folder):
        text = text.replace(path, "<dir>")
    for pattern, replacement in REPLACED:
        text = pattern.sub(replacement, text)
    return [line.rstrip() for line in text.splitlines()]


def s3_server():
    """How a case's lake is reached when it lies on S3; empty when it doesn't."""
    if os.environ.get("LOCHAN_TEST_LAKE") != "s3":
        return {}
    script = Path(__file__).resolve().parent.parent / "services" / "s3.sh"
    lines = subprocess.run([script, "start"], check=True, capture_output=True, text=True).stdout.splitlines()
    told = dict(line.split("=", 1) for line in lines)
    keys = told["S3_ACCESS_KEY_ID"], told["S3_SECRET_ACCESS_KEY"]
    command = ["curl", "-sS", "--noproxy", "*", "--user", ":".join(keys), "--aws-sigv4", "aws:amz:us-east-1:s3", "-X", "PUT"]
    subprocess.run([*command, f"{told['S3_ENDPOINT']}/{BUCKET}"], check=True, capture_output=True)
    return {"AWS_ENDPOINT_URL": told["S3_ENDPOINT"], "AWS_ACCESS_KEY_ID": keys[0], "AWS_SECRET_ACCESS_KEY": keys[1]}


def put_on_s3(project):
    """Lines stay where they are: what a case says of them holds."""
    for file in project.glob("**/lochan.yaml"):
        text = file.read_text()
        place = f"lake: s3://{BUCKET}{file.parent}"
        if re.search(r"^lake:", text, re.MULTILINE):
            text = re.sub(r"^lake: \./lake *$", place, text, flags=re.MULTILINE)
        else:
            text += place + "\n"
        file.write_text(text)


def environment(folder, program):
    tools = Path(folder) / ".tools"
    tools.mkdir()
    (tools / "lochan").symlink_to(program)
    # Where the servers of tests/services are, for cases named *_service.case.
    servers = {name: os.environ[name] for name in ("LOCHAN_SERVICES", "LOCHAN_CACHE", "POSTGRES_PORT", "MYSQL_PORT", "S3_PORT", "MOTO_PORT") if name in os.environ}
    return servers | {
        "SERVICES": str(Path(__file__).resolve().parent.parent / "services"),
        "PATH": f"{tools}:{os.environ['PATH']}",
        "HOME": folder,
        "LANG": "C.UTF-8",
        "TZ": "Europe/Warsaw",  # nothing that is printed may depend on it
        "USER": "anna",
        "TERM": "dumb",
    }


def run_step(step, folder, env):
    script = "set -o pipefail\n" + "\n".join(step.command)
    done = subprocess.run(
        ["bash", "-c", script], cwd=folder + "/project", env=env, capture_output=True, timeout=TIMEOUT_SECONDS, stdin=subprocess.DEVNULL
    )
    output = normalised(done.stdout.decode(errors="backslashreplace"), folder + "/project")
    output += [("! " + line).rstrip() for line in normalised(done.stderr.decode(errors="backslashreplace"), folder + "/project")]
    while output and not output[-1]:
        output.pop()
    if done.returncode != 0:
        output.append(f"[{done.returncode}]")
    return output


def run_case(case, folder, program):
    """The output of each step."""
    state = None
    if case.is_for_folder and os.environ.get("LOCHAN_TEST_LAKE") == "s3":
        print(f"{case.path}: skipped, it is for a lake in a folder, or names its lake's place itself")
        return None
    if os.environ.get("LOCHAN_TEST_STATE") == "postgresql":
        if case.is_for_file:
            print(f"{case.path}: skipped, it is for a state in a file")
            return None
        state = SharedState(folder)
    try:
        return run_steps(case, folder, program, state)
    finally:
        if state:
            state.drop()


def run_steps(case, folder, program, state):
    project = Path(folder) / "project"
    project.mkdir()
    for name, data in case.files.items():
        path = project / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(state.put(name, data) if state else data)
    env = environment(folder, program) | s3_server()
    if "AWS_ENDPOINT_URL" in env:
        put_on_s3(project)
    for condition in case.requires:
        if subprocess.run(["bash", "-c", condition], cwd=project, env=env, capture_output=True).returncode != 0:
            print(f"{case.path}: skipped, it requires: {condition}")
            return None
    return [run_step(step, folder, env) for step in case.steps]


def compare(case, results):
    """Prints what differs. True when nothing does."""
    same = True
    for step, output in zip(case.steps, results):
        if output == step.expected:
            continue
        same = False
        print(f"{case.path}: $ " + "\n> ".join(step.command))
        for line in difflib.unified_diff(step.expected, output, "expected", "printed", lineterm="", n=20):
            print("  " + line)
    return same


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("cases", nargs="+", type=Path)
    parser.add_argument("--update", action="store_true")
    parser.add_argument("--keep", action="store_true")
    options = parser.parse_args()
    program = Path(os.environ.get("LOCHAN_BIN", "build/dev/lochan")).resolve()
    code = 0
    for path in options.cases:
        case = Case(path)
        folder = tempfile.mkdtemp(prefix="lochan-case-")
        try:
            results = run_case(case, folder, program)
            if results is None:
                code = code or SKIPPED
            elif options.update:
                path.write_text(case.written(results))
            elif not compare(case, results):
                code = 1
        finally:
            if options.keep:
                print(f"{path}: {folder}/project")
            else:
                shutil.rmtree(folder, ignore_errors=True)
    return code


if __name__ == "__main__":
    sys.exit(main())
