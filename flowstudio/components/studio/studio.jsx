// The editor of one workflow, and the read-only view of one execution.
import { useCallback, useContext, useEffect, useMemo, useRef, useState, useSyncExternalStore } from "react";
import { ReactFlowProvider } from "@xyflow/react";
import { toast } from "sonner";
import { ColorModeContext } from "$/utils/context-registry";
import { SetupChecklist } from "../templates/checklist.jsx";
import { t } from "../texts/texts.js";
import { get, post } from "./api.js";
import { Canvas } from "./canvas.jsx";
import { loadCatalogue } from "./catalogue.js";
import { ChatPanel, useChat } from "./chat.jsx";
import { useDebug } from "./debug.jsx";
import { WorkflowStore } from "./document.js";
import { ExecutionBar, ExecutionNotice, useExists, versions } from "./execution.jsx";
import { FailureBanner } from "./failure.jsx";
import { focusField } from "./fields.jsx";
import { ListeningBar, isWebhook, useListening } from "./listening.jsx";
import { RunLog } from "./log.jsx";
import { NodePanel } from "./panel.jsx";
import { RunStore, useStaleMarks } from "./runs.js";
import { earlier, toRun } from "./sources.js";
import { StudioContext } from "./step.jsx";
import { useRunTitle } from "./title.js";
import { EditorBar, EndedBar } from "./topbar.jsx";
import { VisitedBanner } from "./visited.jsx";
import { keepWatched, watched } from "./watched.js";
import { person, useWorkflow } from "./workflow.js";
import "./studio.css";

/** What the page shows, fetched once: the workflow, or the execution with the document it ran. */
function useSubject(workflowId, executionId) {
  const [subject, setSubject] = useState(null);
  const [failure, setFailure] = useState(null);
  useEffect(() => {
    if (!workflowId && !executionId) return undefined;
    let gone = false;
    const path = executionId ? `/executions/${encodeURIComponent(executionId)}/` : `/workflows/${encodeURIComponent(workflowId)}/`;
    const running = executionId ? null : watched(workflowId);
    const run = running && get(`/executions/${running}/`).catch(() => null);
    Promise.all([loadCatalogue(), get(path), executionId ? null : person(), run]).then(([catalogue, answer, me, watching]) => {
      if (gone) return;
      const store = new WorkflowStore(catalogue);
      const runs = new RunStore();
      const source = executionId ? answer.execution : answer;
      store.load(source.document, source.ports, source.version);
      if (executionId || watching) runs.follow((watching ?? answer).execution);
      setSubject({ catalogue, store, runs, answer, me });
    }).catch((error) => !gone && setFailure(error.status === 404 ? t(executionId ? "execution.missing" : "editor.missing") : error.message));
    return () => { gone = true; };
  }, [workflowId, executionId]);
  useEffect(() => () => subject?.runs.close(), [subject]);
  return [subject, failure];
}

export function Studio({ workflowId, executionId, mayEdit, mayRun, mayAdmin }) {
  const [subject, failure] = useSubject(workflowId, executionId);
  if (failure) return <div className="fs-center" role="alert"><p>{failure}</p><a className="fs-button" href={executionId ? "/executions" : "/"}>{t(executionId ? "execution.back" : "editor.back")}</a></div>;
  if (!subject) return <div className="fs-center" role="status">{t("app.loading")}</div>;
  const Mode = executionId ? Execution : Editor;
  return (
    <ReactFlowProvider key={executionId || workflowId}>
      <Mode {...subject} mayEdit={mayEdit} mayRun={mayRun} mayAdmin={mayAdmin} />
    </ReactFlowProvider>
  );
}

const NO_PROBLEMS = [];

