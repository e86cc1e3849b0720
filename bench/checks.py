"""Twenty checks over one table, three of them unique: what it costs to find that all of them hold.

Each tool has the same rows in a folder of its own, made once; only the checking is measured, and it changes nothing.
"""
import os
import pathlib
import subprocess

from thousand_models import write

# Text as ids and codes are, numbers with bounds, two times: what tables of orders have.
ROWS = ("select i as id, 'C' || lpad(i::varchar, 9, '0') as code, i // 4 as order_id, (i % 4 + 1)::int as line, "
        "['new', 'paid', 'sent', 'gone'][1 + (hash(i) % 4)::int] as status, ['EUR', 'PLN', 'USD'][1 + (hash(i + 1) % 3)::int] as currency, "
        "chr(65 + (hash(i + 2) % 26)::int) || chr(65 + (hash(i + 3) % 26)::int) as country, (1 + hash(i + 4) % 50)::int as quantity, "
        "((hash(i + 5) % 100000)::bigint / 100)::decimal(10,2) as price, ((hash(i + 6) % 50)::bigint / 100)::decimal(4,2) as discount, "
        "timestamp '2026-01-01' + interval (i) second as placed_at, "
        "timestamp '2026-01-01' + interval (i + (hash(i + 7) % 90000)::bigint) second as shipped_at from range({rows}) r(i)")
NOT_NULL = ["id", "code", "status", "quantity", "price", "placed_at"]
UNIQUE = [["id"], ["code"], ["order_id", "line"]]
ACCEPTED = {"status": ["new", "paid", "sent", "gone"], "currency": ["EUR", "PLN", "USD"]}
RANGE = {"line": (1, 4), "quantity": (1, 50), "price": (0, 1000), "discount": (0, 0.5)}
PATTERN = {"code": "C[0-9]{9}", "country": "[A-Z]{2}"}
EXPRESSION = {"sent_after_placed": "shipped_at >= placed_at", "discount_below_price": "price * (1 - discount) >= 0"}
CHECKS = len(NOT_NULL) + len(UNIQUE) + len(ACCEPTED) + len(RANGE) + len(PATTERN) + len(EXPRESSION) + 1


def quoted(values):
    return ", ".join(f"'{value}'" for value in values)


def generate(folder, rows, python):
    script = f'import duckdb\nduckdb.execute("""copy ({ROWS.format(rows=rows)}) to \'orders.parquet\'""")\n'
    subprocess.run([python, "-c", script], cwd=folder, check=True)


class Lochan:
    """The table is a model's, in the lake; `lochan check` reads what is published."""

    name = "lochan"
    command = [os.environ.get("LOCHAN_BIN", ""), "check"]
    env = {}
    passed = f"{CHECKS} of {CHECKS} checks passed"

    def prepare(self, folder, rows):
        checks = [f"not_null: [{column}]" for column in NOT_NULL]
        checks += [f"unique: [{', '.join(columns)}]" for columns in UNIQUE]
        checks += [f"accepted_values: {{ column: {column}, values: [{', '.join(values)}] }}" for column, values in ACCEPTED.items()]
        checks += [f"range: {{ column: {column}, min: {low}, max: {high} }}" for column, (low, high) in RANGE.items()]
        checks += [f"pattern: {{ column: {column}, pattern: '{pattern}' }}" for column, pattern in PATTERN.items()]
        checks += [f"expression: {{ expression: '{expression}', name: {name} }}" for name, expression in EXPRESSION.items()]
        checks.append("row_count: { min: 1 }")
        write(folder, "lochan.yaml", "name: checks\nlake: ./lake\nconnections: { drop: 'files:./drop' }\n")
        write(folder, "sources/shop.yaml", "source: shop\nfrom: drop\ntables:\n  orders: { load: full, from: '*.parquet' }\n")
        write(folder, "models/staging/orders.sql", "/* ---\nmaterialized: table\nchecks:\n" + "".join(f"  - {check}\n" for check in checks) +
              "--- */\nselect * exclude (_loaded_at, _run, _source, _deleted, dt) from raw.orders\n")
        pathlib.Path(folder, "drop").mkdir()
        os.link(rows, pathlib.Path(folder, "drop/orders.parquet"))
        subprocess.run([self.command[0], "run"], cwd=folder, check=True, capture_output=True)


class PlainSql:
    """As a person writes it who knows how: seventeen counts in one scan, and one query for each key."""

    env = {}
    passed = "all hold"

    def __init__(self, name, peers, reads):
        self.name, self.peers, self.reads = name, peers, reads
        self.command = [peers + "/python", "checks.py"]

    def prepare(self, folder, rows):
        failing = [f"{column} is null" for column in NOT_NULL]
        failing += [f"{column} not in ({quoted(values)})" for column, values in ACCEPTED.items()]
        failing += [f"{column} < {low} or {column} > {high}" for column, (low, high) in RANGE.items()]
        failing += [f"not regexp_full_match({column}, '{pattern}')" for column, pattern in PATTERN.items()]
        failing += [f"not ({expression})" for expression in EXPRESSION.values()]
        counts = ", ".join(f"count(*) filter (where {condition})" for condition in failing)
        queries = [f"select {counts}, (count(*) < 1)::int from {self.reads}"]
        for columns in UNIQUE:
            names = ", ".join(columns)
            queries.append(f"select count(*) from (select {names} from {self.reads} where {' and '.join(c + ' is not null' for c in columns)} "
                           f"group by {names} having count(*) > 1)")
        os.link(rows, pathlib.Path(folder, "orders.parquet"))
        write(folder, "checks.py", "import duckdb\nc = duckdb.connect('lake.db', read_only=True)\nfailing = []\n" +
              "".join(f'failing += c.execute("""{query}""").fetchone()\n' for query in queries) +
              f"assert len(failing) == {CHECKS}\nprint('some fail' if any(failing) else 'all hold')\n")
        fill(folder, self.peers, rows)


