// The run that this window watches. It is shown again when the page is made anew meanwhile, as after a restart of the server.
const KEY = "flowstudio.watched";

/** The execution of a workflow that was watched here and had not ended. */
export function watched(workflow) {
  const [of, execution] = (sessionStorage.getItem(KEY) ?? "").split(" ");
  return of === workflow ? execution : null;
}

/** Keep what is watched in mind, until it has ended. Gives how to stop. */
export function keepWatched(workflow, runs) {
  return runs.subscribe(() => {
    if (runs.active) sessionStorage.setItem(KEY, `${workflow} ${runs.execution.id}`);
    else if (watched(workflow)) sessionStorage.removeItem(KEY);
  });
}
