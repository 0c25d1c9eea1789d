#!/usr/bin/env python3
"""Stops `pretick release`, or lets a system call fail, at every system call that it makes, and looks at what can be read afterwards.

    cargo build --release
    python3 benches/faults/release.py target/release/pretick

Needs strace. The rule: whatever happened, every folder in which noisy files or parts of them can be read has an entry in the register,
and the next release about the same people is refused, or counts it in its ledger. A release that failed before its entry was
written must leave nothing to read. Exit status 0 where the rule held everywhere.

Calls before the program opens its scenario (the loader, the runtime) are left out: nothing has begun there.
"""

import argparse
import collections
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

SCENARIO = """
question = "What may be told of these people?"
name = "made-up"
[histories.source.table]
outcome = "bad"
id = "id"
lender_sees = ["age"]
needs_consent = ["late"]
features = [{ columns = "age", bounds = [18, 90] }, { columns = "late", bounds = [0, 6] }]
[[arm]]
name = "bureau-only"
disclosure = "none"
[[arm]]
name = "dp-aggregates"
disclosure = { cohort-aggregates = { cohort = "table" } }
"""
# Calls that neither read nor write anything that matters here; a process may still be killed in them.
IDLE = {"futex", "rt_sigaction", "rt_sigprocmask", "sched_yield", "madvise", "munmap", "brk", "sigaltstack", "exit_group", "exit"}


class House:
    """A folder with 40 people, with or without an earlier release, with or without an empty folder in the way."""

    def __init__(self, program, made_before):
        self.program = program
        self.path = pathlib.Path(tempfile.mkdtemp(prefix="pretick-faults-"))
        rows = [f"{i},{20 + i},{i % 7},{i % 2}" for i in range(40)]
        (self.path / "people.csv").write_text("id,age,late,bad\n" + "\n".join(rows) + "\n")
        (self.path / "map.toml").write_text(SCENARIO)
        if made_before:
            (self.path / "rel").mkdir()

    def command(self, out, *more):
        fixed = ["release", "map.toml", "--data", "people.csv", "--epsilon", "1", "--out", out]
        return [self.program, *fixed, *more]

    def run(self, command):
        return subprocess.run(command, cwd=self.path, capture_output=True, text=True, timeout=120, check=False)

    def readable(self):
        """Folders of a release that hold something."""
        named = [p for p in self.path.iterdir() if p.is_dir() and re.match(r"rel$|\.rel\.tmp-", p.name)]
        return [p for p in named if any(p.iterdir())]

    def entries(self):
        register = self.path / "pretick-releases.json"
        return json.loads(register.read_text())["releases"] if register.exists() else []

    def close(self):
        shutil.rmtree(self.path)


def calls(program, made_before):
    """(name, which one of that name in its thread) of each system call after the scenario was opened, in the order of the calls."""
    house = House(program, made_before)
    trace = house.path / "trace"
    house.run(["strace", "-f", "-o", str(trace), *house.command("rel")])
    seen, out, begun = collections.Counter(), [], False
    for line in trace.read_text(errors="replace").splitlines():
        found = re.match(r"(\d+)\s+(\w+)\(", line)
        if not found:
            continue
        thread, name = found.groups()
        seen[thread, name] += 1
        begun = begun or "map.toml" in line and name.startswith("open")
        if begun and (name, seen[thread, name]) not in out:
            out.append((name, seen[thread, name]))
    finished = bool(house.readable())
    house.close()
    if not finished:
        sys.exit("the release does not run without faults")
    return out


def check(house, done):
    """What is wrong after a fault, and how the release ended."""
    readable, entries = house.readable(), house.entries()
    published = (house.path / "rel").is_dir() and any((house.path / "rel").iterdir())
    wrong = []
    if len(readable) > len(entries):
        wrong.append(f"{len(readable)} can be read, {len(entries)} paid for")
    if done.returncode == 0 and not (published and len(entries) == 1):
        wrong.append("success without a release or its entry")
    if published and sorted(p.name for p in (house.path / "rel").iterdir()) != FILES:
        wrong.append("half a release is published")
    again = house.run(house.command("next"))
    if again.returncode == 0:
        counted = len(json.loads((house.path / "next/ledger.json").read_text())["releases"])
        if counted != 1 + len(entries):
            wrong.append(f"the next release counts {counted}, expected {1 + len(entries)}")
    elif not published or "--add-to" not in again.stderr:
        wrong.append(f"the next release is refused: {again.stderr.strip()[:200]}")
    else:
        added = house.run(house.command("next", "--add-to", "rel/ledger.json"))
        if added.returncode != 0 or len(json.loads((house.path / "next/ledger.json").read_text())["releases"]) != 2:
            wrong.append(f"what was published cannot be added to: {added.stderr.strip()[:200]}")
    end = "published" if published else "spent, unpublished" if entries else "nothing spent"
    return wrong, end


FILES = ["STATEMENT.md", "cohorts.csv", "cohorts.json", "ledger.json"]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("program")
    parser.add_argument("--every", type=int, default=1, help="take one system call in so many")
    parser.add_argument("--faults", default="kill,EIO,ENOSPC,EACCES")
    args = parser.parse_args()
    program = os.path.abspath(args.program)
    failures = 0
    for made_before in (False, True):
        all_calls = calls(program, made_before)
        print(f"{'into an empty folder' if made_before else 'into a new folder'}: {len(all_calls)} system calls")
        for fault in args.faults.split(","):
            ends, tried = collections.Counter(), 0
            for name, number in all_calls[:: args.every]:
                if fault != "kill" and name in IDLE:
                    continue
                house = House(program, made_before)
                how = "signal=KILL" if fault == "kill" else f"error={fault}"
                inject = f"inject={name}:{how}:when={number}"
                command = ["strace", "-f", "-o", "/dev/null", "-e", f"trace={name}", "-e", inject, *house.command("rel")]
                try:
                    wrong, end = check(house, house.run(command))
                except subprocess.TimeoutExpired:
                    wrong, end = ["hangs"], "hangs"
                tried += 1
                ends[end] += 1
                for fact in wrong:
                    failures += 1
                    print(f"  WRONG: {fault} at {name} {number}: {fact}")
                house.close()
            counts = ", ".join(f"{n} {end}" for end, n in sorted(ends.items()))
            print(f"  {fault}: {tried} faults: {counts}")
    print("the rule held" if failures == 0 else f"the rule was broken {failures} times")
    return int(failures > 0)


if __name__ == "__main__":
    sys.exit(main())
