"""`lochan serve` as an operator has it: started, reloaded, killed, stopped."""

import json
import os
import signal
import socket
import tempfile
import unittest

import serve

BROKEN = "select count(*) as sales from raw.sales\n"


class Operated(serve.ServeTest):
    def problems(self):
        return self.server.get("/ready")[1]["problems"]

    def columns(self):
        """What a run makes of the model as it is served."""
        code, output = self.server.lochan("query", "--output", "json", "select * from mart.total")
        self.assertEqual(code, 0, output)
        return output

    def test_it_tells_how_it_is(self):
        self.server.start()
        self.assertEqual(self.server.get("/health", token=None), (200, {"status": "alive"}))
        status, ready = self.server.get("/ready")
        self.assertEqual((status, ready["status"], ready["project"], ready["problems"]), (200, "ready", "kiosk", []))
        # To a stranger it says no more than whether.
        self.assertEqual(self.server.get("/ready", token=None), (200, {"status": "ready"}))
        self.assertEqual(self.server.stop(), 0)
        self.assertIn('event="stopping"', self.server.log())

    def test_who_has_no_token_is_told_so(self):
        self.server.start()
        for path in ("/api/runs", "/v1/config", "/v1/main/namespaces"):
            for token in (None, "wrong"):
                status, document = self.server.get(path, token=token)
                self.assertEqual((status, document["error"]["type"], document["error"]["code"]), (401, "NotAuthorizedException", 401), path)
        self.assertEqual(self.server.get("/api/runs"), (200, {"runs": []}))
        self.assertEqual(self.server.get("/api/nothing")[0], 404)
        self.assertEqual(self.server.ask("DELETE", "/api/runs")[0], 405)

    def test_it_lists_runs_and_shows_one(self):
        self.server.start()
        self.assertEqual(self.server.lochan("run")[0], 0)
        status, document = self.server.get("/api/runs")
        self.assertEqual((status, [(run["run"], run["state"]) for run in document["runs"]]), (200, [(1, "succeeded")]))
        status, run = self.server.get("/api/runs/1")
        self.assertEqual((status, sorted(step["step"] for step in run["steps"])), (200, ["mart.total", "source:kiosk/kiosk"]))
        self.assertEqual(self.server.get("/api/runs/7")[0], 404)
        self.assertEqual(self.server.get("/api/runs/x")[0], 400)

    def test_it_serves_no_other_address_without_a_token(self):
        self.server.token = ""
        with self.assertRaisesRegex(AssertionError, "(?s)it ended with 2.*`serve` has no `token`, and others reach `0.0.0.0`"):
            self.server.start("--address", "0.0.0.0")
        self.server.start()
        self.assertEqual(self.server.get("/api/runs", token=None)[0], 200)
        # A page that somebody here has open can't ask in their name.
        self.assertEqual(self.server.get("/api/runs", token=None, headers={"Origin": "http://evil.example"})[0], 403)
        self.assertEqual(self.server.get("/api/runs", token=None, headers={"Host": "evil.example"})[0], 403)

    def test_a_second_one_is_refused(self):
        self.server.start()
        code, output = self.server.lochan("serve", "--port", "0")
        self.assertEqual(code, 1)
        self.assertRegex(output, f"another `lochan serve` serves .* already at {self.server.uri}, process {self.server.process.pid}")
        # One that was killed isn't in the way.
        self.server.stop(signal.SIGKILL)
        self.server.start()

    def test_the_second_signal_ends_it_at_once(self):
        self.server.start()
        os.kill(self.server.process.pid, signal.SIGSTOP)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGCONT):
            os.kill(self.server.process.pid, number)
        self.assertIn(self.server.process.wait(timeout=serve.PATIENCE), (0, 130))

    def test_a_changed_project_takes_effect(self):
        self.server.start()
        self.server.write("models/mart/total.sql", "select count(*) as number from raw.sale\n")
        self.server.wait_for(lambda: "another state of the project is served" in self.server.log(), "the reload")
        self.assertEqual(self.problems(), [])
        # A folder that wasn't there before, and a file of it that comes later.
        os.makedirs(self.server.path("models/report"))
        before = self.server.log().count("another state of the project is served")
        self.server.write("models/report/total.sql", "select number from mart.total\n")
        self.server.wait_for(lambda: self.server.log().count("another state of the project is served") > before, "the second reload")

    def test_a_changed_token_takes_effect(self):
        self.server.start()
        self.server.write("lochan.yaml", serve.PROJECT.format(more="serve: { token: another-token }"))
        self.server.wait_for(lambda: self.server.get("/api/runs", token="another-token")[0] == 200, "the new token")
        self.assertEqual(self.server.get("/api/runs")[0], 401)

    def test_a_broken_project_keeps_the_old_one_and_says_so(self):
        self.server.start()
        copies = os.listdir(self.server.path(".lochan/serve"))
        self.server.write("models/mart/total.sql", BROKEN)
        problems = self.server.wait_for(self.problems, "the problem")
        self.assertEqual([(problem["part"], problem["file"]) for problem in problems], [("project", "models/mart/total.sql")])
        self.assertIn("raw.sales", problems[0]["message"])
        self.assertEqual(self.server.get("/ready")[1]["status"], "troubled")
        self.assertIn('event="the project\'s files are broken: what was served before stays"', self.server.log())
        # What is started now works by what was served before, whatever lies there.
        os.environ["LOCHAN_PROJECT_COPY"] = self.server.path(".lochan/serve", copies[0])
        self.addCleanup(os.environ.pop, "LOCHAN_PROJECT_COPY", None)
        code, output = self.server.lochan("run")
        self.assertEqual(code, 0, output)
        del os.environ["LOCHAN_PROJECT_COPY"]
        self.assertEqual(self.server.lochan("run")[0], 2)
        self.server.write("models/mart/total.sql", serve.MODEL)
        self.server.wait_for(lambda: not self.problems(), "its end")
        self.assertIn('event="the project\'s files are sound again"', self.server.log())

    def test_a_file_that_cannot_be_read_keeps_the_old_one(self):
        self.server.start()
        self.server.write("lochan.yaml", "name: [\n")
        problems = self.server.wait_for(self.problems, "the problem")
        self.assertEqual(problems[0]["file"], "lochan.yaml")
        self.assertEqual(self.server.get("/api/runs")[0], 200)

    def test_what_needs_a_restart_says_so(self):
        self.server.start()
        self.server.write("lochan.yaml", serve.PROJECT.format(more=self.more + "\nlake: ./another"))
        problems = self.server.wait_for(self.problems, "the problem")
        self.assertEqual(problems[0]["hint"], "restart `lochan serve`")

    def test_another_address_is_told_and_all_else_takes_effect(self):
        port = serve.free_port()
        said = f"serve: {{ token: ${{LOCHAN_TOKEN:-}}, port: {port} }}"
        self.server.write("lochan.yaml", serve.PROJECT.format(more=said))
        self.server.start(port=None)
        self.assertEqual(self.server.uri, f"http://127.0.0.1:{port}")
        self.server.write("lochan.yaml", serve.PROJECT.format(more="serve: { token: another-token, port: 7421, address: '127.0.0.2' }"))
        self.server.wait_for(lambda: self.server.get("/api/runs", token="another-token")[0] == 200, "the new token")
        problems = self.server.get("/ready", token="another-token")[1]["problems"]
        self.assertEqual([(problem["part"], problem["message"], problem["hint"]) for problem in problems],
                         [("address", "`address` of `serve` is `127.0.0.2` now, and `127.0.0.1` is listened on", "restart `lochan serve`"),
                          ("address", f"`port` of `serve` is 7421 now, and {port} is listened on", "restart `lochan serve`")])
        self.assertIn('event="the server stays where it is"', self.server.log())
        self.server.write("lochan.yaml", serve.PROJECT.format(more=said))
        self.server.wait_for(lambda: self.server.get("/ready")[1].get("problems") == [], "its end")

    def test_the_token_is_not_taken_away_from_what_others_reach(self):
        self.server.start("--address", "0.0.0.0")
        self.server.uri = self.server.uri.replace("0.0.0.0", "127.0.0.1")
        self.server.write("lochan.yaml", serve.PROJECT.format(more=""))
        problems = self.server.wait_for(self.problems, "the problem")
        self.assertEqual(problems[0]["message"], "`serve` has no `token`, and others reach `0.0.0.0`")
        self.assertEqual(self.server.get("/api/runs", token=None)[0], 401)

    def test_a_project_that_was_broken_from_the_start_says_so(self):
        self.server.write("models/mart/total.sql", BROKEN)
        self.server.start()
        self.assertIn("raw.sales", self.server.wait_for(self.problems, "the problem")[0]["message"])

    def test_no_token_is_in_what_is_written(self):
        self.server.start("--verbose")
        self.server.lochan("run")
        self.server.write("models/mart/total.sql", BROKEN)
        self.server.wait_for(self.problems, "the problem")
        self.server.stop()
        for folder, _, names in os.walk(self.server.folder):
            for name in names:
                with open(os.path.join(folder, name), "rb") as file:
                    self.assertNotIn(serve.TOKEN.encode(), file.read(), os.path.join(folder, name))


