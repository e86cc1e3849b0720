"""Each connector on its real server, disturbed in each way; afterwards it must hold what the other side holds, row for row.

  connectors.py [MODE…] [--scene NAME…] [--every N | --times N] [--rows N] [--seed S]

  kill       SIGKILL at the n-th write or message that writes; at each of them with `--every 1`
  interrupt  Ctrl-C at a random instant: exit 130, or done
  full       no space from the n-th write on: the message says so
  cut        the server's answers end after some bytes
  chaos      the way is cut and restored again and again, at random instants
  slow       each answer takes 40 ms and comes through a thin line
  away       the server can't be reached, and is back
  wrong      credentials that are wrong: told in words, with what to do, and no secret in them
  many       a million rows (`--rows`) within the memory that docs/proofs.md states; carried out, a hundredth of them changed too

Of the scenes (connector_scenes.py) all by default: api, folder, bucket, web, to_folder, to_bucket, to_postgres, documents, models, migrate.
`documents` needs pymongo: cmake/venv.sh prints a Python that has it.
"""
import argparse
import random
import re
import signal
import sys
import threading
import time

from connector_scenes import SCENES, Carried, CarriedToFolder, Folder
from shop_lake import Broken, clean, fault_library, finish, must_succeed, work_folder

SAYS_FULL = "(?i)no space|disk is full|disk full|full disk"


def end_well(scene):
    """Whatever was: the next call is whole."""
    scene.must(*scene.command)
    scene.must_be_equal()


def be_done(scene):
    """And when there was one more thing to do, nothing is left of what was."""
    scene.change()
    end_well(scene)
    scene.must_have_nothing_to_do()
    scene.must_be_tidy()


def must_tell(scene, done, *words, codes=(1,)):
    said = done.stdout + done.stderr
    if done.returncode not in codes:
        raise Broken(f"exit {done.returncode}, wanted {codes}\n{said}")
    if done.returncode and re.search(r"internal error|terminate called|assertion", said, re.IGNORECASE):
        raise Broken(f"it blames itself:\n{said}")
    for word in words:
        if done.returncode and not re.search(word, said):
            raise Broken(f"the message does not say `{word}`:\n{said}")


def of_connection(scene):
    """How a message names the connection: by its name, or by the step that is its own."""
    return rf"connection `{scene.connection}`|(source|sink):\S*{scene.connection}\b"


def count_writes(scene, library):
    path = scene.folder / "count"
    done = scene.lochan(*scene.command, env={"LD_PRELOAD": str(library), "FAULT_SENDS": "1", "FAULT_COUNT_FILE": str(path)})
    must_tell(scene, done, codes=(0,))
    scene.must_be_equal()
    return int(path.read_text().split()[1])


def places(options, count, chooser):
    if options.every:
        return list(range(1 + chooser.randrange(options.every), count + 1, options.every))
    step = count / options.times
    return [1 + int(step * (i + chooser.random())) for i in range(options.times)]


def at_writes(scene, options, chooser, faults):
    library = fault_library(scene.folder)
    scene.change()
    if not options.first:
        end_well(scene)
        scene.change()
    count = count_writes(scene, library)
    chosen, ended = places(options, count, chooser), 0
    for place in chosen:
        disturbed = scene.another() if options.first else scene
        disturbed.change()
        done = disturbed.lochan(*disturbed.command, env={"LD_PRELOAD": str(library), "FAULT_SENDS": "1", **faults(place)})
        try:
            if "FAULT_FULL_FROM" in faults(place):
                must_tell(disturbed, done, SAYS_FULL, codes=(0, 1))
            ended += done.returncode != 0
            end_well(disturbed)
            if options.first:
                disturbed.close()
        except Broken as broken:
            raise Broken(f"at write {place} of {count} (exit {done.returncode}): {broken}") from None
    be_done(scene)
    return f"{ended} of {len(chosen)} places of {count} writes ended it"


def kill(scene, options, chooser):
    return at_writes(scene, options, chooser, lambda place: {"FAULT_KILL_AT": str(place), "FAULT_TORN": str(place % 2)})


def full(scene, options, chooser):
    return at_writes(scene, options, chooser, lambda place: {"FAULT_FULL_FROM": str(place)})


def interrupt(scene, options, chooser):
    scene.change()
    begin = time.monotonic()
    scene.must(*scene.command)
    usual = time.monotonic() - begin
    stopped = 0
    for _ in range(options.times):
        scene.change()
        process = scene.start(*scene.command)
        time.sleep(chooser.uniform(0.02, usual))
        process.send_signal(signal.SIGINT)
        must_tell(scene, done := finish(process, 60), codes=(0, 130, -signal.SIGINT))
        stopped += done.returncode != 0
        end_well(scene)
    be_done(scene)
    return f"{stopped} of {options.times} stopped"


def proxy_kinds(scene):
    return sorted({name.split("-")[0] for name in scene.proxies.names})


def cut(scene, options, chooser):
    stopped = 0
    scene.change()
    end_well(scene)
    for i in range(options.times):
        kind = chooser.choice(proxy_kinds(scene))
        scene.change()
        size = int(10 ** (1 + 3.5 * (i + chooser.random() / 2) / options.times))  # the first ones end all
        scene.proxies.disturb(kind, "limit_data", bytes=size)
        done = scene.lochan(*scene.command)
        scene.proxies.calm(kind)
        try:
            must_tell(scene, done, of_connection(scene), codes=(0, 1))
            stopped += done.returncode != 0
            end_well(scene)
        except Broken as broken:
            raise Broken(f"cut after {size} B of `{kind}`: {broken}") from None
    if not stopped:
        raise Broken("no cut ended it")
    be_done(scene)
    return f"{stopped} of {options.times} ended it"


