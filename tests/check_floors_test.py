#!/usr/bin/env python3
"""check_floors.py lets a sound house stand and names what is wrong in a crooked one."""

import tempfile
import unittest
from pathlib import Path

import check_floors


class CheckFloors(unittest.TestCase):
    def check(self, files):
        """What the check says of a house with these files, every one a list of what it includes."""
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder)
            (root / "cmake").mkdir()
            (root / "cmake" / "floors.txt").write_text("base\nsource\nsink\nrun\n")
            for name, content in files.items():
                path = root / "src" / name
                path.parent.mkdir(parents=True, exist_ok=True)
                lines = content if isinstance(content, str) else "".join(f'#include "{i}"\n' for i in content)
                path.write_text(lines)
            return check_floors.check(root)

    def test_accepts_includes_from_the_same_and_from_lower_floors(self):
        files = {"base/a.h": [], "source/b.h": ["base/a.h"], "run/c.cc": ["run/c.h", "source/b.h"], "run/c.h": []}
        self.assertEqual(self.check(files), ([], []))

    def test_refuses_what_is_crooked(self):
        cases = [
            ({"base/a.h": ["run/c.h"], "run/c.h": []},
             "src/base/a.h:1: includes upwards: `base` may not know `run`"),
            ({"sink/a.h": ["source/b.h"], "source/b.h": []},
             "src/sink/a.h:1: `sink` and `source` may not know each other"),
            ({"source/b.h": ["sink/a.h"], "sink/a.h": []},
             "src/source/b.h:1: includes upwards: `source` may not know `sink`"),
            ({"sink/a.h": "struct Row {\n};\n", "source/b.h": "class Row final : public X {\n};\nstruct Y;\n"},
             "src/source/b.h: `Row` is also the name of a type in src/sink/a.h"),
            ({"base/a.h": ["base/gone.h"]},
             "src/base/a.h:1: includes `base/gone.h`, which is not in src/"),
            ({"base/a.h": ["base/b.h"], "base/b.h": ["base/a.h"]},
             "files include each other in a circle: base/a.h -> base/b.h -> base/a.h"),
            ({"attic/a.h": []},
             "src/attic/a.h: its folder is not a floor of cmake/floors.txt"),
            ({"base/utils.h": []},
             "src/base/utils.h: `utils` says nothing; name the file for what is in it"),
            ({"base/a.cc": "\n" * 801},
             "src/base/a.cc: 801 lines, at most 800 are allowed"),
        ]
        for files, wanted in cases:
            with self.subTest(wanted):
                self.assertEqual(self.check(files), ([wanted], []))

    def test_warns_of_a_file_that_grows_long(self):
        wanted = (["src/base/a.cc: 501 lines, split it before it has 800"])
        self.assertEqual(self.check({"base/a.cc": "\n" * 501}), ([], wanted))


if __name__ == "__main__":
    unittest.main()
