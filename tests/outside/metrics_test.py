"""`/metrics` of a running server, read by Prometheus' own parser."""

import pathlib
import shutil
import subprocess
import tempfile
import unittest
import urllib.error
import urllib.request

import serve
from prometheus_client.parser import text_string_to_metric_families

ALARMS = pathlib.Path(__file__).resolve().parents[2] / "deploy/prometheus/alarms.yaml"


class Measured(serve.ServeTest):
    def scrape(self, token=serve.TOKEN):
        request = urllib.request.Request(self.server.uri + "/metrics", headers={"Authorization": "Bearer " + token})
        with urllib.request.urlopen(request, timeout=serve.PATIENCE) as answer:
            self.assertTrue(answer.headers["Content-Type"].startswith("text/plain; version=0.0.4"))
            return {family.name: family for family in text_string_to_metric_families(answer.read().decode())}

    def value(self, name, **labels):
        family = self.scrape()[name.removesuffix("_total")]
        return [sample.value for sample in family.samples if sample.name == name and labels.items() <= sample.labels.items()]

    def test_what_a_run_did_is_told(self):
        self.server.start()
        self.assertEqual(self.value("lochan_rows_read_total", step="source:kiosk/kiosk"), [0])
        self.assertEqual(self.server.lochan("run")[0], 0)
        self.assertEqual(self.value("lochan_rows_read_total", step="source:kiosk/kiosk"), [10])
        self.assertEqual(self.value("lochan_runs_total", command="run", state="succeeded"), [1])
        self.assertGreater(self.value("lochan_bytes_written_total", step="mart.total")[0], 0)
        self.assertGreater(self.value("lochan_table_bytes", table="raw.sale")[0], 0)
        self.assertEqual(self.value("lochan_table_data_files", table="mart.total"), [1])
        self.assertLess(self.value("lochan_table_freshness_seconds", table="mart.total")[0], serve.PATIENCE)
        self.assertGreater(self.value("lochan_process_resident_memory_bytes")[0], 1e6)
        # Counters outlive the server.
        self.server.stop()
        self.server.start()
        self.assertEqual(self.value("lochan_rows_read_total", step="source:kiosk/kiosk"), [10])

    def test_histograms_are_whole(self):
        self.server.start()
        self.assertEqual(self.server.lochan("run")[0], 0)
        for name in ("lochan_step_seconds", "lochan_step_queue_seconds", "lochan_run_seconds"):
            samples = self.scrape()[name].samples
            buckets = [sample.value for sample in samples if sample.name == name + "_bucket" and sample.labels.get("kind", "table") == "table"]
            self.assertEqual(buckets, sorted(buckets))
            count = [sample.value for sample in samples if sample.name == name + "_count" and sample.labels.get("kind", "table") == "table"]
            self.assertEqual(buckets[-1:], count)

    def test_who_has_no_token_is_told_nothing(self):
        self.server.start()
        with self.assertRaises(urllib.error.HTTPError) as refused:
            self.scrape(token="wrong")
        self.assertEqual(refused.exception.code, 401)


@unittest.skipUnless(shutil.which("promtool"), "promtool (Debian's `prometheus`) is not installed")
class AsPrometheusSeesIt(serve.ServeTest):
    def promtool(self, *arguments, text=None):
        done = subprocess.run(["promtool", *map(str, arguments)], input=text, capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done.stdout + done.stderr

    def test_measures_and_rules_are_sound(self):
        self.server.start()
        self.assertEqual(self.server.lochan("run")[0], 0)
        request = urllib.request.Request(self.server.uri + "/metrics", headers={"Authorization": "Bearer " + serve.TOKEN})
        with urllib.request.urlopen(request, timeout=serve.PATIENCE) as answer:
            self.assertEqual(self.promtool("check", "metrics", text=answer.read().decode()), "")
        self.assertIn("rules found", self.promtool("check", "rules", ALARMS))

    def test_alarms_sound_when_they_should(self):
        with tempfile.TemporaryDirectory() as folder:
            text = pathlib.Path(__file__).with_name("alarms.test.yaml").read_text()
            rules = pathlib.Path(folder) / "alarms.test.yaml"
            rules.write_text(text.replace("ALARMS", str(ALARMS)))
            self.assertIn("SUCCESS", self.promtool("test", "rules", rules))


if __name__ == "__main__":
    unittest.main()
