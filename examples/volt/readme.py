#!/usr/bin/env python3
"""The parts of README.md that commands make, in a project that was built.

    readme.py check BUCKET     exits 1 and shows what differs when they are not what the commands print now
    readme.py write BUCKET     puts there what they print
    readme.py output FILE      puts there what the demo printed

Called in the project's folder; LOCHAN_BIN names the program. A part stands between `<!-- made by: COMMAND -->` and `<!-- end -->`.
"""
import difflib
import os
import pathlib
import re
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
README = HERE / "README.md"
PART = re.compile(r"(<!-- made by: (.+?) -->\n)(.*?)(<!-- end -->\n)", re.DOTALL)


def said_by(*words):
    return subprocess.run(words, check=True, capture_output=True, text=True).stdout


def layout(bucket):
    """The folders of the lake, with what stands for a name that a machine has made."""
    places = {}
    for line in said_by(HERE.parent / "buckets.py", "list", bucket).splitlines():
        _, key = line.split("\t")
        key = re.sub(r"=\d{4}-\d\d-\d\d/", "=YYYY-MM-DD/", key)
        key = re.sub(r"^(landing/[^/]+/[^/]+/)[^/]+/", r"\1EXTRACTION/", key)
        folder, name = key.rsplit("/", 1) if "/" in key else ("", key)
        places.setdefault(folder, set()).add("*" + "".join(pathlib.PurePath(name).suffixes[-2:] if name.endswith(".metadata.json") else pathlib.PurePath(name).suffixes[-1:]))
    lines = [f"s3://{'BUCKET'}"]
    before = []
    for folder in sorted(places):
        parts = folder.split("/")
        same = 0
        while same < min(len(parts), len(before)) and parts[same] == before[same]:
            same += 1
        for depth in range(same, len(parts)):
            lines.append("  " * (depth + 1) + parts[depth] + "/" + ("   " + ", ".join(sorted(places[folder])) if depth == len(parts) - 1 else ""))
        before = parts
    return "\n".join(lines) + "\n"


def made(command, bucket):
    if command == "the lake's layout":
        return "text", layout(bucket)
    words = command.split()
    text = said_by(os.environ.get("LOCHAN_BIN", "lochan"), *words[1:])
    return "mermaid" if "mermaid" in words else "sql", text


def put_output(text):
    """All of it, and its last step at the top."""
    whole = "<details><summary>all of it</summary>\n\n```text\n" + text.strip() + "\n```\n</details>\n"
    last = text[text.rindex("\n", 0, text.index(". Is it true?")):].strip()
    page = README.read_text()
    for mark, block in (("output", "".join(f"    {line}".rstrip() + "\n" for line in last.splitlines())), ("whole output", whole)):
        page = re.sub(rf"(<!-- {mark} -->\n).*?(<!-- end of {mark} -->)", lambda part: f"{part[1]}\n{block}\n{part[2]}", page, flags=re.DOTALL)
    README.write_text(page)


def main():
    if len(sys.argv) != 3 or sys.argv[1] not in ("check", "write", "output"):
        sys.exit(__doc__)
    task, bucket = sys.argv[1:]
    if task == "output":
        return put_output(pathlib.Path(bucket).read_text())
    old = README.read_text()
    parts = []

    def fill(part):
        kind, text = made(part[2], bucket)
        parts.append(part[2])
        return f"{part[1]}\n```{kind}\n{text.rstrip()}\n```\n{part[4]}"

    new = PART.sub(fill, old)
    if len(parts) < 4:
        sys.exit(f"README.md has {len(parts)} parts made by commands, not four")
    if task == "write":
        README.write_text(new)
    elif new != old:
        sys.stdout.writelines(difflib.unified_diff(old.splitlines(True), new.splitlines(True), "README.md", "what the commands print"))
        sys.exit("README.md is not what the commands print: readme.py write")
    for command in parts:
        print(f"   {command}: as README.md has it" if task == "check" else f"wrote {command}")


if __name__ == "__main__":
    main()
