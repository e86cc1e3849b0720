"""The plots and the page of bench/shop_load.py."""
import os

import matplotlib

matplotlib.use("svg")
import matplotlib.pyplot as plt  # noqa: E402

plt.rcParams.update({"svg.hashsalt": "lochan", "font.size": 9, "axes.spines.top": False, "axes.spines.right": False})


def draw(results, folder):
    rates = [f"{result['rate']:g}" for result in results]
    figure, (by_rate, by_time) = plt.subplots(1, 2, figsize=(9, 3.6), layout="constrained")
    for name, style in (("max", ":"), ("p95", "--"), ("p50", "-")):
        by_rate.plot(rates, [result[name] for result in results], style, color="tab:blue", marker="o", markersize=3, label=name)
    by_rate.set(xlabel="sales a second at the shops", ylabel="seconds from commit to publication", ylim=(0, None))
    by_rate.legend(frameon=False)
    for result in results:
        by_time.plot(*zip(*result["points"]), ".", markersize=2, label=f"{result['rate']:g}/s")
    by_time.set(xlabel="seconds since the shops opened", ylabel="seconds from commit to publication", ylim=(0, None))
    by_time.legend(frameon=False, markerscale=4)
    figure.savefig(folder / "latency.svg", metadata={"Date": None})

    figure, axes = plt.subplots(figsize=(5, 3.6), layout="constrained")
    bottom = [0.0] * len(results)
    for name, label in (("cpu_lochan", "lochan run"), ("cpu_server", "PostgreSQL"), ("cpu_shops", "the shops' simulator"), ("other", "all else")):
        heights = [others(result) if name == "other" else result[name] for result in results]
        axes.bar(rates, heights, bottom=bottom, label=label)
        bottom = [one + more for one, more in zip(bottom, heights)]
    axes.axhline(results[0]["cpus"], color="black", linewidth=0.8, linestyle=":")
    axes.set(xlabel="sales a second at the shops", ylabel=f"CPUs in use (of {results[0]['cpus']})")
    axes.legend(frameon=False, fontsize=8, loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2)
    figure.savefig(folder / "cpu.svg", metadata={"Date": None})


def others(result):
    return max(0.0, result["cpu_busy"] - result["cpu_lochan"] - result["cpu_server"] - result["cpu_shops"])


def bound_by(result):
    """What there is no more of."""
    users = {"`lochan run`": result["cpu_lochan"], "PostgreSQL": result["cpu_server"], "the shops' simulator": result["cpu_shops"],
             "other programs": others(result)}
    first, *rest = sorted(users, key=users.get, reverse=True)
    if result["cpu_busy"] > 0.85 * result["cpus"]:
        return f"the CPUs: {result['cpu_busy']:.1f} of {result['cpus']} are busy, {first} has {users[first]:.1f}, {rest[0]} {users[rest[0]]:.1f}"
    if result["cpu_waiting"] > 0.2 * result["cpus"]:
        return f"the disk: {result['cpu_waiting']:.1f} of {result['cpus']} CPUs wait for it"
    if result["shops_too_slow"]:
        return "the shops themselves: each sells in one connection, a statement after the other"
    return "one run after the other: a run's steps wait for each other, and CPUs are left"


def saturation(results):
    for result in results:
        if result["falls_behind"]:
            return (f"Saturated at {result['rate']:g} sales a second: the waiting grows while the shops live, from {result['early']:.1f} to "
                    f"{result['late']:.1f} s. What it is short of: {bound_by(result)}.")
        if result["shops_too_slow"]:
            return (f"At {result['rate']:g} sales a second asked for the shops sell {result['sold']:.0f}, and loading keeps up with them. "
                    f"What they are short of: {bound_by(result)}.")
    return f"Not saturated at {results[-1]['rate']:g} sales a second: the waiting does not grow while the shops live."


def write_report(results, folder, where, seconds):
    load = os.getloadavg()[0]
    lines = ["# Load test of the fruit shop", "",
             f"Two shops in {where}, {seconds} s for each rate, `lochan run` again and again. {results[0]['cpus']} CPUs; the machine's load "
             f"was {load:.0f} at the end.", "", "| asked for, sales/s | sold | published | p50, s | p95, s | max, s | runs | CPUs: lochan | "
             "database | simulator | all else |", "|---|---|---|---|---|---|---|---|---|---|---|"]
    for result in results:
        lines.append("| {rate:g} | {sold:.0f} | {published:.0f} | {p50:.2f} | {p95:.2f} | {max:.2f} | {runs} | {cpu_lochan:.2f} | {cpu_server:.2f} | "
                     "{cpu_shops:.2f} | {other:.2f} |".format(**result, other=others(result)))
    lines += ["", saturation(results), "", "![latency](latency.svg)", "", "![CPU](cpu.svg)", ""]
    text = "\n".join(lines)
    (folder / "report.md").write_text(text)
    return text