function Editor({ catalogue, store, runs, answer, me, mayEdit: allowed, mayRun, mayAdmin }) {
  const { workflow, learn, problems, setProblems, sync, ended, mayEdit } = useWorkflow({ store, answer, me, mayEdit: allowed });
  const [trigger, setTrigger] = useState(null);
  const nodes = useSyncExternalStore(store.subscribe, () => store.snapshot.nodes);
  const triggers = useMemo(() => startNodes(nodes, catalogue), [nodes, catalogue]);
  const chosen = triggers.some((node) => node.id === trigger) ? trigger : triggers[0]?.id;

  useStaleMarks(store, runs);
  useEffect(() => keepWatched(answer.id, runs), [answer.id, runs]);
  const question = useDebug({ store, runs, workflow: answer.id, mayEdit });

  const follow = useCallback((execution) => {
    runs.clear();
    runs.follow({ status: "running", ...execution });
  }, [runs]);
  const { addresses, start: startListening, stop: stopListening } = useListening(answer.id, useCallback((id) => follow({ id }), [follow]));
  const starting = useRef(false);
  /** Save what is open, then start; says what keeps it from starting. */
  const begin = useCallback(async (start, whole = true) => {
    if (!mayRun || starting.current || runs.active) return;
    if (whole && !chosen) return void toast.error(t("editor.no_trigger"));
    starting.current = true;
    try {
      if (!(await sync.flush())) throw new Error(t("editing.not_saved_yet"));
      await start();
    } catch (error) {
      if (error.code === "invalid_workflow" && Array.isArray(error.detail)) setProblems(error.detail);
      toast.error(error.message);
    } finally {
      starting.current = false;
    }
  }, [mayRun, runs, sync, chosen, setProblems]);
  /** Save what is open before a chat message goes out; what keeps it from running is shown. */
  const ready = useCallback(async () => {
    if (!(await sync.flush())) throw new Error(t("editing.not_saved_yet"));
  }, [sync]);
  const chat = useChat({ workflow: answer.id, runs, ready, follow });
  const talks = mayRun && !ended && triggers.some((node) => node.data.type === "when-chat-received");
  const { setOpen: openChat } = chat;
  const talk = useCallback(() => {
    if (talks) openChat((open) => !open);
    else if (mayRun) toast(t("chat.no_trigger"));
  }, [talks, mayRun, openChat]);
  const execute = useCallback(() => begin(async () => {
    const { execution } = await post(`/workflows/${encodeURIComponent(answer.id)}/execute/`, { wait: false, pinned: true, trigger_node: chosen });
    follow(execution);
  }), [begin, answer, chosen, follow]);
  /** Go on from a step of the shown execution, with the workflow as it is now. */
  const retryFrom = useCallback((node) => begin(async () => {
    const { execution } = await post(`/executions/${encodeURIComponent(runs.execution.id)}/retry/`, { version: "current", ...(node && { from_node: node }) });
    follow(execution);
  }), [begin, runs, follow]);
  const start = triggers.find((node) => node.id === chosen);
  const listens = isWebhook(start) && !start.data.pinned;
  const run = useCallback(() => (listens ? begin(startListening) : execute()), [listens, begin, startListening, execute]);
  /** Run the whole, up to a step (`until`), or a step (`node`) with the data of an execution; `onward` also what follows it. */
  const startPart = useCallback(({ until, node, execution, onward = false } = {}) => {
    const path = `/workflows/${encodeURIComponent(answer.id)}`;
    if (!until && !node) return run();
    const from = leading(store, triggers, chosen, until ?? node);
    if (!execution && isWebhook(store.node(from)) && toRun(store.snapshot.edges, until ?? node, (id) => Boolean(store.node(id)?.data.pinned)).has(from) && !store.node(from).data.pinned) {
      setTrigger(from);
      return begin(async () => {
        await startListening();
        if (from !== node) toast(t("listening.for_step", { label: store.label(store.node(until ?? node)) }), { duration: 10_000 });
      }, false);
    }
    return begin(async () => {
      const started = node
        ? await post(`${path}/execute_node/`, { node_id: node, execution_id: execution ?? null, onward, wait: false })
        : await post(`${path}/execute/`, { wait: false, pinned: true, until, trigger_node: from });
      follow(started.execution);
    }, false);
  }, [answer, store, triggers, chosen, run, begin, follow, startListening]);
  const runEmpty = useCallback(async () => {
    await stopListening();
    await execute();
  }, [stopListening, execute]);

  return (
    <Frame
      catalogue={catalogue} store={store} runs={runs} problems={problems} workflowId={answer.id} mayEdit={mayEdit} mayRun={mayRun} mayAdmin={mayAdmin}
      onRun={run} onRetry={retryFrom} talk={talk}
      beside={talks && chat.open ? ({ open, opened }) => <ChatPanel key={chat.session} chat={chat} store={store} onOpen={open} inert={opened} /> : null} start={mayRun ? startPart : undefined} aside={mayEdit && <SetupChecklist active={workflow.active} />}
      bar={({ open, stop, dark }) => (
        <EditorBar
          store={store} workflow={workflow} learn={learn} sync={sync} runs={runs} mayEdit={mayEdit} mayRun={mayRun && !ended} problems={problems}
          triggers={triggers} trigger={chosen} setTrigger={setTrigger} onRun={run} onStop={stop} onOpen={open} dark={dark}
          listens={listens} listening={Boolean(addresses)} talk={talks ? talk : null} talking={chat.open}
        />
      )}
      notice={<>
        {ended ? <EndedBar sync={sync} workflow={workflow} mayEdit={allowed} /> : question}
        {!ended && addresses && (
          <ListeningBar
            addresses={addresses.filter(({ node }) => node === chosen)} onRun={runEmpty} onStop={stopListening}
            guarded={(start?.data.properties?.authentication ?? "none") !== "none"}
          />
        )}
      </>} />
  );
}

