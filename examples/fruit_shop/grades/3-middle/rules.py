"""The lake's history is what was seen at the shops."""
from history_rules import check_history


def check(work):
    check_history(work)