class Managed(serve.ServeTest):
    """By systemd, or what does as if it were."""

    def setUp(self):
        super().setUp()
        self.manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.manager.bind(os.path.join(tempfile.mkdtemp(), "notify"))
        self.manager.settimeout(serve.PATIENCE)
        self.addCleanup(self.manager.close)

    def hear(self, wanted):
        heard = []
        while not heard or wanted not in heard[-1]:
            heard.append(self.manager.recv(4096).decode())
        return heard

    def test_it_is_told_of_readiness_reloads_and_the_end(self):
        self.server.start(NOTIFY_SOCKET=self.manager.getsockname())
        self.assertRegex(self.hear("READY=1")[-1], "STATUS=serving at http://127.0.0.1:")
        self.server.process.send_signal(signal.SIGHUP)
        heard = self.hear("RELOADING=1")[-1]
        self.assertRegex(heard, r"MONOTONIC_USEC=\d+")
        self.hear("READY=1")
        self.server.process.terminate()
        self.hear("STOPPING=1")
        self.assertEqual(self.server.process.wait(timeout=serve.PATIENCE), 0)

    def test_the_watchdog_is_petted_as_long_as_the_state_answers(self):
        self.server.start(NOTIFY_SOCKET=self.manager.getsockname(), WATCHDOG_USEC="400000")
        self.hear("WATCHDOG=1")
        self.hear("WATCHDOG=1")