class Soda:
    name = "Soda"

    def __init__(self, soda, peers):
        self.command, self.peers = [soda + "/soda", "scan", "-d", "lake", "-c", "lake.yml", "checks.yml"], peers
        self.env, self.passed = {}, f"{CHECKS}/{CHECKS} checks PASSED"

    def prepare(self, folder, rows):
        self.env = {"HOME": str(folder)}  # where it looks up that it may tell nobody what it is used for
        write(folder, ".soda/config.yml", "send_anonymous_usage_stats: false\n")
        write(folder, "lake.yml", "data_source lake:\n  type: duckdb\n  path: lake.db\n  read_only: true\n")
        checks = [f"missing_count({column}) = 0" for column in NOT_NULL]
        checks += [f"duplicate_count({', '.join(columns)}) = 0" for columns in UNIQUE]
        checks += [f"invalid_count({column}) = 0:\n      valid values: [{quoted(values)}]" for column, values in ACCEPTED.items()]
        checks += [f"invalid_count({column}) = 0:\n      valid min: {low}\n      valid max: {high}" for column, (low, high) in RANGE.items()]
        checks += [f"invalid_count({column}) = 0:\n      valid regex: '^{pattern}$'" for column, pattern in PATTERN.items()]
        checks += [f"failed rows:\n      name: {name}\n      fail condition: not ({expression})" for name, expression in EXPRESSION.items()]
        write(folder, "checks.yml", "checks for orders:\n" + "".join(f"  - {check}\n" for check in checks + ["row_count > 0"]))
        fill(folder, self.peers, rows)


class Dbt:
    """What dbt has no test for is a generic test of the project's, as dbt_utils and dbt_expectations write them."""

    name = "dbt test"
    passed = f"PASS={CHECKS} "
    tests = {"between": ("low, high", "{{ column_name }} < {{ low }} or {{ column_name }} > {{ high }}"),
             "matches": ("pattern", "not regexp_full_match({{ column_name }}, '{{ pattern }}')")}

    def __init__(self, peers):
        self.command, self.peers = [peers + "/dbt", "test"], peers
        self.env = {"DBT_SEND_ANONYMOUS_USAGE_STATS": "false", "DBT_PROFILES_DIR": ".", "DO_NOT_TRACK": "1"}

    def prepare(self, folder, rows):
        write(folder, "dbt_project.yml", "name: checks\nprofile: checks\n")
        write(folder, "profiles.yml", f"checks:\n  target: dev\n  outputs:\n    dev: {{type: duckdb, path: lake.db, threads: {os.cpu_count()}}}\n")
        for name, (arguments, condition) in self.tests.items():
            write(folder, f"tests/generic/{name}.sql", f"{{% test {name}(model, column_name, {arguments}) %}}\n"
                                                       f"select * from {{{{ model }}}} where {condition}\n{{% endtest %}}\n")
        write(folder, "tests/generic/holds.sql", "{% test holds(model, expression) %}\nselect * from {{ model }} where not ({{ expression }})\n{% endtest %}\n")
        write(folder, "tests/generic/unique_together.sql",
              "{% test unique_together(model, columns) %}\nselect {{ columns }} from {{ model }} group by {{ columns }} having count(*) > 1\n{% endtest %}\n")
        write(folder, "tests/generic/has_rows.sql", "{% test has_rows(model) %}\nselect count(*) from {{ model }} having count(*) < 1\n{% endtest %}\n")
        write(folder, "models/sources.yml", "sources:\n  - name: main\n    schema: main\n    tables:\n      - name: orders\n        data_tests:\n" + self.listed())
        fill(folder, self.peers, rows)

    def listed(self):
        of_table, of_column = ["has_rows"], {}
        for columns in UNIQUE:
            if len(columns) > 1:
                of_table.append(f"unique_together: {{arguments: {{columns: '{', '.join(columns)}'}}}}")
            else:
                of_column.setdefault(columns[0], []).append("unique")
        of_table += [f"holds: {{name: {name}, arguments: {{expression: '{expression}'}}}}" for name, expression in EXPRESSION.items()]
        for column in NOT_NULL:
            of_column.setdefault(column, []).append("not_null")
        for column, values in ACCEPTED.items():
            of_column.setdefault(column, []).append(f"accepted_values: {{arguments: {{values: [{quoted(values)}]}}}}")
        for column, (low, high) in RANGE.items():
            of_column.setdefault(column, []).append(f"between: {{arguments: {{low: {low}, high: {high}}}}}")
        for column, pattern in PATTERN.items():
            of_column.setdefault(column, []).append(f"matches: {{arguments: {{pattern: '{pattern}'}}}}")
        lines = "".join(f"          - {test}\n" for test in of_table) + "        columns:\n"
        for column, tests in of_column.items():
            lines += f"          - name: {column}\n            data_tests:\n" + "".join(f"              - {test}\n" for test in tests)
        return lines


def fill(folder, peers, rows):
    script = f"import duckdb\nduckdb.connect('lake.db').execute(\"create table orders as select * from '{rows}'\")\n"
    subprocess.run([peers + "/python", "-c", script], cwd=folder, check=True)


def tools(peers, soda):
    found = [Lochan(), PlainSql("plain SQL in DuckDB", peers, "orders"), PlainSql("plain SQL over Parquet", peers, "'orders.parquet'")]
    return found + ([Soda(soda, peers)] if soda else []) + [Dbt(peers)]
