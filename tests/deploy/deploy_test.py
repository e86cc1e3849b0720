"""deploy/: each command of the Dockerfile and the compose file is there, every library has its package, the unit is sound."""

import os
import re
import shutil
import subprocess
import tempfile
import time
import unittest

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
LOCHAN = os.path.abspath(os.environ.get("LOCHAN_BIN", "build/release/lochan"))
PATIENCE = 120


def text(name):
    with open(os.path.join(ROOT, name), encoding="utf-8") as file:
        return file.read()


class Image(unittest.TestCase):
    def test_every_library_has_its_package(self):
        if not shutil.which("dpkg") or not shutil.which("readelf"):
            self.skipTest("Debian's packages are known to dpkg only")
        installed = set(re.search(r"install -y --no-install-recommends (ca-certificates.*?)&&", text("deploy/Dockerfile"), re.S)[1].replace("\\", "").split())
        libraries = re.findall(r"NEEDED.*\[(.*)\]", subprocess.run(["readelf", "-d", LOCHAN], capture_output=True, text=True, check=True).stdout)
        places = dict(re.findall(r"^\s*(\S+) => (/\S+)", subprocess.run(["ldd", LOCHAN], capture_output=True, text=True, check=True).stdout, re.M))
        for library in libraries:
            if library.startswith(("libduckdb", "ld-linux", "libc.", "libm.", "libgcc_s", "libpthread", "libasan", "libubsan", "libtsan")):
                continue  # beside the program, or in every Debian; sanitizers are no part of an image
            owner = subprocess.run(["dpkg", "-S", os.path.realpath(places[library])], capture_output=True, text=True, check=False).stdout
            if not owner:  # where /lib is /usr/lib, dpkg may know it by the other name
                owner = subprocess.run(["dpkg", "-S", os.path.basename(os.path.realpath(places[library]))], capture_output=True, text=True, check=True).stdout
            self.assertIn(owner.split(":")[0], installed, library)

    def test_what_it_copies_is_there(self):
        for source in re.findall(r"^COPY (deploy/\S+)", text("deploy/Dockerfile"), re.M):
            self.assertTrue(os.access(os.path.join(ROOT, source), os.X_OK), source)

    def test_the_example_becomes_the_project_of_the_image(self):
        """The commands of the RUN line, and then a server that the image's own health check finds ready."""
        folder = tempfile.mkdtemp(prefix="lochan-deploy-")
        self.addCleanup(shutil.rmtree, folder, ignore_errors=True)
        command = re.search(r"^RUN (lochan init .*?)\n[A-Z]", text("deploy/Dockerfile"), re.S | re.M)[1].replace("\\\n", " ")
        environment = dict(os.environ, PATH=os.path.dirname(LOCHAN) + ":" + os.environ["PATH"], LOCHAN_TOKEN="exotic-fruit",
                           WAREHOUSE_URL="postgresql://postgres@127.0.0.1:1/dwh")
        subprocess.run(command, shell=True, cwd=folder, env=environment, check=True, capture_output=True)
        project = os.path.join(folder, "shop")
        # Nothing is due: the shops' databases aren't there.
        paused = re.sub(r"^  - \{ name: (\w+),", r"  - { name: \1, paused: true,", text("examples/fruit_shop/lochan.yaml").replace("# dwh:", "dwh:"), flags=re.M)
        with open(os.path.join(project, "lochan.yaml"), "w", encoding="utf-8") as file:
            file.write(paused)
        serve = re.search(r'^CMD \["lochan", (.*)\]', text("deploy/Dockerfile"), re.M)[1].replace('"', "").split(", ")
        server = subprocess.Popen([LOCHAN, *serve, "--port", "0"], cwd=project, env=environment, stderr=subprocess.PIPE, text=True)
        self.addCleanup(lambda: (server.kill(), server.wait(), server.stderr.close()))
        place = os.path.join(project, ".lochan/serve.json")
        deadline = time.monotonic() + PATIENCE
        while not os.path.exists(place):
            self.assertIsNone(server.poll(), server.poll() is not None and server.stderr.read())
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.05)
        with open(place, encoding="utf-8") as file:
            port = re.search(r":(\d+)\"", file.read())[1]
        healthy = [os.path.join(ROOT, "deploy/healthy.sh")]
        subprocess.run(healthy, env=dict(environment, LOCHAN_PORT=port), check=True, timeout=PATIENCE)
        server.terminate()
        self.assertEqual(server.wait(timeout=PATIENCE), 0)
        self.assertNotEqual(subprocess.run(healthy, env=dict(environment, LOCHAN_PORT=port), capture_output=True, check=False, timeout=PATIENCE).returncode, 0)


class Compose(unittest.TestCase):
    def setUp(self):
        try:
            import yaml
        except ImportError:
            self.skipTest("there is no PyYAML")
        self.document = yaml.safe_load(text("deploy/compose.yaml"))

    def test_each_service_waits_for_and_keeps_what_is_there(self):
        services = self.document["services"]
        self.assertEqual(sorted(services), ["branch_1", "branch_2", "lochan", "simulator", "warehouse"])
        for name, service in services.items():
            for other, condition in service.get("depends_on", {}).items():
                self.assertEqual(condition, {"condition": "service_healthy"}, name)
                self.assertIn("healthcheck", services[other], name)
            for volume in service.get("volumes", []):
                self.assertIn(volume.split(":")[0], self.document["volumes"], name)
        kept = {volume.split(":")[1] for volume in services["lochan"]["volumes"]}
        self.assertEqual(kept, {"/home/lochan/shop/lake", "/home/lochan/shop/.lochan"})
        self.assertEqual(services["lochan"]["healthcheck"]["test"], ["CMD", "healthy.sh"])

    def test_every_variable_has_a_value(self):
        for name, default in re.findall(r"(?<!\$)\$\{(\w+)([^}]*)\}", text("deploy/compose.yaml")):
            self.assertTrue(default.startswith(":-") and len(default) > 2, name)


class Unit(unittest.TestCase):
    def test_systemd_can_read_it(self):
        if not shutil.which("systemd-analyze"):
            self.skipTest("systemd isn't installed")
        folder = tempfile.mkdtemp(prefix="lochan-unit-")
        self.addCleanup(shutil.rmtree, folder, ignore_errors=True)
        unit = os.path.join(folder, "lochan.service")
        with open(unit, "w", encoding="utf-8") as file:
            file.write(text("deploy/lochan.service").replace("/opt/lochan/lochan", LOCHAN).replace("User=lochan\n", ""))
        done = subprocess.run(["systemd-analyze", "verify", "--man=no", unit], capture_output=True, text=True, check=False)
        said = [line for line in done.stderr.splitlines() if "lochan.service" in line]
        self.assertEqual(said, [])


if __name__ == "__main__":
    unittest.main(verbosity=2)
