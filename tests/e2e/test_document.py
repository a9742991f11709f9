"""The document of the canvas: whatever is edited can be undone and redone, exactly."""

from __future__ import annotations

import json
import shutil
import subprocess
import sysconfig
from pathlib import Path

import pytest

from flowstudio import frontend

SCRIPT = """
const { WorkflowStore } = await import(process.argv[1]);
let seed = Number(process.argv[2]);
const random = (n) => { seed = (seed * 1103515245 + 12345) % 2147483648; return Math.floor((seed / 2147483648) * n); };
const types = { a: { label: "Alpha" }, b: { label: "Beta" } };
const catalogue = {
  type: (slug) => types[slug],
  ports: () => ({ inputs: [{ id: "main" }], outputs: [{ id: "main" }, { id: "other" }] }),
};
const store = new WorkflowStore(catalogue);
store.load({ name: "Start", nodes: [{ id: "1", type: "a", position: { x: 0, y: 0 }, data: {} }], edges: [], tags: ["x"] });
const state = () => {
  const document = store.document();
  document.nodes.sort((p, q) => (p.id < q.id ? -1 : 1));
  document.edges.sort((p, q) => (p.id < q.id ? -1 : 1));
  return JSON.stringify(document);
};
const pick = (list) => list[random(list.length)];
const edits = {
  add: () => store.addNode(pick(["a", "b"]), { x: random(900), y: random(900) }, random(2) ? { from: pick(store.nodes)?.id } : {}),
  connect: () => store.nodes.length > 1 && store.connect({ source: pick(store.nodes).id, target: pick(store.nodes).id, sourceHandle: pick([null, "other"]), targetHandle: null }),
  remove: () => store.nodes.length > 1 && store.remove([pick(store.nodes).id], store.edges.length ? [pick(store.edges).id] : []),
  move: () => { const node = pick(store.nodes); store.move({ [node.id]: { x: random(900), y: random(900) } }, { [node.id]: node.position }); },
  set: () => store.set(pick(store.nodes).id, { properties: { value: random(100) } }),
  disable: () => store.set(pick(store.nodes).id, { disabled: random(2) === 1 }),
  rename: () => store.rename(`Name ${random(100)}`),
  paste: () => { store.selectAll(); if (store.nodes.length < 20) store.paste(store.selection()); },
};
const names = Object.keys(edits);
const states = [state()];
const steps = [0];
for (let i = 0; i < 60; i++) {
  edits[pick(names)]();
  const depth = store.history.undo.length;
  if (depth > steps[steps.length - 1]) { steps.push(depth); states.push(state()); } else { states[states.length - 1] = state(); }
}
const faults = [];
for (let i = states.length - 2; i >= 0; i--) { store.undo(); if (state() !== states[i]) faults.push(`undo to ${i}`); }
for (let i = 1; i < states.length; i++) { store.redo(); if (state() !== states[i]) faults.push(`redo to ${i}`); }
const labels = store.nodes.map((node) => store.label(node));
const doubled = labels.filter((label, index) => labels.indexOf(label) !== index);
const dangling = store.edges.filter((edge) => !store.node(edge.source) || !store.node(edge.target)).length;
console.log(JSON.stringify({ faults, edits: states.length, dangling, doubled }));
"""


def play(seed: int) -> dict[str, object]:
    """Edit at random, then travel to the beginning and back."""
    node = shutil.which("node", path=sysconfig.get_path("scripts"))
    assert node is not None
    module = frontend.CHECKOUT / ".web" / "flowstudio" / "studio" / "document.js"
    done = subprocess.run(
        [node, "--input-type=module", "-e", SCRIPT, module.as_uri(), str(seed)],
        cwd=Path(module).parent,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    result: dict[str, object] = json.loads(done.stdout)
    return result


@pytest.mark.parametrize("seed", range(1, 7))
def test_undo_and_redo_reach_every_state_again(built: None, seed: int) -> None:
    result = play(seed)
    assert result["faults"] == []
    assert result["dangling"] == 0
    assert result["doubled"] == []
    assert int(str(result["edits"])) > 20