class Ticking(serve.ServeTest):
    """With a schedule that is due all the time, and a model that can be made slow."""

    more = "serve: { token: ${LOCHAN_TOKEN:-} }\nschedules: [{ name: often, every: 1s }]"

    def runs(self):
        return self.server.get("/api/runs")[1]["runs"]

    def schedule(self):
        return self.server.get("/api/schedules")[1]["schedules"][0]

    def sales(self):
        code, output = self.server.lochan("query", "--output", "csv", "select sales from mart.total")
        return int(output.split()[1]) if code == 0 else None

    def make_slow(self):
        """A run that goes on for long after it began."""
        self.server.write("models/mart/slow.sql", "select sum(a.range * b.range) as n from range(1000000) a, range(60000) b\n")

    def wait_for_slow(self):
        return self.server.wait_for(lambda: [run for run in self.runs() if run["state"] == "running"], "a run that goes on")[0]

    def test_it_keeps_the_lake_fresh(self):
        self.server.start()
        self.server.wait_for(lambda: self.sales() == 10, "the first run")
        self.server.sell(5)
        self.server.wait_for(lambda: self.sales() == 15, "the second one")
        self.assertEqual((self.schedule()["schedule"], self.schedule()["paused"]), ("often", False))

    def test_a_schedule_is_paused_resumed_and_triggered(self):
        self.server.start()
        self.assertEqual(self.server.ask("POST", "/api/schedules/often/pause"), (200, {"schedule": "often", "paused": True}))
        self.server.wait_for(lambda: not self.schedule()["open"], "the end of what was going on")
        self.server.sell(3)
        status, tick = self.server.ask("POST", "/api/schedules/often/trigger")
        self.assertEqual((status, tick["by_hand"]), (202, True))
        self.server.wait_for(lambda: self.sales() == 13, "the run")
        self.assertEqual(self.server.ask("POST", "/api/schedules/often/resume")[1]["paused"], False)
        self.server.sell(2)
        self.server.wait_for(lambda: self.sales() == 15, "the next run")
        self.assertEqual(self.server.ask("POST", "/api/schedules/nowhere/pause")[0], 404)
        self.assertEqual(self.server.get("/api/schedules", token=None)[0], 401)

    def test_a_broken_project_stops_no_schedule(self):
        self.server.start()
        self.server.wait_for(lambda: self.sales() == 10, "the first run")
        self.server.write("models/mart/total.sql", BROKEN)
        self.server.wait_for(lambda: self.server.get("/ready")[1]["problems"], "the problem")
        before = max(run["publication"] or 0 for run in self.runs())
        self.server.sell(5)
        self.server.wait_for(lambda: max(run["publication"] or 0 for run in self.runs()) > before, "a run by what was served before")
        self.server.write("models/mart/total.sql", serve.MODEL)
        self.server.wait_for(lambda: self.sales() == 15, "the sound project")

    def test_a_run_is_cancelled(self):
        self.server.write("lochan.yaml", serve.PROJECT.format(more="serve: { token: ${LOCHAN_TOKEN:-} }\nschedules: [{ name: often, cron: '@yearly' }]"))
        self.make_slow()
        self.server.start()
        self.assertEqual(self.server.ask("POST", "/api/schedules/often/trigger")[0], 202)
        run = self.wait_for_slow()["run"]
        self.assertEqual(self.server.ask("POST", f"/api/runs/{run}/cancel", token="wrong")[0], 401)
        self.assertEqual(self.server.ask("POST", f"/api/runs/{run}/cancel"), (202, {"run": run, "state": "running", "cancelled": True}))
        ended = self.server.wait_for(lambda: [other for other in self.runs() if other["state"] != "running"], "its end")[0]
        self.assertEqual((ended["state"], ended["message"]), ("cancelled", "cancelled by the API"))
        self.assertEqual(self.server.ask("POST", f"/api/runs/{run}/cancel"), (200, {"run": run, "state": "cancelled", "cancelled": True}))
        self.assertEqual(self.server.ask("POST", "/api/runs/99/cancel")[0], 404)
        self.assertEqual(self.server.get(f"/api/runs/{run}/cancel")[0], 405)

    def test_a_run_that_had_ended_is_not_cancelled(self):
        self.server.start()
        self.server.wait_for(lambda: self.sales() == 10, "the first run")
        status, document = self.server.ask("POST", "/api/runs/1/cancel")
        self.assertEqual((status, document["error"]["message"]), (409, "run 1 had ended: succeeded"))

    def test_a_dead_run_is_not_cancelled(self):
        self.make_slow()
        self.server.start()
        run = self.wait_for_slow()
        self.server.ask("POST", "/api/schedules/often/pause")
        self.server.kill_runs()
        def is_told():
            status, document = self.server.ask("POST", f"/api/runs/{run['run']}/cancel")
            return status == 409 and document["error"]["message"] == f"run {run['run']} had ended: dead"
        self.server.wait_for(is_told, "its end")

    def test_a_run_outlives_the_server_and_is_found_again(self):
        self.make_slow()
        port = serve.free_port()
        self.server.start(port=port)
        run = self.wait_for_slow()
        for number in (signal.SIGKILL, signal.SIGTERM):
            self.server.stop(number)
            self.server.start(port=port)  # its runs don't hold it
            self.assertEqual([other["run"] for other in self.runs() if other["state"] == "running"], [run["run"]])
        self.assertEqual([tick["run"] for tick in self.schedule()["open"] if tick["state"] == "running"], [run["run"]])
        self.server.stop()
        self.server.start("--stop-runs")
        self.assertEqual(self.server.stop(), 0)
        history = json.loads(self.server.lochan("history", "--runs", "--output", "json")[1])
        self.assertEqual([other["state"] for other in history["runs"] if other["run"] == run["run"]], ["cancelled"])


if __name__ == "__main__":
    unittest.main(verbosity=2)