def chaos(scene, options, chooser):
    stopped = 0
    for _ in range(options.times):
        scene.change()
        process = scene.start(*scene.command)

        def disturb(process=process):
            while process.poll() is None:
                time.sleep(chooser.uniform(0.02, 0.4))
                kind = chooser.choice(proxy_kinds(scene))
                scene.proxies.set(kind, False)
                time.sleep(chooser.choice([0.02, 0.3, 1]))
                scene.proxies.set(kind, True)

        disturbing = threading.Thread(target=disturb)
        disturbing.start()
        done = finish(process)
        disturbing.join()
        must_tell(scene, done, of_connection(scene), codes=(0, 1))
        stopped += done.returncode != 0
        end_well(scene)
    be_done(scene)
    return f"{stopped} of {options.times} ended it"


def slow(scene, options, chooser):
    scene.change()
    for kind in proxy_kinds(scene):
        scene.proxies.disturb(kind, "latency", latency=40, jitter=20)
        scene.proxies.disturb(kind, "bandwidth", rate=200)
    begin = time.monotonic()
    end_well(scene)
    took = time.monotonic() - begin
    for kind in proxy_kinds(scene):
        scene.proxies.calm(kind)
    return f"{took:.1f} s"


def away(scene, options, chooser):
    scene.change()
    end_well(scene)
    for kind in proxy_kinds(scene):
        scene.change()
        scene.proxies.set(kind, False)
        begin = time.monotonic()
        done = scene.lochan(*scene.command)
        took = time.monotonic() - begin
        scene.proxies.set(kind, True)
        must_tell(scene, done, of_connection(scene), r"refused|Failed to connect|Couldn't connect|closed|Connection|no answer")
        end_well(scene)
    return f"told after {took:.1f} s"


def wrong(scene, options, chooser):
    for what, file, right, other, says in scene.wrong:
        scene.change()
        path = scene.folder / file
        text = path.read_text()
        if right not in text:
            raise Broken(f"{what}: no `{right}` in {file}")
        path.write_text(text.replace(right, other))
        done = scene.lochan(*scene.command)
        path.write_text(text)
        try:
            must_tell(scene, done, says, codes=(1, 2))  # 2: the plan finds it out
            if "lochan-secret" in done.stdout + done.stderr or "wrong" in done.stdout + done.stderr:
                raise Broken(f"a secret is shown:\n{done.stdout}{done.stderr}")
            end_well(scene)
        except Broken as broken:
            raise Broken(f"{what}: {broken}") from None
    return ", ".join(what for what, *_ in scene.wrong)


def peak_kilobytes(process):
    """Watched, as what a process used before its exec counts in its rusage."""
    peak = 0
    while process.poll() is None:
        try:
            with open(f"/proc/{process.pid}/status", encoding="ascii") as status:
                peak = max([peak, *(int(line.split()[1]) for line in status if line.startswith("VmHWM"))])
        except OSError:
            break
        time.sleep(0.01)
    return peak


def watched(scene):
    """Runs it to its end; what memory it took."""
    process, peak = scene.start(*scene.command), [0]
    watching = threading.Thread(target=lambda: peak.insert(0, peak_kilobytes(process)))
    watching.start()
    must_succeed(finish(process, 1800))
    watching.join()
    if not 0 < peak[0] <= scene.kilobytes:
        raise Broken(f"it took {peak[0]} kB of memory, and may take {scene.kilobytes}")
    scene.must_be_equal()
    return peak[0] // 1024


def many(scene, options, chooser):
    scene.change()
    took = [watched(scene)]
    if isinstance(scene, Carried):
        scene.change_hundredth()
        took.append(watched(scene))
        scene.must_have_nothing_to_do()
    return f"{options.rows} rows in {' MB, a hundredth changed in '.join(map(str, took))} MB of {scene.kilobytes // 1024}"


MODES = {mode.__name__: mode for mode in (kill, interrupt, full, cut, chaos, slow, away, wrong, many)}
NOT_FOR = {Folder: {"cut", "chaos", "slow", "away", "wrong"}, CarriedToFolder: {"cut", "chaos", "slow", "away", "wrong"}}


def play(name, mode, options):
    folder = work_folder("connectors")
    failed, scene = 0, None
    begin = time.monotonic()
    try:
        scene = SCENES[name](folder / "project", *([options.rows] if mode == "many" else []))
        told = MODES[mode](scene, options, random.Random(options.seed))
        print(f"{mode} {name}: {told}, {time.monotonic() - begin:.1f} s", flush=True)
    except Broken as broken:
        print(f"FAILED {mode} {name}: {broken}", flush=True)
        failed = 1
    if scene:
        scene.close()
    clean(folder, failed)
    return failed


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("modes", nargs="*", metavar="MODE", help="all by default")
    parser.add_argument("--scene", nargs="+", choices=SCENES, default=list(SCENES))
    parser.add_argument("--every", type=int, help="at each N-th write")
    parser.add_argument("--times", type=int, default=5)
    parser.add_argument("--first", action="store_true", help="kill, full: in the very first run, of a new project each time")
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=7)
    options = parser.parse_args()
    if unknown := set(options.modes) - set(MODES):
        parser.error(f"no mode {', '.join(unknown)}: there are {', '.join(MODES)}")
    failures = 0
    for mode in options.modes or MODES:
        for name in options.scene:
            if mode not in NOT_FOR.get(SCENES[name], set()):
                failures += play(name, mode, options)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
