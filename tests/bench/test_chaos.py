"""A short form of `make chaos`: killed, frozen and cut off processes and a crashed database lose nothing and repeat nothing."""

from __future__ import annotations

from pathlib import Path

from bench.chaos import SHORT, Chaos
from bench.house import Process
from bench.turmoil import Counter


def test_a_step_that_is_called_after_it_had_finished_is_found(tmp_path: Path) -> None:
    chaos = Chaos(SHORT, tmp_path, tmp_path)
    frozen = Process("worker-1", "worker", tmp_path, {}, absent={"worker-1.1": [(90.0, 110.0)]})
    chaos.processes.append(frozen)
    chaos.counter = Counter()
    run = ("1", "a", ())
    chaos.counter.note(99.0, "/note/worker-2.1/7", "1/a/0")
    chaos._check_calls({run: [100.0]}, {})
    assert (chaos.seen.wrong, chaos.seen.zombies) == ([], 0)
    chaos.counter.note(
        111.0, "/note/worker-1.1/7", "1/a/0"
    )  # the last words of one that had been frozen since before
    chaos._check_calls({run: [100.0]}, {})
    assert (chaos.seen.wrong, chaos.seen.zombies) == ([], 1)
    chaos.counter.note(111.0, "/note/worker-2.1/7", "1/a/0")
    chaos._check_calls({run: [100.0]}, {})
    assert len(chaos.seen.wrong) == 1