function Execution({ catalogue, store, runs, mayEdit, mayRun }) {
  const { id, workflow_id: workflow } = runs.execution;
  const exists = useExists(workflow);
  const choices = useCallback((node) => versions(id, exists, node), [id, exists]);
  return <Frame catalogue={catalogue} store={store} runs={runs} problems={NO_PROBLEMS} mayEdit={false} mayRun={mayRun} choices={choices}
    bar={({ stop }) => <ExecutionBar runs={runs} exists={exists} mayEdit={mayEdit} mayRun={mayRun} onStop={stop} />} />;
}

/** Manual triggers first: they are what a person means by "execute". */
function startNodes(nodes, catalogue) {
  const found = nodes.filter((node) => catalogue.type(node.data.type).trigger && !node.data.disabled);
  return found.sort((a, b) => Number(b.data.type === "manual-trigger") - Number(a.data.type === "manual-trigger"));
}

/** The trigger to start from to get to a step: the chosen one if it leads there. */
function leading(store, triggers, chosen, id) {
  const before = new Set([id, ...earlier(store.snapshot.edges, id).map((source) => source.id)]);
  const able = triggers.filter((trigger) => before.has(trigger.id)).map((trigger) => trigger.id);
  return able.includes(chosen) ? chosen : able[0] ?? null;
}

function Frame({ catalogue, store, runs, problems, workflowId, mayEdit, mayRun, mayAdmin, bar, notice, aside, beside, onRun, onRetry, choices, start, talk }) {
  const { resolvedColorMode } = useContext(ColorModeContext);
  const dark = resolvedColorMode === "dark";
  const [open, setOpen] = useState(null);
  const [fresh, setFresh] = useState(null); // a step that was just added: nobody has had the time to fill it in, so it is not blamed yet
  useRunTitle(runs, store);

  /** Open a step; `place` says which parameter to show, {field: path}, or that the step is new, {fresh: true}. */
  const openNode = useCallback((id, place) => {
    setOpen(id);
    setFresh(place?.fresh ? id : null);
    if (place?.field) focusField(id, place.field);
  }, []);
  const close = useCallback(() => openNode(null), [openNode]);
  const begin = useMemo(() => start && ((...asked) => {
    setFresh(null);
    return start(...asked);
  }), [start]);
  const gone = useSyncExternalStore(store.subscribe, () => open !== null && !store.node(open));
  useEffect(() => {
    if (!gone) return;
    setOpen(null);
    toast(t("editing.step_gone"));
  }, [gone]);
  const stop = useCallback(async () => {
    try {
      await runs.cancel();
    } catch (error) {
      toast.error(error.message);
    }
  }, [runs]);
  const told = useMemo(() => (fresh ? problems.filter(({ node }) => node !== fresh) : problems), [problems, fresh]);
  const context = useMemo(() => ({
    catalogue, store, runs, workflowId, start: begin, talk, mayEdit, mayRun, mayAdmin, open: openNode,
    problems: byNode(told),
    faults: told,
    portsOf: (id) => store.node(id)?.ports ?? { inputs: [], outputs: [] },
  }), [catalogue, store, runs, told, workflowId, begin, talk, mayEdit, mayRun, mayAdmin, openNode]);

  return (
    <StudioContext.Provider value={context}>
      <div className="fs-studio">
        {bar({ open: openNode, stop, dark })}
        {notice}
        <ExecutionNotice runs={runs} store={store} />
        <div hidden={Boolean(open)}><FailureBanner store={store} runs={runs} opened={open} mayRun={mayRun} onOpen={openNode} onRetry={onRetry} /></div>
        {!open && <VisitedBanner />}
        <div className="fs-stage">
          {aside && <div className="fs-aside" inert={Boolean(open)}>{aside}</div>}
          <div className="fs-work" inert={Boolean(open)}>
            <Canvas store={store} catalogue={catalogue} mayEdit={mayEdit} dark={dark} opened={open} onOpen={openNode} onRun={onRun} />
            <RunLog store={store} runs={runs} covered={Boolean(open)} mayRun={mayRun} onOpen={openNode} onRetry={onRetry} choices={choices} />
          </div>
          {beside?.({ open: openNode, opened: Boolean(open) })}
          {open && <NodePanel id={open} dark={dark} onOpen={openNode} onClose={close} />}
        </div>
      </div>
    </StudioContext.Provider>
  );
}

function byNode(problems) {
  const found = new Map();
  for (const { node, message } of problems) if (node) found.set(node, [...(found.get(node) ?? []), message]);
  return found;
}
