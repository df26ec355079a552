"""One race: each solver from its loosest tolerance on, until the verified gap is below the least target or its budget is spent.

A time counts for a target if the gap that it bought, computed by us, is not above it; the fastest such tolerance is what a
solver needs.  Times are then taken again in turn, one solver after another, so that whatever else the machine does slows all
alike; those that count for a target come first.
"""

import statistics

TARGETS = (1e-4, 1e-8)
ROUNDS = 9
SLICE = 0.03  # seconds of one solver at one tolerance before the next has its turn


def compete(names, ask, tolerances, budget, targets=TARGETS, rounds=ROUNDS):
    """For each name its points, what they say for each target, and why it was cut off.

    ask(name, tol, seconds, verify): {"seconds": [], "gap": } or {"error": sentence}, which ends the solver's part.
    tolerances: name -> those to try, in falling order.  budget: seconds of each solver to find its points, and as
    many to repeat them.
    """
    results = {name: {"points": [], "cut": None} for name in names}
    for name in names:
        explore(results[name], lambda tol, name=name: ask(name, tol, 0.0, True), tolerances[name], budget, min(targets))
    repeat(results, ask, budget, rounds, max(targets))
    for result in results.values():
        for point in result["points"]:
            samples = point.pop("samples")
            point |= {"min": min(samples), "median": statistics.median(samples), "samples": len(samples)}
        result["at"] = {f"{target:g}": best(result["points"], target) for target in targets}
    return results


def explore(result, ask, tolerances, budget, least):
    """Points (tol, gap, samples) from the loosest tolerance on; `cut`: why they end, if the last is not near enough."""
    spent = 0.0  # by the solver: verifying takes its own time
    for tol in tolerances:
        last = result["points"][-1]["samples"][0] if result["points"] else 0.0
        if result["points"] and spent + last > budget:  # the next takes as long at least
            result["cut"] = f"{budget:g} s are spent"
            return
        reply = ask(tol)
        if "error" in reply:
            result["cut"] = reply["error"]
            return
        spent += sum(reply["seconds"])
        result["points"].append({"tol": tol, "gap": reply["gap"], "samples": list(reply["seconds"])})
        if reply["gap"] <= least:
            return
    result["cut"] = "no tolerance is near enough"


def repeat(results, ask, budget, rounds, target):
    """Add samples in turn, to points that count for a target and then to others; who fails, or has spent its share, leaves."""
    left = dict.fromkeys(results, budget)
    for counts in (True, False):
        for _ in range(rounds):
            for name, result in results.items():
                for point in result["points"]:
                    if (point["gap"] <= target) is not counts or left[name] < point["samples"][0]:
                        continue
                    reply = ask(name, point["tol"], SLICE, False)
                    if "error" in reply:
                        left[name] = -1.0
                        continue
                    point["samples"] += reply["seconds"]
                    left[name] -= max(SLICE, sum(reply["seconds"]))


def best(points, target):
    """The fastest point whose gap is at most the target, or None."""
    near = [point for point in points if point["gap"] <= target]
    return min(near, key=lambda point: point["min"]) if near else None


def winner(results, target):
    """(name, point) of the fastest solver other than fastreg at a target, or None."""
    rivals = [(name, result["at"][f"{target:g}"]) for name, result in results.items() if name != "fastreg"]
    rivals = [(name, point) for name, point in rivals if point]
    return min(rivals, key=lambda rival: rival[1]["min"]) if rivals else None


def ratio(results, target):
    """The best rival's time over that of fastreg: above 1 fastreg wins.  None where one of the two did not get there."""
    rival, own = winner(results, target), results.get("fastreg", {}).get("at", {}).get(f"{target:g}")
    return rival[1]["min"] / own["min"] if rival and own else None
