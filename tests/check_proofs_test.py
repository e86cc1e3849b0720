"""What check_proofs.py says of a page."""

import unittest

from check_proofs import problems_of

TESTS = {"Line.Cut", "Line.*", "cli.run", "connectors kill"}
HEAD = "| | sources, proven by |\n|---|---|\n"
ROWS = "| a cut line | `Line.Cut` `Line.*` |\n" * 9


class CheckProofs(unittest.TestCase):
    def test_what_is_there_is_no_problem(self):
        self.assertEqual(problems_of(HEAD + ROWS + "| a kill | `connectors kill` `cli.run` |\n| none | – |\n", TESTS), [])

    def test_a_test_that_is_gone_is_named_with_its_line(self):
        self.assertEqual(problems_of(HEAD + ROWS + "| a kill | `Line.Killed` |\n", TESTS), ["docs/proofs.md:12: no test `Line.Killed`"])

    def test_a_promise_without_a_test_is_told(self):
        self.assertEqual(problems_of(HEAD + ROWS + "| a kill | surely |\n", TESTS), ["docs/proofs.md:12: `surely` names no test"])

    def test_a_page_without_tables_is_told(self):
        self.assertEqual(problems_of("# What is proven\n", TESTS), ["docs/proofs.md: it has no tables any more"])


if __name__ == "__main__":
    unittest.main()
