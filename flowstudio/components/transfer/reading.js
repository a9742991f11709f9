// Reading workflow files: what was found in each, and what could not be read.

export const LARGEST = 8 * 1024 * 1024;

/** `{found: [{key, source, document, format, remarks}], failures: [{source, message}]}` of several sources; `read` asks the server. */
export async function readAll(sources, read) {
  const found = [];
  const failures = [];
  for (const { name, load } of sources) {
    try {
      const { documents } = await read(await load());
      documents.forEach((entry, index) => found.push({ key: `${found.length}:${index}`, source: name, ...entry }));
    } catch (error) {
      failures.push({ source: name, message: error.message });
    }
  }
  return { found, failures };
}

/** Files as sources. `tooLarge` is what is said of a file that the server would refuse. */
export function fromFiles(files, tooLarge) {
  return [...files].map((file) => ({
    name: file.name,
    load: async () => {
      if (file.size > LARGEST) throw new Error(tooLarge);
      return { text: await file.text() };
    },
  }));
}

/** How many steps a document has; notes are none. */
export const stepsOf = (document) => (document.nodes ?? []).filter((node) => node.type !== "sticky-note").length;
