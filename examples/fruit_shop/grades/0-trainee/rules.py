"""The trainee's answers are what happens when the story of the task is played."""
from grading import Missing, ok

CHOICES = {"why_raw_is_a_log": "b", "why_checks_look_at_what_is_current": "b", "why_one_view": "c"}


def check(work):
    answers = read(work.folder / "answers.txt")
    if empty := [name for name, answer in answers.items() if not answer]:
        raise Missing(f"`{empty[0]}` has no answer", "answers.txt says what is asked; TASK.md how to find it")
    truth = played(work) | CHOICES
    wrong = [name for name, answer in truth.items() if answers.get(name, "").lower() != answer.lower()]
    for name in truth:
        if name not in wrong:
            ok(f"{name} = {answers[name]}")
    if wrong:
        raise Missing(f"not right yet: {', '.join(wrong)}", "play the story again from an empty folder (rm -r data lake .lochan)")


def read(file):
    if not file.is_file():
        raise Missing("there is no answers.txt", "`grades/begin trainee FOLDER` makes one")
    lines = [line.split("=", 1) for line in file.read_text().splitlines() if "=" in line and not line.startswith("#")]
    return {name.strip(): answer.strip() for name, answer in lines}


def played(work):
    """The story, and what it answers."""
    told = {}
    work.live(80, config="simulate.yaml")
    first, second = work.run(), work.run()
    told["tables_published"] = str(len(first["published"]))
    told["steps_of_second_run"] = str(len(second["steps"]))
    told["revenue_of_branch_1"] = work.lake("select revenue from mart.sales_by_branch where branch = 'branch_1'")[0][0]
    told["best_product"] = work.lake("select product from mart.sales_by_product order by revenue desc")[0][0]
    turn(work, "2026-01-07 12:00:00.000000")
    bad = work.run(may_fail=True)
    told["check_failed_on"] = "staging.sale_item"
    told["tables_held_back"] = str(len(bad["held_back"]))
    in_raw = work.number("select count(*) from raw.sale_item where price < 0")
    told["bad_row_is_in_raw"] = "yes" if in_raw else "no"
    turn(work, "2026-01-07 12:30:00.000000")
    work.run()
    told["versions_of_the_row"] = str(work.number("select count(*) from raw.sale_item where _source = 'branch_1' and id = 100"))
    return told


def turn(work, time):
    work.shops[0].change(f"update sale_item set price = -price, updated_at = '{time}' where id = 100")
