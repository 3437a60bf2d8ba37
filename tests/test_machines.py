"""The examples for clusters say to each machine who all are: run here, with what a cluster has made up."""

import json
import os
import subprocess
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[1] / "examples" / "machines"


def told(script: str, **environment: str) -> dict:
    """Returns what `TF_CONFIG` is where a shell would start Python, and checks the command itself."""
    stubs = """
        pip() { :; }
        python() { printf '%s\\n%s\\n' "$TF_CONFIG" "$*"; }
        scontrol() { [ "$1" = show ] && printf 'node07\\nnode12\\nnode31\\n'; }
        srun() { shift; "$@"; }
        export -f pip python
    """
    done = subprocess.run(
        ["bash", "-euc", stubs + script],
        env={"PATH": os.environ["PATH"], **environment},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    *config, command = done.stdout.strip().splitlines()
    assert command.startswith("-m zoo.recipes.sentiment ") and "--strategy workers" in command
    return json.loads("\n".join(config))


def test_a_job_of_kubernetes_tells_each_pod_its_place():
    yaml = pytest.importorskip("yaml", reason="needs PyYAML, which mkdocs brings")
    service, _, job = yaml.safe_load_all((FOLDER / "kubernetes.yaml").read_text())
    pods = job["spec"]["template"]["spec"]
    (worker,) = pods["containers"]
    (port,) = (each["port"] for each in service["spec"]["ports"])
    (workers,) = (each["value"] for each in worker["env"] if each["name"] == "WORKERS")
    assert job["spec"]["completions"] == job["spec"]["parallelism"] == int(workers)
    assert job["spec"]["completionMode"] == "Indexed"
    assert service["spec"]["selector"] == {"job-name": job["metadata"]["name"]}
    names = [f"{job['metadata']['name']}-{number}.{pods['subdomain']}" for number in range(int(workers))]
    assert pods["subdomain"] == service["metadata"]["name"]
    for index in range(int(workers)):
        config = told(worker["args"][0], WORKERS=workers, JOB_COMPLETION_INDEX=str(index))
        assert config["cluster"] == {"worker": [f"{name}:{port}" for name in names]}
        assert config["task"] == {"type": "worker", "index": index}


def test_a_job_of_slurm_ends_as_its_command_does():
    stubs = """
        scontrol() { [ "$1" = show ] && echo node1 || echo "$@" >&2; }
        srun() { return "$FAILS"; }
    """
    script = stubs + (FOLDER / "slurm.sh").read_text()
    for fails, restarts, requeued in (("0", "0", 0), ("2", "", 1), ("143", "4", 1), ("143", "5", 0)):
        place = {"SLURM_JOB_ID": "7", "SLURM_JOB_NODELIST": "node1", "SLURM_RESTART_COUNT": restarts}
        done = subprocess.run(
            ["bash", "-c", script],
            env={"PATH": os.environ["PATH"], "FAILS": fails, **place},
            capture_output=True,
            text=True,
        )
        assert done.returncode == int(fails)
        assert done.stderr.count("requeue 7") == requeued


def test_slurm_tells_each_machine_its_place():
    script = (FOLDER / "slurm.sh").read_text()
    for index in range(3):
        place = {"SLURM_JOB_ID": "60123", "SLURM_JOB_NODELIST": "node[07,12,31]", "SLURM_PROCID": str(index)}
        config = told(script, **place)
        assert config["cluster"] == {"worker": [f"node{number}:20123" for number in ("07", "12", "31")]}
        assert config["task"] == {"type": "worker", "index": index}
